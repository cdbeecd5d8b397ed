// Package settings reads the Agent's own settings: the file, over it the variables that are bound to a setting. They are
// resolved as a whole, with the origin datadog.yaml and nothing scoped. What they mean is left to who asks.
package settings

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"enc-operator.io/e2e/agent/internal/secrets"
)

// Settings is the merged tree; keys are joined by dots.
type Settings struct {
	tree map[string]any

	lock sync.Mutex
	uses []secrets.Use
}

// Read merges the file, which need not be there, and the environment, which wins.
func Read(path, envPrefix string, lookup func(string) (string, bool)) (*Settings, error) {
	s := &Settings{tree: map[string]any{}}
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err := yaml.Unmarshal(content, &s.tree); err != nil {
		return nil, fmt.Errorf("unable to load the configuration file %s: %w", path, err)
	}
	if s.tree == nil {
		s.tree = map[string]any{}
	}
	for _, key := range sortedKeys(known) {
		value, found := lookup(envPrefix + variable(key))
		if !found || value == "" {
			continue // the Agent takes an empty variable for none
		}
		decoded, err := decode(value, known[key])
		if err != nil {
			return nil, fmt.Errorf("the variable %s%s is unreadable", envPrefix, variable(key))
		}
		put(s.tree, strings.Split(key, "."), decoded)
	}
	return s, nil
}

// Resolve resolves every handle, or fails as the Agent's start does: nothing is left half configured.
func (s *Settings) Resolve(resolver *secrets.Resolver) error {
	document, err := yaml.Marshal(s.tree)
	if err != nil {
		return err
	}
	resolved, uses, err := resolver.Resolve(document, secrets.Asker{Origin: secrets.SettingsOrigin})
	s.uses = uses
	if err != nil {
		return fmt.Errorf("unable to decrypt secret from %s: %w", secrets.SettingsOrigin, err)
	}
	return yaml.Unmarshal(resolved, &s.tree)
}

// Follow takes the hashes of changed values over, for the few entries that the Agent updates while it runs.
func (s *Settings) Follow(changed []secrets.Reloaded) {
	s.lock.Lock()
	defer s.lock.Unlock()
	for _, reloaded := range changed {
		for index, use := range s.uses {
			if use.Handle == reloaded.Handle && reloaded.Reaches(secrets.SettingsOrigin, use.Path) {
				s.uses[index].Hash = reloaded.Hash
			}
		}
	}
}

// Uses are the handles that stood in the settings.
func (s *Settings) Uses() []secrets.Use {
	s.lock.Lock()
	defer s.lock.Unlock()
	return slices.Clone(s.uses)
}

// Secrets picks the secret_* settings, as they stand before anything is resolved.
func (s *Settings) Secrets() secrets.Settings {
	return secrets.Settings{
		Command:           s.Text("secret_backend_command"),
		Arguments:         s.Words("secret_backend_arguments"),
		Timeout:           s.Number("secret_backend_timeout", secrets.DefaultTimeout),
		OutputMax:         s.Number("secret_backend_output_max_size", secrets.DefaultOutputMax),
		SkipChecks:        s.Flag("secret_backend_skip_checks", false),
		AllowGroupExec:    s.Flag("secret_backend_command_allow_group_exec_perm", false),
		RemoveLineBreak:   s.Flag("secret_backend_remove_trailing_line_break", false),
		RefreshInterval:   s.Number("secret_refresh_interval", 0),
		RefreshScatter:    s.Flag("secret_refresh_scatter", true),
		ScopeToNamespace:  s.Flag("secret_scope_integration_to_their_k8s_namespace", false),
		AllowedNamespaces: s.Words("secret_allowed_k8s_namespace"),
		ImageToHandle:     s.lists("secret_image_to_handle"),
	}
}

// Text returns a setting as text, empty where it is not set.
func (s *Settings) Text(key string) string {
	value := s.get(key)
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

// Number returns a setting as a number.
func (s *Settings) Number(key string, otherwise int) int {
	var value int
	if _, err := fmt.Sscan(s.Text(key), &value); err != nil {
		return otherwise
	}
	return value
}

// Flag returns a setting as a boolean.
func (s *Settings) Flag(key string, otherwise bool) bool {
	switch strings.ToLower(s.Text(key)) {
	case "true", "1", "yes", "on":
		return true
	case "false", "0", "no", "off":
		return false
	default:
		return otherwise
	}
}

// Words returns a setting as a list.
func (s *Settings) Words(key string) []string {
	switch value := s.get(key).(type) {
	case []any:
		list := make([]string, 0, len(value))
		for _, item := range value {
			list = append(list, fmt.Sprint(item))
		}
		return list
	case string:
		return strings.Fields(value)
	default:
		return nil
	}
}

func (s *Settings) lists(key string) map[string][]string {
	tree, isMap := s.get(key).(map[string]any)
	if !isMap {
		return nil
	}
	lists := map[string][]string{}
	for name := range tree {
		inner := &Settings{tree: map[string]any{"list": tree[name]}}
		lists[name] = inner.Words("list")
	}
	return lists
}

func (s *Settings) get(key string) any {
	var node any = s.tree
	for _, element := range strings.Split(key, ".") {
		branch, isMap := node.(map[string]any)
		if !isMap {
			return nil
		}
		node = branch[element]
	}
	return node
}

func variable(key string) string {
	if name, found := renamed[key]; found {
		return name
	}
	return strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// decode reads a variable. Structured ones are decoded before handles are looked for, so a nested one counts.
func decode(value string, as shape) (decoded any, err error) {
	switch as {
	case number, object:
		err = yaml.Unmarshal([]byte(value), &decoded)
	case words:
		if strings.HasPrefix(strings.TrimSpace(value), "[\"") {
			err = yaml.Unmarshal([]byte(value), &decoded)
			return decoded, err
		}
		list := []any{}
		for _, word := range strings.Fields(value) {
			list = append(list, word)
		}
		decoded = list
	default:
		decoded = value
	}
	return decoded, err
}

func put(tree map[string]any, path []string, value any) {
	for _, element := range path[:len(path)-1] {
		branch, isMap := tree[element].(map[string]any)
		if !isMap {
			branch = map[string]any{}
			tree[element] = branch
		}
		tree = branch
	}
	tree[path[len(path)-1]] = value
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
