package secrets

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// script writes an executable with a mode and returns its path.
func script(t *testing.T, mode os.FileMode, lines string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "backend")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+lines+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // beyond the umask
		t.Fatal(err)
	}
	return path
}

func shown(value string) string { return "hash of " + value }

// resolving runs one document through a backend.
func resolving(settings Settings, document string) (string, []Use, error, *Resolver) {
	r := NewResolver(settings, shown)
	out, uses, err := r.Resolve([]byte(document), Asker{Origin: "o"})
	return string(out), uses, err, r
}

// Only an executable that nobody else may touch is run.
func TestRights(t *testing.T) {
	for name, c := range map[string]struct {
		mode    os.FileMode
		group   bool
		message string
	}{
		"the owner alone is fine":                          {0o700, false, ""},
		"the owner alone is fine with the group allowed":   {0o500, true, ""},
		"a group that may execute is refused":              {0o550, false, "'group' or 'others' have rights on it"},
		"a group that may execute is fine where allowed":   {0o550, true, ""},
		"a group that may write is refused even so":        {0o570, true, "'others' have rights on it or 'group' has write permissions on it"},
		"others that may read are refused":                 {0o704, false, "'group' or 'others' have rights on it"},
		"others that may execute are refused even so":      {0o551, true, "'others' have rights on it or 'group' has write"},
		"a file that nobody may execute cannot be used":    {0o600, false, "can't access it: permission denied"},
		"the mode of a ConfigMap's file cannot be used":    {0o644, true, "'others' have rights on it"},
		"the mode that such a volume needs is fine":        {0o500, false, ""},
		"the mode of the image's own scripts is fine then": {0o550, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := checkRights(script(t, c.mode, ""), c.group)
			if c.message == "" && err != nil {
				t.Error(err)
			}
			if c.message != "" && (err == nil || !strings.Contains(err.Error(), c.message)) {
				t.Errorf("got %v", err)
			}
		})
	}
	gone := filepath.Join(t.TempDir(), "gone")
	err := checkRights(gone, false)
	if err == nil || !strings.Contains(err.Error(), "invalid executable '"+gone+"': can't stat it") {
		t.Errorf("a file that is not there: %v", err)
	}
}

// The backend's answer decides for each handle, and every failure fails the document.
func TestProtocol(t *testing.T) {
	for name, c := range map[string]struct {
		lines    string
		settings Settings
		outcomes string
		message  string // of the first use that failed
	}{
		"values are taken":                      {`echo '{"a":{"value":"1"},"b":{"value":"2"}}'`, Settings{}, "resolved resolved", ""},
		"keys beyond the protocol are ignored":  {`echo '{"a":{"value":"1","x":2},"b":{"value":"2"},"c":{}}'`, Settings{}, "resolved resolved", ""},
		"null is no error":                      {`echo '{"a":{"value":"1","error":null},"b":{"value":"2"}}'`, Settings{}, "resolved resolved", ""},
		"a missing handle fails alone":          {`echo '{"a":{"value":"1"}}'`, Settings{}, "resolved failed", "secret handle 'b' was not resolved by the secret_backend_command"},
		"an error fails alone":                  {`echo '{"a":{"error":"no"},"b":{"value":"2"}}'`, Settings{}, "failed resolved", "an error occurred while resolving 'a': no"},
		"an error wins over a value":            {`echo '{"a":{"error":"no","value":"1"},"b":{"value":"2"}}'`, Settings{}, "failed resolved", "an error occurred while resolving 'a': no"},
		"an empty value fails":                  {`echo '{"a":{"value":""},"b":{"value":"2"}}'`, Settings{}, "failed resolved", "resolved secret for 'a' is empty"},
		"line breaks stay by default":           {`printf %s '{"a":{"value":"\n"},"b":{"value":"2"}}'`, Settings{}, "resolved resolved", ""},
		"line breaks alone are empty if cut":    {`printf %s '{"a":{"value":"\r\n"},"b":{"value":"2"}}'`, Settings{RemoveLineBreak: true}, "failed resolved", "resolved secret for 'a' is empty"},
		"a number is no value":                  {`echo '{"a":{"value":1},"b":{"value":"2"}}'`, Settings{}, "failed failed", "returned invalid JSON: cannot unmarshal into string"},
		"what is no JSON fails all":             {`echo hunter2`, Settings{}, "failed failed", "returned invalid JSON: syntax error at byte"},
		"nothing at all fails all":              {`true`, Settings{}, "failed failed", "returned invalid JSON"},
		"an exit code fails all":                {`echo '{"a":{"value":"1"},"b":{"value":"2"}}'; exit 3`, Settings{}, "failed failed", "error while running '%s': exit status 3"},
		"too long an answer fails all":          {`head -c 200 /dev/zero`, Settings{OutputMax: 100}, "failed failed", "command output was too long: exceeded 100 bytes"},
		"too much on stderr fails all":          {`head -c 200 /dev/zero >&2; echo '{"a":{"value":"1"},"b":{"value":"2"}}'`, Settings{OutputMax: 100}, "failed failed", "command output was too long"},
		"as much as is allowed is fine":         {`printf '{"a":{"value":"1"},"b":{"value":"2"}}'`, Settings{OutputMax: 37}, "resolved resolved", ""},
		"more than a mebibyte is too much":      {`head -c 1048577 /dev/zero`, Settings{}, "failed failed", "exceeded 1048576 bytes"},
		"time runs out":                         {`exec sleep 5`, Settings{Timeout: 1}, "failed failed", "error while running '%s': command timeout"},
		"the environment is the Agent's":        {`echo "{\"a\":{\"value\":\"$STAND_IN\"},\"b\":{\"value\":\"2\"}}"`, Settings{}, "resolved resolved", ""},
		"arguments are passed":                  {`echo "{\"a\":{\"value\":\"$1\"},\"b\":{\"value\":\"$2\"}}"`, Settings{Arguments: []string{"x", "y"}}, "resolved resolved", ""},
		"a refused executable runs not at all":  {`echo '{}'`, Settings{Command: "/etc/passwd"}, "failed failed", "invalid executable '/etc/passwd'"},
		"the request has version and time-out":  {`read -r x; case $x in *'"secret_backend_timeout":7,"secrets":["a","b"],"version":"1.1"'*) echo '{"a":{"value":"1"},"b":{"value":"2"}}';; esac`, Settings{Timeout: 7}, "resolved resolved", ""},
		"a handle is asked for once a document": {`read -r x; case $x in *'["a","b"]'*) echo '{"a":{"value":"1"},"b":{"value":"2"}}';; esac`, Settings{}, "resolved resolved", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("STAND_IN", "of the Agent")
			if c.settings.Command == "" {
				c.settings.Command = script(t, 0o700, c.lines)
			}
			_, uses, err, r := resolving(c.settings, "x: ENC[a]\ny: ENC[b]")
			outcomes := uses[0].Outcome + " " + uses[1].Outcome
			if outcomes != c.outcomes || (err != nil) != strings.Contains(outcomes, Failed) {
				t.Fatalf("got %v, %v", uses, err)
			}
			message := strings.ReplaceAll(c.message, "%s", c.settings.Command)
			if got := uses[0].Error + uses[1].Error; !strings.Contains(got, message) || strings.Contains(got, "hunter2") {
				t.Errorf("got %q", got)
			}
			if count := r.Status().Count; count != 1 {
				t.Errorf("%d executions", count)
			}
		})
	}
}

// What was resolved is put in place; what failed stays.
func TestSubstitution(t *testing.T) {
	command := script(t, 0o700, `echo '{"a":{"value":"12"},"n":{"value":"ENC[a]"}}'`)
	out, _, err, _ := resolving(Settings{Command: command}, "k: ENC[a]\nl: ['ENC[a]', 'ENC[gone]', 'x-ENC[a]']\nm: ENC[n]")
	if want := "k: \"12\"\nl:\n    - \"12\"\n    - ENC[gone]\n    - x-ENC[a]\nm: ENC[a]\n"; out != want || err == nil {
		t.Errorf("got %s, %v", out, err)
	}
	if err != nil && err.Error() != "could not resolve secret handle(s), see 'agent secret' for details" {
		t.Error(err)
	}
}

// A document that needs nothing costs nothing.
func TestNoExecution(t *testing.T) {
	for name, c := range map[string]struct {
		settings Settings
		document string
		outcomes string
		fails    bool
	}{
		"no handle":               {Settings{Command: "/gone/nowhere"}, "a: 1", "", false},
		"no backend":              {Settings{}, "a: ENC[x]", Literal, false},
		"no backend and a scalar": {Settings{}, "null", "", false},
		"a backend and a scalar":  {Settings{Command: "/gone/nowhere"}, "null", "", true},
		"a backend and no YAML":   {Settings{Command: "/gone/nowhere"}, "a: [", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			_, uses, err, r := resolving(c.settings, c.document)
			var outcomes string
			for _, use := range uses {
				outcomes += use.Outcome
			}
			if outcomes != c.outcomes || (err != nil) != c.fails || r.Status().Count != 0 {
				t.Errorf("got %v, %v", uses, err)
			}
		})
	}
}
