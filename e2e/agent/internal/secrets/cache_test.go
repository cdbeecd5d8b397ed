package secrets

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// answers is a backend that gives what a file holds.
type answers struct {
	t    *testing.T
	path string
}

func newAnswers(t *testing.T) (answers, string) {
	path := filepath.Join(t.TempDir(), "answer")
	return answers{t, path}, script(t, 0o700, "cat "+path)
}

func (a answers) are(text string) {
	if err := os.WriteFile(a.path, []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// Values are cached by handle for the whole process, failures are not.
func TestCache(t *testing.T) {
	backend, command := newAnswers(t)
	r := NewResolver(Settings{Command: command}, shown)
	resolve := func(document string) (string, error) {
		out, _, err := r.Resolve([]byte(document), Asker{Origin: document})
		return strings.TrimSpace(string(out)), err
	}
	backend.are(`{"a":{"value":"1"},"b":{"error":"not yet"}}`)
	if out, err := resolve("x: ENC[a]\ny: ENC[b]"); err == nil || !strings.Contains(out, `x: "1"`) {
		t.Errorf("one of two: %s, %v", out, err)
	}
	backend.are(`{"a":{"value":"changed"},"b":{"value":"2"}}`)
	if out, err := resolve("y: ENC[b]\nx: ENC[a]"); err != nil || out != "x: \"1\"\n\"y\": \"2\"" {
		t.Errorf("the other one, asked for again: %s, %v", out, err)
	}
	if _, err := resolve("z: ENC[a]"); err != nil || r.Status().Count != 2 {
		t.Errorf("a cached one runs nothing: %d, %v", r.Status().Count, err)
	}
}

// A refresh reads what is still used, and says where a changed value reaches.
func TestRefresh(t *testing.T) {
	backend, command := newAnswers(t)
	r := NewResolver(Settings{Command: command}, shown)
	backend.are(`{"check":{"value":"1"},"key":{"value":"1"},"site":{"value":"1"},"late":{"error":"no"},"gone":{"value":"1"}}`)
	for origin, document := range map[string]string{
		"digest": "a: ENC[check]\nb: ENC[late]", SettingsOrigin: "api_key: ENC[key]\nsite: ENC[site]", "old": "a: ENC[gone]",
	} {
		_, _, _ = r.Resolve([]byte(document), Asker{Origin: origin})
	}
	r.RemoveOrigin("old")
	backend.are(`{"check":{"value":"2"},"key":{"value":"2"},"site":{"value":"2"},"late":{"value":"2"},"gone":{"value":"2"}}`)
	changed, err := r.Refresh()
	var got []string
	for _, one := range changed {
		got = append(got, fmt.Sprintf("%s %v %v", one.Handle, one.Origins, one.Known))
	}
	if want := []string{"check [digest] true", "key [datadog.yaml] true", "late [digest] false"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if text := RefreshText(changed); !strings.Contains(text, "Number of secrets reloaded: 3") ||
		!strings.Contains(text, "used in 'datadog.yaml' configuration in entry 'api_key'") {
		t.Errorf("got %s", text)
	}
	if !changed[1].Reaches(SettingsOrigin, []string{"api_key"}) || changed[1].Reaches(SettingsOrigin, []string{"site"}) {
		t.Error("the api_key follows, the site does not")
	}
	backend.are(`{"check":{"value":"3"},"key":{"error":"away"},"late":{"value":"2"}}`)
	changed, err = r.Refresh()
	if len(changed) != 1 || err == nil || !strings.Contains(err.Error(), "resolving 'key': away") {
		t.Errorf("one came, one failed: %v, %v", changed, err)
	}
	if out, _, _ := r.Resolve([]byte("k: ENC[key]"), Asker{}); string(out) != "k: \"2\"\n" {
		t.Errorf("what failed keeps its value: %s", out)
	}
}

// Scoping is decided by what the handle and the asker say, by the Agent's table.
func TestScoping(t *testing.T) {
	scoped := Settings{ScopeToNamespace: true}
	listed := Settings{AllowedNamespaces: []string{"shared"}}
	images := Settings{ImageToHandle: map[string][]string{"nginx": {"a"}}}
	for name, c := range map[string]struct {
		settings Settings
		handle   string
		by       Asker
		refused  bool
	}{
		"the own namespace":                                 {scoped, "k8s_secret@team/s/k", Asker{Namespace: "team"}, false},
		"another namespace":                                 {scoped, "k8s_secret@other/s/k", Asker{Namespace: "team"}, true},
		"nothing known of the asker":                        {scoped, "k8s_secret@other/s/k", Asker{}, false},
		"another provider is not scoped":                    {scoped, "file@/etc/x", Asker{Namespace: "team"}, false},
		"a handle with a semicolon is scoped by its front":  {scoped, "other/s;k", Asker{Namespace: "team"}, true},
		"that of the own namespace":                         {scoped, "team/s;k", Asker{Namespace: "team"}, false},
		"one of any other backend too":                      {scoped, "foo;key", Asker{Namespace: "team"}, true},
		"a file with a semicolon too":                       {scoped, "file@/etc/x;y", Asker{Namespace: "team"}, true},
		"upper case is another namespace":                   {scoped, "k8s_secret@Team/s/k", Asker{Namespace: "team"}, true},
		"an empty namespace is none":                        {scoped, "k8s_secret@/s/k", Asker{Namespace: "team"}, false},
		"an empty namespace falls back to the semicolon":    {scoped, "k8s_secret@/s/k;x", Asker{Namespace: "team"}, true},
		"no slash: the whole rest is the namespace":         {scoped, "k8s_secret@team", Asker{Namespace: "team"}, false},
		"a listed namespace":                                {listed, "k8s_secret@shared/s/k", Asker{Namespace: "team"}, false},
		"a namespace that is not listed, even the own":      {listed, "k8s_secret@team/s/k", Asker{Namespace: "team"}, true},
		"an image with the handle":                          {images, "a", Asker{Image: "nginx"}, false},
		"an image with another handle":                      {images, "b", Asker{Image: "nginx"}, true},
		"an image that is not listed":                       {images, "a", Asker{Image: "redis"}, true},
		"no image":                                          {images, "b", Asker{}, false},
		"nothing set":                                       {Settings{}, "k8s_secret@other/s/k", Asker{Namespace: "team", Image: "x"}, false},
		"the list does not widen the own-namespace setting": {Settings{ScopeToNamespace: true, AllowedNamespaces: []string{"shared"}}, "k8s_secret@shared/s/k", Asker{Namespace: "team"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			c.settings.Command = script(t, 0o700, fmt.Sprintf(`echo '{"%s":{"value":"v"}}'`, c.handle))
			r := NewResolver(c.settings, shown)
			out, uses, err := r.Resolve([]byte("x: ENC["+c.handle+"]"), c.by)
			if err != nil || (uses[0].Outcome == Refused) != c.refused || strings.Contains(string(out), "ENC[") != c.refused {
				t.Errorf("got %s %v %v", out, uses, err)
			}
			if c.refused && (r.Status().Count != 0 || !strings.Contains(r.Status().Text, "can't access")) {
				t.Error("a refused handle is listed, and never asked for")
			}
		})
	}
}
