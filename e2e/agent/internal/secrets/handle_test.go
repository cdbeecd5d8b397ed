package secrets

import (
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// A string is a handle exactly where the Agent's IsEnc says so.
func TestHandleIn(t *testing.T) {
	for name, c := range map[string]struct {
		text, handle string
		found        bool
	}{
		"a plain mark is a handle":                         {"ENC[k8s_secret@a/b/c]", "k8s_secret@a/b/c", true},
		"spaces and tabs around it are trimmed":            {" \t ENC[a]\t ", "a", true},
		"spaces within it stay":                            {"ENC[ a ]", " a ", true},
		"an empty one is a handle":                         {"ENC[]", "", true},
		"two marks are one handle":                         {"ENC[a] x ENC[b]", "a] x ENC[b", true},
		"brackets within it stay":                          {"ENC[a[0]]", "a[0]", true},
		"JSON within it stays":                             {`ENC[{"a":1}]`, `{"a":1}`, true},
		"a line break after it makes it none":              {"ENC[a]\n", "", false},
		"a carriage return after it makes it none":         {"ENC[a]\r", "", false},
		"a no-break space is not trimmed":                  {"\u00a0ENC[a]", "", false},
		"text before it makes it none":                     {"db-ENC[a]", "", false},
		"text after it makes it none":                      {"ENC[a]:3306", "", false},
		"lower case is none":                               {"enc[a]", "", false},
		"a mark that is not closed is none":                {"ENC[a", "", false},
		"a mark whose bracket is both its ends is none":    {"ENC]", "", false},
		"nothing at all is none":                           {"", "", false},
		"the opening alone is none":                        {"ENC[", "", false},
		"a space between word and bracket makes it none":   {"ENC [a]", "", false},
		"a wide bracket is no bracket":                     {"ENC［a］", "", false},
		"other characters of any script are kept verbatim": {"ENC[ключ‰]", "ключ‰", true},
	} {
		t.Run(name, func(t *testing.T) {
			handle, found := HandleIn(c.text)
			if handle != c.handle || found != c.found {
				t.Errorf("got %q %v", handle, found)
			}
		})
	}
}

// Every string value is visited, with its path; nothing else is.
func TestWalk(t *testing.T) {
	for name, c := range map[string]struct {
		document string
		paths    []string
		fails    bool
	}{
		"values of maps and lists at any depth":   {"a: [x, {b: y}]\nc: z", []string{"a/0", "a/1/b", "c"}, false},
		"keys never":                              {"ENC[a]: 1", nil, false},
		"numbers and booleans never":              {"a: 1\nb: true\nc: 1.5\nd: null", nil, false},
		"a list as the root":                      {"[x]", []string{"0"}, false},
		"only the first document":                 {"a: x\n---\nb: y", []string{"a"}, false},
		"an escape in double quotes is decoded":   {`a: "\u0045NC[x]"`, []string{"a"}, false},
		"a map with a key that is no string":      {"a: {1: x, b: y}\nc: z", []string{"c"}, false},
		"null as the root fails":                  {"null", nil, true},
		"a string as the root fails":              {"ENC[a]", nil, true},
		"a root with a key that is no string too": {"1: x", nil, true},
		"an anchor's copies each":                 {"a: &x {k: v}\nb: *x", []string{"a/k", "b/k"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var tree any
			if err := yaml.Unmarshal([]byte(c.document), &tree); err != nil {
				t.Fatal(err)
			}
			var paths []string
			err := walk(tree, func(path []string, text string) string {
				paths = append(paths, strings.Join(path, "/"))
				return text
			})
			if (err != nil) != c.fails || !reflect.DeepEqual(paths, c.paths) {
				t.Errorf("got %v, %v", paths, err)
			}
		})
	}
}
