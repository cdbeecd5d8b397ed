package secrethelper

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"enc-operator.io/e2e/agent/internal/kube"
	"enc-operator.io/e2e/agent/internal/secrets"
)

func secretsOf(namespace, name string) (map[string][]byte, error) {
	if err := pathSafe(namespace, name); err != nil {
		return nil, err
	}
	if namespace != "team" {
		return nil, errors.New(`secrets "` + name + `" is forbidden`)
	}
	return map[string][]byte{"key": []byte("value\n"), "": []byte("of no name")}, nil
}

// Every handle has its own answer, in the Agent's words.
func TestAnswers(t *testing.T) {
	dir := t.TempDir()
	for path, size := range map[string]int{"secret": 3, "limit": 8192, "large": 8193, "..data/mounted": 3} {
		path = filepath.Join(dir, path)
		_ = os.MkdirAll(filepath.Dir(path), 0o700)
		if err := os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"mounted": "..data/mounted", "away": "/etc/passwd", "dangling": "nothing"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		handle   string
		prefixes bool
		want     secrets.Verdict
	}{
		"a Secret's value is not trimmed":       {"k8s_secret@team/s/key", true, secrets.Verdict{Value: "value\n"}},
		"an empty key is a key":                 {"k8s_secret@team/s/", true, secrets.Verdict{Value: "of no name"}},
		"a key that is not there":               {"k8s_secret@team/s/other", true, secrets.Verdict{Error: "key other not found in secret team/s"}},
		"two parts":                             {"k8s_secret@team/s", true, secrets.Verdict{Error: `invalid format. Use: "namespace/name/key"`}},
		"four parts":                            {"k8s_secret@team/s/k/x", true, secrets.Verdict{Error: `invalid format. Use: "namespace/name/key"`}},
		"the API server's refusal":              {"k8s_secret@other/s/key", true, secrets.Verdict{Error: `secrets "s" is forbidden`}},
		"an empty namespace":                    {"k8s_secret@/s/key", true, secrets.Verdict{Error: "an empty namespace may not be set when a resource name is provided"}},
		"an empty name":                         {"k8s_secret@team//key", true, secrets.Verdict{Error: "resource name may not be empty"}},
		"a name that would climb":               {"k8s_secret@team/../key", true, secrets.Verdict{Error: `invalid resource name "..": [may not be '..']`}},
		"an unknown provider":                   {"vault@x", true, secrets.Verdict{Error: "provider not supported: vault"}},
		"the provider ends at the first @":      {"a@file@/x", true, secrets.Verdict{Error: "provider not supported: a"}},
		"a file":                                {"file@" + dir + "/secret", true, secrets.Verdict{Value: "xxx"}},
		"a file that is not there":              {"file@" + dir + "/none", true, secrets.Verdict{Error: "secret does not exist"}},
		"a mounted link":                        {"file@" + dir + "/mounted", true, secrets.Verdict{Value: "xxx"}},
		"a link to elsewhere":                   {"file@" + dir + "/away", true, secrets.Verdict{Error: `not following symlink "/etc/passwd" outside of "` + dir + `"`}},
		"a link to nothing":                     {"file@" + dir + "/dangling", true, secrets.Verdict{Error: "stat " + dir + "/dangling: no such file or directory"}},
		"a file as large as is allowed":         {"file@" + dir + "/limit", true, secrets.Verdict{Value: strings.Repeat("x", 8192)}},
		"a larger file":                         {"file@" + dir + "/large", true, secrets.Verdict{Error: "secret exceeds max allowed size"}},
		"a folder":                              {"file@" + dir, true, secrets.Verdict{Error: "read " + dir + ": is a directory"}},
		"no provider: below the folder":         {"secret", true, secrets.Verdict{Value: "xxx"}},
		"no provider: nothing keeps .. out":     {"..data/../secret", true, secrets.Verdict{Value: "xxx"}},
		"without prefixes a provider is a name": {"k8s_secret@team/s/key", false, secrets.Verdict{Error: "secret does not exist"}},
		"without prefixes: below the folder":    {"secret", false, secrets.Verdict{Value: "xxx"}},
	} {
		t.Run(name, func(t *testing.T) {
			request, _ := json.Marshal(map[string]any{"version": "1.1", "secrets": []string{c.handle}})
			var out strings.Builder
			if err := Run(strings.NewReader(string(request)), &out, dir, c.prefixes, secretsOf); err != nil {
				t.Fatal(err)
			}
			var answers map[string]secrets.Verdict
			if err := json.Unmarshal([]byte(out.String()), &answers); err != nil || answers[c.handle] != c.want {
				t.Errorf("got %s", out.String())
			}
		})
	}
}

// A request that cannot be answered at all ends the process with an error.
func TestRequests(t *testing.T) {
	for name, c := range map[string]struct{ request, message string }{
		"no JSON":            {"x", "failed to unmarshal json input"},
		"nothing":            {"", "failed to unmarshal json input"},
		"another major":      {`{"version":"2.0","secrets":["a"]}`, `incompatible protocol version "2.0"`},
		"no version":         {`{"secrets":["a"]}`, `incompatible protocol version ""`},
		"no secrets":         {`{"version":"1.1"}`, "no secrets listed in input"},
		"secrets of no list": {`{"version":"1.1","secrets":"a"}`, "failed to unmarshal json input"},
		"another minor":      {`{"version":"1.7","secrets":["x@"]}`, ""},
		"a field beyond":     {`{"version":"1.1","secret_backend_timeout":30,"secrets":["x@"]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			err := Run(strings.NewReader(c.request), &out, "", true, secretsOf)
			if c.message == "" && (err != nil || out.String() != `{"x@":{"error":"provider not supported: x"}}`) {
				t.Errorf("got %s, %v", out.String(), err)
			}
			if c.message != "" && (err == nil || err.Error() != c.message || out.String() != "") {
				t.Errorf("got %s, %v", out.String(), err)
			}
		})
	}
}

// The API server is asked with the token, and its Status message is the error.
func TestFromAPI(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer token" || r.URL.Path != "/api/v1/namespaces/team/secrets/s?x" {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"kind":"Status","message":"secrets \"s\" is forbidden"}`))
			return
		}
		_, _ = w.Write([]byte(`{"data":{"key":"djE="}}`))
	}))
	defer server.Close()
	dir := t.TempDir()
	_ = os.WriteFile(filepath.Join(dir, "token"), []byte("token\n"), 0o600)
	client := &kube.Client{Base: server.URL, TokenFile: filepath.Join(dir, "token"), HTTP: server.Client()}
	if data, err := dataOf(client, "team", "s?x"); err != nil || string(data["key"]) != "v1" {
		t.Errorf("got %v, %v", data, err)
	}
	if _, err := dataOf(client, "team", "s"); err == nil || err.Error() != `secrets "s" is forbidden` {
		t.Errorf("got %v", err)
	}
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	if _, err := FromAPI(dir)("team", "s"); !errors.Is(err, kube.ErrNotInCluster) {
		t.Errorf("outside of a pod: %v", err)
	}
}
