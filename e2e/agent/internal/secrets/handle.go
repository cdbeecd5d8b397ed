// Package secrets detects handles, has the backend resolve them, and keeps what it resolved, as the Agent's
// comp/core/secrets does. Where configurations come from is not known here.
package secrets

import (
	"errors"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// HandleIn returns the handle that a whole string is, by the rule of the Agent's comp/core/secrets/utils/utils.go:
// spaces and tabs are trimmed around the mark, and nothing is trimmed within it.
func HandleIn(text string) (handle string, found bool) {
	trimmed := strings.Trim(text, " \t")
	rest, opened := strings.CutPrefix(trimmed, "ENC[")
	inner, closed := strings.CutSuffix(rest, "]")
	if !opened || !closed {
		return "", false
	}
	return inner, true
}

// errRoot is what the Agent's walker says to a document that is a scalar, such as `init_config: null`.
var errRoot = errors.New("given data is not of expected type map not slice")

// visitor sees one string of a document and returns what stands there afterwards.
type visitor func(path []string, text string) string

// walk visits every string value of a decoded document, keys never. A map with a key that is no string is passed over
// whole: go.yaml.in/yaml/v3 decodes it to another type than the one the Agent's walker knows.
func walk(tree any, visit visitor) error {
	switch tree.(type) {
	case map[string]any, []any:
		descend(tree, nil, visit)
		return nil
	default:
		return errRoot
	}
}

func descend(node any, path []string, visit visitor) any {
	switch value := node.(type) {
	case string:
		return visit(path, value)
	case []any:
		for index, item := range value {
			value[index] = descend(item, extend(path, strconv.Itoa(index)), visit)
		}
	case map[string]any:
		for _, key := range sortedKeys(value) {
			value[key] = descend(value[key], extend(path, key), visit)
		}
	}
	return node
}

func extend(path []string, element string) []string {
	return append(slices.Clone(path), element)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
