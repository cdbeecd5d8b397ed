// Package autodiscovery finds configurations in annotations and files, matches templates with live services, and has
// their secrets resolved, as the Agent's comp/core/autodiscovery does. It talks to no API and no kubelet.
package autodiscovery

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"enc-operator.io/e2e/agent/internal/secrets"
)

// Providers, by the Agent's names. The provider decides how logs are parsed and what an empty check_names drops.
const (
	FromFile            = "file"
	FromContainer       = "kubernetes-container-allinone"
	FromServices        = "kubernetes-services"
	FromEndpoints       = "kubernetes-endpoints"
	FromClusterChecks   = "cluster-checks"
	FromEndpointsChecks = "endpoints-checks"
)

// Source is where a configuration came from, for the report.
type Source struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	UID       string `json:"uid,omitempty"`
	Container string `json:"container,omitempty"`
	Key       string `json:"key,omitempty"`
}

// Config is one configuration or template. The parts stay bytes until they are worked on, as integration.Config's do:
// what is an escape in JSON is still one when `%%` is looked for.
type Config struct {
	Name           string   `json:"name"`
	InitConfig     []byte   `json:"init_config"`
	Instances      [][]byte `json:"instances"`
	MetricConfig   []byte   `json:"metric_config"`
	LogsConfig     []byte   `json:"logs"`
	ADIdentifiers  []string `json:"ad_identifiers"`
	ClusterCheck   bool     `json:"cluster_check"`
	NodeName       string   `json:"node_name"`
	Provider       string   `json:"provider"`
	IgnoreTags     bool     `json:"ignore_autodiscovery_tags"`
	TagCardinality string   `json:"check_tag_cardinality"`
	Source         Source   `json:"source"`
	// Services and endpoints that a file names by advanced_ad_identifiers; only the Cluster Agent looks at them.
	Advanced []Advanced `json:"-"`
	// Kept are the positions, among the original instances, of those that decrypted.
	Kept []int `json:"-"`
}

// IsTemplate tells whether the configuration waits for a matching service.
func (c Config) IsTemplate() bool { return len(c.ADIdentifiers) > 0 || len(c.Advanced) > 0 }

// isCheck tells whether the configuration runs a check; one that only collects logs needs no ready pod.
func (c Config) isCheck() bool { return len(c.Instances) > 0 }

// Digest identifies a configuration by what it says, wherever it was found. It is the origin of its secrets.
func (c Config) Digest() string {
	c.Source = Source{}
	encoded, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings, bytes and booleans always marshal
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:8])
}

// Port is a port of a service; templates know it by position and name.
type Port struct {
	Number int
	Name   string
}

// Service is something that lives and can be monitored: a container, a pod, a Kubernetes Service, one address of its
// endpoints.
type Service struct {
	ID          string
	Identifiers []string
	Hosts       map[string]string
	Ports       []Port
	Ready       bool
	Tags        []string
	// CheckNames are those that annotations give; nil where none are given, which differs from an empty list.
	CheckNames []string
	// Extra is what %%kube_x%% and %%extra_x%% know; nil where the listener supports neither these nor %%pid%% and
	// %%hostname%%, as for Services.
	Extra  map[string]string
	Image  string
	Source Source
}

// equal compares what the Agent's listeners compare to notice a changed service (listeners/service.go).
func (s Service) equal(other Service) bool {
	return s.ID == other.ID && s.Ready == other.Ready && slices.Equal(s.Identifiers, other.Identifiers) &&
		slices.Equal(s.Ports, other.Ports) && slices.Equal(s.Tags, other.Tags) && sameNames(s.CheckNames, other.CheckNames) &&
		sameHosts(s.Hosts, other.Hosts)
}

func sameNames(a, b []string) bool { return (a == nil) == (b == nil) && slices.Equal(a, b) }

func sameHosts(a, b map[string]string) bool {
	for network, address := range a {
		if b[network] != address {
			return false
		}
	}
	return len(a) == len(b)
}

// Use is a handle somewhere in a configuration; Part tells where: init_config, instances/0, jmx_metrics, logs.
type Use struct {
	Part string
	secrets.Use
}
