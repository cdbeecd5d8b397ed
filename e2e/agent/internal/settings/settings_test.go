package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"enc-operator.io/e2e/agent/internal/secrets"
)

// reading merges a file with variables.
func reading(t *testing.T, file string, variables map[string]string) *Settings {
	t.Helper()
	path := filepath.Join(t.TempDir(), "datadog.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Read(path, "DD_", func(name string) (string, bool) { value, found := variables[name]; return value, found })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Handles count in the file, and in variables that are bound to a setting and win.
func TestHandlesInSettings(t *testing.T) {
	for name, c := range map[string]struct {
		file      string
		variables map[string]string
		paths     string
	}{
		"in the file":                        {"api_key: ENC[a]", nil, "api_key"},
		"in a variable":                      {"", map[string]string{"DD_API_KEY": "ENC[a]"}, "api_key"},
		"a variable wins over the file":      {"api_key: ENC[a]", map[string]string{"DD_API_KEY": "plain"}, ""},
		"an empty variable is none":          {"api_key: ENC[a]", map[string]string{"DD_API_KEY": ""}, "api_key"},
		"an unknown variable is no setting":  {"", map[string]string{"DD_ANYTHING": "ENC[a]"}, ""},
		"another prefix is no setting":       {"", map[string]string{"STS_API_KEY": "ENC[a]"}, ""},
		"JSON in a variable is decoded":      {"", map[string]string{"DD_ADDITIONAL_ENDPOINTS": `{"https://x":["ENC[a]","ENC[b]"]}`}, "additional_endpoints/https://x/0 additional_endpoints/https://x/1"},
		"a list in a variable":               {"", map[string]string{"DD_TAGS": "a:1 ENC[a]"}, "tags/1"},
		"a list as JSON in a variable":       {"", map[string]string{"DD_TAGS": `["ENC[a]"]`}, "tags/0"},
		"a nested setting's variable":        {"", map[string]string{"DD_LOGS_CONFIG_API_KEY": "ENC[a]"}, "logs_config/api_key"},
		"a renamed variable":                 {"", map[string]string{"DD_APM_ADDITIONAL_ENDPOINTS": `{"x":["ENC[a]"]}`}, "apm_config/additional_endpoints/x/0"},
		"unknown keys of the file count too": {"my: {own: [ENC, 'ENC[a]']}", nil, "my/own/1"},
		"an escape in the file":              {`api_key: "\x45NC[a]"`, nil, "api_key"},
	} {
		t.Run(name, func(t *testing.T) {
			s := reading(t, c.file, c.variables)
			if err := s.Resolve(secrets.NewResolver(secrets.Settings{}, nil)); err != nil {
				t.Fatal(err)
			}
			var paths []string
			for _, use := range s.Uses() {
				paths = append(paths, strings.Join(use.Path, "/"))
			}
			if got := strings.Join(paths, " "); got != c.paths {
				t.Errorf("got %q", got)
			}
		})
	}
}

// A handle that fails ends the start.
func TestFailureEndsTheStart(t *testing.T) {
	s := reading(t, "api_key: ENC[a]", nil)
	err := s.Resolve(secrets.NewResolver(secrets.Settings{Command: "/gone/nowhere"}, nil))
	if err == nil || !strings.HasPrefix(err.Error(), "unable to decrypt secret from datadog.yaml: ") {
		t.Errorf("got %v", err)
	}
}

// The settings of the backend are read from either place.
func TestSecretSettings(t *testing.T) {
	got := reading(t, "secret_backend_timeout: 5\nsecret_backend_arguments: [a]\nsecret_image_to_handle: {nginx: [h]}", map[string]string{
		"DD_SECRET_BACKEND_COMMAND": "/x", "DD_SECRET_BACKEND_ARGUMENTS": "b c", "DD_SECRET_REFRESH_SCATTER": "false",
		"DD_SECRET_SCOPE_INTEGRATION_TO_THEIR_K8S_NAMESPACE": "true", "DD_SECRET_ALLOWED_K8S_NAMESPACE": "n m",
		"DD_SECRET_BACKEND_OUTPUT_MAX_SIZE": "99", "DD_SECRET_BACKEND_SKIP_CHECKS": "1", "DD_SECRET_REFRESH_INTERVAL": "60",
	}).Secrets()
	if got.Command != "/x" || strings.Join(got.Arguments, " ") != "b c" || got.Timeout != 5 || got.OutputMax != 99 ||
		!got.ScopeToNamespace || len(got.AllowedNamespaces) != 2 || got.ImageToHandle["nginx"][0] != "h" || !got.SkipChecks ||
		got.RefreshInterval != 60 || got.RefreshScatter {
		t.Errorf("got %+v", got)
	}
	if got := reading(t, "", nil).Secrets(); got.Timeout != 30 || got.OutputMax != 1<<20 || !got.RefreshScatter || got.AllowGroupExec {
		t.Errorf("defaults: %+v", got)
	}
}
