package autodiscovery

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Advanced names a Kubernetes Service, or the endpoints of one, that a file's template is for.
type Advanced struct {
	Service   ServiceName   `yaml:"kube_service"`
	Endpoints EndpointsName `yaml:"kube_endpoints"`
}

// ServiceName is a Service's name and namespace.
type ServiceName struct {
	Name      string `yaml:"name"`
	Namespace string `yaml:"namespace"`
}

// EndpointsName is a Service's name and namespace, and how its endpoints are found.
type EndpointsName struct {
	ServiceName `yaml:",inline"`
	Resolve     string `yaml:"resolve"`
}

type fileFormat struct {
	ADIdentifiers  []string      `yaml:"ad_identifiers"`
	Advanced       []Advanced    `yaml:"advanced_ad_identifiers"`
	ClusterCheck   bool          `yaml:"cluster_check"`
	InitConfig     any           `yaml:"init_config"`
	MetricConfig   any           `yaml:"jmx_metrics"`
	LogsConfig     any           `yaml:"logs"`
	Instances      []map[any]any `yaml:"instances"`
	IgnoreTags     bool          `yaml:"ignore_autodiscovery_tags"`
	TagCardinality string        `yaml:"check_tag_cardinality"`
}

const defaultSuffix = ".default"

// Folder is a folder with configuration files. Copied says that the image's start script copies it over the Agent's own
// folder, with the file name endings that it takes; what it lacks is not seen.
type Folder struct {
	Path   string
	Copied []string
}

// ReadFiles reads the folders once, as the Agent does at its start. Later folders replace files of the same relative
// path. Errors go by check name.
func ReadFiles(folders []Folder, environment Environment) ([]Config, map[string]error) {
	paths := map[string]string{}
	for _, folder := range folders {
		for _, relative := range folder.files() {
			paths[relative] = filepath.Join(folder.Path, relative)
		}
	}
	failures := map[string]error{}
	var plain, defaults []Config
	named := map[string]bool{}
	for _, relative := range sortedNames(paths) {
		config, err := readFile(paths[relative], checkNameOf(relative))
		if err != nil {
			failures[checkNameOf(relative)] = err
			continue
		}
		config.Source.Key = relative
		_ = ReplaceEnvironment(&config, environment) // the Agent ignores what only a service can tell
		switch {
		case strings.HasSuffix(relative, defaultSuffix):
			defaults = append(defaults, config)
		default:
			plain = append(plain, config)
			named[config.Name] = named[config.Name] || config.isCheck() || len(config.ADIdentifiers) > 0
		}
	}
	for _, config := range defaults {
		if !named[config.Name] {
			plain = append(plain, config)
		}
	}
	return plain, failures
}

// files lists `x.yaml` and `x.d/*.yaml`, as providers/config_reader.go does. A ConfigMap's own `..data` is passed over.
func (f Folder) files() []string {
	var found []string
	for _, entry := range entriesOf(f.Path) {
		name := entry.Name()
		switch {
		case strings.HasPrefix(name, ".."):
		case !isFolder(filepath.Join(f.Path, name)):
			found = append(found, name)
		case strings.HasSuffix(name, ".d"):
			for _, inner := range entriesOf(filepath.Join(f.Path, name)) {
				if !isFolder(filepath.Join(f.Path, name, inner.Name())) {
					found = append(found, filepath.Join(name, inner.Name()))
				}
			}
		}
	}
	return keep(found, f.takes)
}

func (f Folder) takes(name string) bool {
	if f.Copied == nil {
		extension := filepath.Ext(strings.TrimSuffix(name, defaultSuffix))
		return extension == ".yaml" || extension == ".yml"
	}
	for _, suffix := range f.Copied {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

func entriesOf(path string) []os.DirEntry {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil // a folder that is not there holds nothing
	}
	return entries
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func keep(names []string, wanted func(string) bool) []string {
	var kept []string
	for _, name := range names {
		if wanted(name) {
			kept = append(kept, name)
		}
	}
	return kept
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func checkNameOf(relative string) string {
	if folder := filepath.Dir(relative); folder != "." {
		return strings.TrimSuffix(folder, ".d")
	}
	name := strings.TrimSuffix(relative, defaultSuffix)
	return strings.TrimSuffix(name, filepath.Ext(name))
}

func readFile(path, name string) (Config, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Config{}, err
	}
	var format fileFormat
	if err := yaml.Unmarshal(content, &format); err != nil {
		return Config{}, err
	}
	if format.MetricConfig == nil && format.LogsConfig == nil && len(format.Instances) == 0 {
		return Config{}, errors.New("Configuration file contains no valid instances")
	}
	config := Config{
		Name: name, Provider: FromFile, ADIdentifiers: format.ADIdentifiers, Advanced: format.Advanced,
		ClusterCheck: format.ClusterCheck, IgnoreTags: format.IgnoreTags, TagCardinality: format.TagCardinality,
		Source: Source{Kind: "file"},
	}
	return config, format.into(&config)
}

// into marshals the parts again: what the file wrote as an escape is a plain character from here on.
func (f fileFormat) into(config *Config) (err error) {
	parts := []struct {
		value  any
		target *[]byte
	}{{f.InitConfig, &config.InitConfig}, {f.MetricConfig, &config.MetricConfig}}
	if f.LogsConfig != nil {
		parts = append(parts, struct {
			value  any
			target *[]byte
		}{map[string]any{"logs": f.LogsConfig}, &config.LogsConfig})
	}
	for _, part := range parts {
		if part.value == nil {
			continue
		}
		if *part.target, err = yaml.Marshal(part.value); err != nil {
			return fmt.Errorf("cannot marshal: %w", err)
		}
	}
	for _, instance := range f.Instances {
		encoded, err := yaml.Marshal(instance)
		if err != nil {
			return fmt.Errorf("cannot marshal: %w", err)
		}
		config.Instances = append(config.Instances, encoded)
	}
	return nil
}
