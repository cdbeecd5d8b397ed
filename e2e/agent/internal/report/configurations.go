package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"enc-operator.io/e2e/agent/internal/autodiscovery"
	"enc-operator.io/e2e/agent/internal/secrets"
)

// hashPrefix marks a string that stands for a value.
const hashPrefix = "hmac-sha256:"

// Configuration is one scheduled configuration. Resolved values are replaced by their hashes; of one that was dispatched
// every string is, since only the sender knows which of them it resolved.
type Configuration struct {
	Name       string               `json:"name"`
	Provider   string               `json:"provider"`
	Source     autodiscovery.Source `json:"source"`
	Service    string               `json:"service"`
	Node       string               `json:"node"`
	Cluster    bool                 `json:"cluster_check"`
	InitConfig any                  `json:"init_config"`
	Instances  []any                `json:"instances"`
	Metrics    any                  `json:"jmx_metrics"`
	Logs       any                  `json:"logs"`
}

type overview struct {
	Scheduled []Configuration         `json:"scheduled"`
	Errors    []autodiscovery.Problem `json:"errors"`
}

func configurations(agent Agent) overview {
	all := overview{Scheduled: []Configuration{}, Errors: append([]autodiscovery.Problem{}, agent.Problems()...)}
	for _, resolution := range agent.Resolutions() {
		if resolution.Error != "" {
			all.Errors = append(all.Errors, autodiscovery.Problem{Source: resolution.Source, Message: resolution.Error})
		}
		if resolution.Scheduled {
			all.Scheduled = append(all.Scheduled, redaction{agent.Hash, resolution}.configuration())
		}
	}
	return all
}

type redaction struct {
	hash       func(string) string
	resolution autodiscovery.Resolution
}

func (r redaction) configuration() Configuration {
	config := r.resolution.Config
	shown := Configuration{
		Name: config.Name, Provider: config.Provider, Source: r.resolution.Source, Service: r.resolution.ServiceID,
		Node: config.NodeName, Cluster: config.ClusterCheck, Instances: []any{},
		InitConfig: r.part("init_config", config.InitConfig), Metrics: r.part("jmx_metrics", config.MetricConfig),
		Logs: r.part("logs", config.LogsConfig),
	}
	for index, instance := range config.Instances {
		if index < len(config.Kept) {
			index = config.Kept[index]
		}
		shown.Instances = append(shown.Instances, r.part("instances/"+strconv.Itoa(index), instance))
	}
	return shown
}

func (r redaction) part(name string, document []byte) any {
	var tree any
	if len(document) == 0 || yaml.Unmarshal(document, &tree) != nil {
		return nil
	}
	return r.redacted(name, nil, tree)
}

func (r redaction) redacted(part string, path []string, node any) any {
	switch value := node.(type) {
	case []any:
		list := make([]any, len(value))
		for index, item := range value {
			list[index] = r.redacted(part, append(slices.Clone(path), strconv.Itoa(index)), item)
		}
		return list
	case map[string]any:
		tree := map[string]any{}
		for key, item := range value {
			tree[key] = r.redacted(part, append(slices.Clone(path), key), item)
		}
		return tree
	case map[any]any: // JSON has no such keys
		tree := map[string]any{}
		for key, item := range value {
			name := fmt.Sprint(key)
			tree[name] = r.redacted(part, append(slices.Clone(path), name), item)
		}
		return tree
	}
	if r.isValue(part, path) || hop(r.resolution) == 2 && !harmless(path, node) {
		return hashPrefix + r.hash(fmt.Sprint(node))
	}
	return node
}

// isValue tells whether the backend's answer stands here. After YAML has read it again it may look like a number.
func (r redaction) isValue(part string, path []string) bool {
	here := strings.Join(path, "\x00")
	return slices.ContainsFunc(r.resolution.Uses, func(use autodiscovery.Use) bool {
		return use.Part == part && use.Outcome == secrets.Resolved && strings.Join(use.Path, "\x00") == here
	})
}

// harmless is what the dispatcher itself added.
func harmless(path []string, node any) bool {
	return node == nil || len(path) == 1 && path[0] == "empty_default_hostname"
}
