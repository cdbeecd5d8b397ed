package autodiscovery

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"enc-operator.io/e2e/agent/internal/flavour"
)

// TemplatesIn reads the templates for one id (a container's name or check.id, `service`, `endpoints`) from annotations:
// v2 over v1 over the legacy prefix, comp/core/autodiscovery/common/utils/annotations.go. entity becomes their
// identifier. An error voids its part only.
func TemplatesIn(annotations map[string]string, f flavour.Flavour, id, entity string) ([]Config, []error) {
	prefix, legacy := f.AnnotationPrefix+id+".", f.LegacyPrefix+id+"."
	chosen, configs, err := "", []Config(nil), error(nil)
	if text, found := annotations[prefix+"checks"]; found {
		chosen = prefix
		configs, err = checksV2(text, entity, f.AnnotationPrefix)
	} else if chosen = firstWith(annotations, "check_names", prefix, legacy); chosen != "" {
		if configs, err = checksV1(annotations, chosen, entity); err != nil {
			err = fmt.Errorf("could not extract checks config: %v", err)
		}
	} else {
		chosen = firstWith(annotations, "logs", prefix, legacy)
	}
	failures := []error{}
	if err != nil {
		failures, configs = append(failures, err), nil
	}
	logs, err := logsIn(annotations, chosen, entity, configs)
	if err != nil {
		failures = append(failures, fmt.Errorf("could not extract logs config: %v", err))
	}
	return append(configs, logs...), failures
}

func firstWith(annotations map[string]string, suffix string, prefixes ...string) string {
	for _, prefix := range prefixes {
		if _, found := annotations[prefix+suffix]; found {
			return prefix
		}
	}
	return ""
}

type checkV2 struct {
	Name       string          `json:"name"`
	InitConfig json.RawMessage `json:"init_config"`
	Instances  []any           `json:"instances"`
	Logs       json.RawMessage `json:"logs"`
	IgnoreTags bool            `json:"ignore_autodiscovery_tags"`
	TagDetail  string          `json:"check_tag_cardinality"`
}

// checksV2 reads `<id>.checks`. init_config and logs stay the author's text, instances are encoded anew: an escape such
// as \u0025 is gone from the latter before template variables are looked for, and still there in the former.
func checksV2(text, entity, annotationPrefix string) ([]Config, error) {
	var checks map[string]checkV2
	if err := json.Unmarshal([]byte(text), &checks); err != nil {
		return nil, fmt.Errorf("invalid JSON in pod check annotation (%s<container>.checks): %w", annotationPrefix, err)
	}
	configs := make([]Config, 0, len(checks))
	for name, check := range checks {
		config := Config{
			Name: name, ADIdentifiers: []string{entity}, InitConfig: check.InitConfig, LogsConfig: check.Logs,
			IgnoreTags: check.IgnoreTags, TagCardinality: check.TagDetail,
		}
		if check.Name != "" {
			config.Name = check.Name
		}
		if len(check.InitConfig) == 0 {
			config.InitConfig = []byte("{}")
		}
		for _, instance := range check.Instances {
			encoded, err := object(instance)
			if err != nil {
				return nil, err
			}
			config.Instances = append(config.Instances, encoded)
		}
		configs = append(configs, config)
	}
	sort.Slice(configs, func(i, j int) bool { return configs[i].Name < configs[j].Name })
	return configs, nil
}

// checksV1 reads `check_names`, `init_configs` and `instances`; lists of different lengths give nothing and no error.
func checksV1(annotations map[string]string, prefix, entity string) ([]Config, error) {
	names, err := checkNames(annotations[prefix+"check_names"])
	if err != nil {
		return nil, fmt.Errorf("in check_names: %s", err)
	}
	initConfigs, err := objectLists(annotations, prefix, "init_configs")
	if err != nil {
		return nil, err
	}
	instances, err := objectLists(annotations, prefix, "instances")
	if err != nil {
		return nil, err
	}
	if len(names) != len(initConfigs) || len(names) != len(instances) {
		return nil, nil
	}
	ignoreTags, _ := strconv.ParseBool(annotations[prefix+"ignore_autodiscovery_tags"])
	var configs []Config
	for index, name := range names {
		if len(initConfigs[index]) != 1 {
			return nil, nil
		}
		for _, instance := range instances[index] {
			configs = append(configs, Config{
				Name: name, ADIdentifiers: []string{entity}, InitConfig: initConfigs[index][0], Instances: [][]byte{instance},
				IgnoreTags: ignoreTags, TagCardinality: annotations[prefix+"check_tag_cardinality"],
			})
		}
	}
	return configs, nil
}

func checkNames(text string) (names []string, err error) {
	if text == "" {
		return nil, errors.New("check_names is empty")
	}
	err = json.Unmarshal([]byte(text), &names)
	return names, err
}

// objectLists reads a list whose items are objects or lists of objects. An empty inner list vanishes, as in the Agent,
// which then finds the lengths different.
func objectLists(annotations map[string]string, prefix, key string) ([][][]byte, error) {
	text, found := annotations[prefix+key]
	if !found {
		return nil, fmt.Errorf("missing %s key", key)
	}
	if text == "" {
		return nil, fmt.Errorf("in %s: value is empty", key)
	}
	var items []any
	if err := json.Unmarshal([]byte(text), &items); err != nil {
		return nil, fmt.Errorf("in %s: failed to unmarshal JSON: %s", key, err)
	}
	var lists [][][]byte
	for _, item := range items {
		inner, isList := item.([]any)
		if !isList {
			inner = []any{item}
		}
		var list [][]byte
		for _, member := range inner {
			encoded, err := object(member)
			if err != nil {
				return nil, fmt.Errorf("in %s: failed to decode JSON Object '%v' to integration.Data struct: %v", key, member, err)
			}
			list = append(list, encoded)
		}
		if list != nil {
			lists = append(lists, list)
		}
	}
	return lists, nil
}

func object(value any) ([]byte, error) {
	if _, isObject := value.(map[string]any); !isObject {
		return nil, fmt.Errorf("found non JSON object type, value is: '%v'", value)
	}
	return json.Marshal(value)
}

// logsIn reads `<id>.logs` next to the checks, which lend it their first name.
func logsIn(annotations map[string]string, prefix, entity string, checks []Config) ([]Config, error) {
	text, found := annotations[prefix+"logs"]
	if prefix == "" || !found {
		return nil, nil
	}
	var decoded any
	if err := json.Unmarshal([]byte(text), &decoded); err != nil {
		return nil, fmt.Errorf("in logs: %s", err)
	}
	if _, isList := decoded.([]any); !isList {
		return nil, fmt.Errorf("invalid format, expected an array, got: '%v'", decoded)
	}
	encoded, err := json.Marshal(decoded)
	config := Config{LogsConfig: encoded, ADIdentifiers: []string{entity}}
	if len(checks) > 0 {
		config.Name = checks[0].Name
	}
	return []Config{config}, err
}

// CheckNamesIn lists the names of an id's checks, nil where annotations name none. They decide which templates from
// files a container drops (listeners/service.go, FilterTemplates).
func CheckNamesIn(annotations map[string]string, f flavour.Flavour, id string) []string {
	if text, found := annotations[f.AnnotationPrefix+id+".checks"]; found {
		checks, err := checksV2(text, "", f.AnnotationPrefix)
		if err != nil {
			return nil
		}
		names := make([]string, 0, len(checks))
		for _, check := range checks {
			names = append(names, check.Name)
		}
		return names
	}
	prefix := firstWith(annotations, "check_names", f.AnnotationPrefix+id+".", f.LegacyPrefix+id+".")
	names, err := checkNames(annotations[prefix+"check_names"])
	if prefix == "" || err != nil {
		return nil
	}
	return names
}

// UnknownIdentifiers says which annotations name a container that the pod does not have: they never become templates
// (comp/core/autodiscovery/common/utils, ValidateAnnotationsMatching).
func UnknownIdentifiers(annotations map[string]string, f flavour.Flavour, names, identifiers []string) []error {
	var failures []error
	for key := range annotations {
		rest, ours := strings.CutPrefix(key, f.AnnotationPrefix)
		if !ours {
			continue
		}
		known, end := identifiers, strings.LastIndex(rest, ".")
		if at := strings.LastIndex(rest, ".check.id"); at >= 0 {
			known, end = names, at
		}
		if end >= 0 && !contains(known, rest[:end]) {
			sorted := append([]string{}, known...)
			sort.Strings(sorted)
			failures = append(failures, fmt.Errorf("annotation %s is invalid: %s doesn't match a container identifier %v",
				key, rest[:end], sorted))
		}
	}
	sort.Slice(failures, func(i, j int) bool { return failures[i].Error() < failures[j].Error() })
	return failures
}

func contains(list []string, wanted string) bool {
	for _, item := range list {
		if item == wanted {
			return true
		}
	}
	return false
}
