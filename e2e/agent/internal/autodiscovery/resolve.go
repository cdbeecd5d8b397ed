package autodiscovery

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"

	"enc-operator.io/e2e/agent/internal/secrets"
)

var errNotReady = errors.New("unable to resolve, service not ready")

// dialect is how a part of a configuration is written.
type dialect struct {
	unmarshal func([]byte, any) error
	marshal   func(any) ([]byte, error)
}

var (
	asYAML = dialect{yaml.Unmarshal, yaml.Marshal}
	asJSON = dialect{json.Unmarshal, json.Marshal}
)

// instantiate makes a configuration out of a template and a service: readiness, then variables, then tags
// (comp/core/autodiscovery/configresolver). Secrets come after it.
func instantiate(template Config, service *Service, environment Environment) (Config, error) {
	config := template
	config.Instances = slices.Clone(template.Instances)
	if config.isCheck() && !service.Ready {
		return config, errNotReady
	}
	var tags []string
	if !template.IgnoreTags {
		tags = service.Tags
	}
	return config, replaceVariables(&config, variables{service, environment}, tags)
}

// ReplaceEnvironment replaces %%env_x%% in what a file says, as far as the first part that holds any other variable;
// that part is left whole for the service that it may match (providers/config_reader.go).
func ReplaceEnvironment(config *Config, environment Environment) error {
	return replaceVariables(config, variables{nil, environment}, nil)
}

// replaceVariables works on init_config, instances and logs, in this order, until one fails. jmx_metrics have none.
func replaceVariables(config *Config, v variables, tags []string) (err error) {
	if config.InitConfig, err = v.inDocument(config.InitConfig, asYAML, nil); err != nil {
		return err
	}
	for index := range config.Instances {
		if config.Instances[index], err = v.inDocument(config.Instances[index], asYAML, tags); err != nil {
			return err
		}
	}
	logs := asYAML
	if config.Provider == FromContainer {
		logs = asJSON
	}
	config.LogsConfig, err = v.inDocument(config.LogsConfig, logs, nil)
	return err
}

// inDocument returns the document unchanged with an error where a variable has no value.
func (v variables) inDocument(document []byte, d dialect, tags []string) ([]byte, error) {
	if len(document) == 0 {
		return nil, nil
	}
	var tree any
	if err := d.unmarshal([]byte(strings.ReplaceAll(string(document), "%%", mark)), &tree); err != nil {
		return document, err
	}
	tree, err := v.inTree(tree)
	if err != nil {
		return document, err
	}
	if root, isMap := tree.(map[string]any); isMap && len(tags) > 0 {
		root["tags"] = mergedTags(root["tags"], tags)
	}
	return d.marshal(tree)
}

func (v variables) inTree(node any) (out any, err error) {
	switch value := node.(type) {
	case string:
		if out, err = v.inString(value); err != nil {
			return nil, err
		}
		if text, isString := out.(string); isString {
			return strings.ReplaceAll(text, mark, "%%"), nil // marks that no variable consumed
		}
		return out, nil
	case []any:
		for index := range value {
			if value[index], err = v.inTree(value[index]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		err = inMap(v, value)
	case map[any]any:
		err = inMap(v, value)
	}
	return node, err
}

func inMap[K comparable](v variables, m map[K]any) error {
	for key, item := range m {
		replaced, err := v.inTree(item)
		if err != nil {
			return err
		}
		m[key] = replaced
	}
	return nil
}

// mergedTags adds a service's tags to an instance's own, sorted and without repetition. They are added before secrets
// are resolved: a tag may be a handle.
func mergedTags(own any, added []string) []any {
	all := slices.Clone(added)
	if list, isList := own.([]any); isList {
		for _, tag := range list {
			if text, isString := tag.(string); isString {
				all = append(all, text)
			}
		}
	}
	sort.Strings(all)
	merged := make([]any, 0, len(all))
	for _, tag := range slices.Compact(all) {
		merged = append(merged, tag)
	}
	return merged
}

// decrypt resolves the secrets of every part, one run of the backend for each, as decryptConfig in
// comp/core/autodiscovery/impl/secrets.go: an instance that fails is left out, any other part that fails drops all.
func decrypt(config Config, resolver *secrets.Resolver, by secrets.Asker) (Config, []Use, error) {
	d := decryption{resolver: resolver, by: by}
	init, err := d.part("init_config", config.InitConfig)
	if err != nil {
		config.Instances = nil
		return config, d.uses, fmt.Errorf("error while decrypting secrets in 'init_config': %w", err)
	}
	config.InitConfig = init
	var instances [][]byte
	var instanceErr error
	config.Kept = nil
	for index, instance := range config.Instances {
		resolved, err := d.part(fmt.Sprintf("instances/%d", index), instance)
		if err != nil {
			instanceErr = fmt.Errorf("error while decrypting secrets in an instance: %w", err)
			continue
		}
		instances, config.Kept = append(instances, resolved), append(config.Kept, index)
	}
	config.Instances = instances
	if config.MetricConfig, err = d.part("jmx_metrics", config.MetricConfig); err != nil {
		config.Instances = nil
		return config, d.uses, fmt.Errorf("error while decrypting secrets in 'metrics': %w", err)
	}
	if config.LogsConfig, err = d.part("logs", config.LogsConfig); err != nil {
		config.Instances = nil
		return config, d.uses, fmt.Errorf("error while decrypting secrets in 'logs': %w", err)
	}
	return config, d.uses, instanceErr
}

type decryption struct {
	resolver *secrets.Resolver
	by       secrets.Asker
	uses     []Use
}

func (d *decryption) part(name string, document []byte) ([]byte, error) {
	var found []secrets.Use
	resolved, err := document, error(nil)
	if d.resolver.SkipsChecks() {
		found = secrets.Uses(document)
	} else {
		resolved, found, err = d.resolver.Resolve(document, d.by)
	}
	for _, use := range found {
		d.uses = append(d.uses, Use{Part: name, Use: use})
	}
	return resolved, err
}
