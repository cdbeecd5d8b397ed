// Package clusterchecks hands what the Cluster Agent has resolved to the node Agents that ask, as the Agent's
// pkg/clusteragent/clusterchecks does. This is the one place where values leave the process, and it needs the token.
package clusterchecks

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"enc-operator.io/e2e/agent/internal/autodiscovery"
)

// Paths below which a node asks, by its name.
const (
	clusterPath   = "/api/v1/clusterchecks/configs/"
	endpointsPath = "/api/v1/endpointschecks/configs/"
)

// nodeExpiration is how long a node that no longer asks keeps its checks, cluster_checks.node_expiration_timeout.
const nodeExpiration = 30 * time.Second

// Dispatcher assigns cluster checks to the nodes that ask for them.
type Dispatcher struct {
	token     string
	scheduled func() []autodiscovery.Resolution
	now       func() time.Time

	lock     sync.Mutex
	seen     map[string]time.Time
	assigned map[string]string // digest, node
}

// NewDispatcher returns a Dispatcher of what scheduled returns. An empty token lets nobody in.
func NewDispatcher(token string, scheduled func() []autodiscovery.Resolution) *Dispatcher {
	return &Dispatcher{
		token: token, scheduled: scheduled, now: time.Now, seen: map[string]time.Time{}, assigned: map[string]string{},
	}
}

type answer struct {
	Configs []autodiscovery.Config `json:"configs"`
}

// Handler serves the nodes.
func (d *Dispatcher) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+clusterPath+"{node}", d.guarded(d.forNode))
	mux.HandleFunc("GET "+endpointsPath+"{node}", d.guarded(d.forEndpoints))
	return mux
}

func (d *Dispatcher) guarded(configs func(node string) []autodiscovery.Config) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		offered := []byte(r.Header.Get("Authorization"))
		if d.token == "" || subtle.ConstantTimeCompare(offered, []byte("Bearer "+d.token)) != 1 {
			http.Error(w, "invalid session token", http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer{configs(r.PathValue("node"))}) // the node went away
	}
}

// forNode returns a node's cluster checks. One that is assigned stays where it is while its node asks.
func (d *Dispatcher) forNode(node string) []autodiscovery.Config {
	d.lock.Lock()
	defer d.lock.Unlock()
	d.seen[node] = d.now()
	for name, last := range d.seen {
		if d.now().Sub(last) > nodeExpiration {
			delete(d.seen, name)
		}
	}
	current, load := map[string]string{}, map[string]int{}
	var configs []autodiscovery.Config
	checks := d.clusterChecks()
	for _, config := range checks {
		digest := config.Digest()
		if holder := d.assigned[digest]; d.alive(holder) {
			current[digest] = holder
			load[holder]++
		}
	}
	for _, config := range checks {
		digest := config.Digest()
		if current[digest] == "" {
			current[digest] = d.leastBusy(load)
			load[current[digest]]++
		}
		if current[digest] == node {
			configs = append(configs, patched(config))
		}
	}
	d.assigned = current
	return configs
}

func (d *Dispatcher) alive(node string) bool {
	_, seen := d.seen[node]
	return seen
}

func (d *Dispatcher) leastBusy(load map[string]int) string {
	best := ""
	for node := range d.seen {
		if best == "" || load[node] < load[best] || (load[node] == load[best] && node < best) {
			best = node
		}
	}
	return best
}

func (d *Dispatcher) clusterChecks() []autodiscovery.Config {
	var configs []autodiscovery.Config
	for _, resolution := range d.scheduled() {
		if resolution.Scheduled && resolution.Config.ClusterCheck && resolution.Config.NodeName == "" {
			configs = append(configs, carrying(resolution))
		}
	}
	return configs
}

// forEndpoints returns the checks of endpoints whose pods run on a node. They stay templates: the node matches them with
// the pod, and resolves again (patchEndpointsConfiguration keeps the identifiers).
func (d *Dispatcher) forEndpoints(node string) []autodiscovery.Config {
	var configs []autodiscovery.Config
	for _, resolution := range d.scheduled() {
		if resolution.Scheduled && resolution.Config.ClusterCheck && resolution.Config.NodeName == node {
			config := carrying(resolution)
			config.ClusterCheck = false
			configs = append(configs, config)
		}
	}
	return configs
}

// carrying notes in the source what kind of object a configuration was for before it was dispatched.
func carrying(resolution autodiscovery.Resolution) autodiscovery.Config {
	config := resolution.Config
	config.Source = resolution.Source
	config.Source.Kind, config.Source.Key = "dispatched", resolution.Source.Kind
	return config
}

// patched makes a plain configuration for a node out of a cluster check (dispatcher_configs.go, patchConfiguration).
func patched(config autodiscovery.Config) autodiscovery.Config {
	config.ADIdentifiers, config.ClusterCheck = nil, false
	instances := make([][]byte, 0, len(config.Instances))
	for _, instance := range config.Instances {
		instances = append(instances, withoutHostname(instance))
	}
	config.Instances = instances
	return config
}

func withoutHostname(instance []byte) []byte {
	var tree map[string]any
	if yaml.Unmarshal(instance, &tree) != nil || tree == nil {
		return instance
	}
	tree["empty_default_hostname"] = true
	encoded, err := yaml.Marshal(tree)
	if err != nil {
		return instance
	}
	return encoded
}
