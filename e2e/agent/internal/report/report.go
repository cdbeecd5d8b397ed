// Package report tells tests what an Agent has resolved, over HTTP: never a value, only its keyed hash. It decides
// nothing and changes nothing but on POST /refresh.
package report

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"sort"
	"strings"

	"enc-operator.io/e2e/agent/internal/autodiscovery"
	"enc-operator.io/e2e/agent/internal/secrets"
)

// Entry is one handle at one place.
type Entry struct {
	Source    autodiscovery.Source `json:"source"`
	Config    string               `json:"config"`
	Path      string               `json:"path"`
	Handle    string               `json:"handle"`
	Outcome   string               `json:"outcome"`
	Error     string               `json:"error"`
	Hash      string               `json:"hash"`
	Hop       int                  `json:"hop"`
	Scheduled bool                 `json:"scheduled"`
}

// Refreshed is the answer to POST /refresh.
type Refreshed struct {
	Handles []string `json:"handles"`
	Text    string   `json:"text"`
	Error   string   `json:"error"`
}

// Agent is what is reported on.
type Agent interface {
	Resolutions() []autodiscovery.Resolution
	SettingsUses() []secrets.Use
	Problems() []autodiscovery.Problem
	Backend() secrets.Status
	Refresh() Refreshed
	Hash(value string) string
}

// Fingerprint returns the hash by which values are told: HMAC-SHA256 in hex, nothing where there is no key.
func Fingerprint(key string) func(string) string {
	return func(value string) string {
		if key == "" {
			return ""
		}
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(value))
		return hex.EncodeToString(mac.Sum(nil))
	}
}

// Handler serves the report. The probes' paths are those of the Agent's health port.
func Handler(agent Agent) http.Handler {
	mux := http.NewServeMux()
	for _, path := range []string{"/healthz", "/live", "/ready", "/startup"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	}
	mux.HandleFunc("GET /resolutions", answering(func() any { return entries(agent) }))
	mux.HandleFunc("GET /configurations", answering(func() any { return configurations(agent) }))
	mux.HandleFunc("GET /backend", answering(func() any { return agent.Backend() }))
	mux.HandleFunc("POST /refresh", answering(func() any { return agent.Refresh() }))
	return mux
}

func answering(answer func() any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		_ = encoder.Encode(answer()) // the reader went away
	}
}

func entries(agent Agent) []Entry {
	all := []Entry{}
	for _, use := range agent.SettingsUses() {
		source := autodiscovery.Source{Kind: "settings", Key: secrets.SettingsOrigin}
		all = append(all, entry(source, secrets.SettingsOrigin, "", use, 1, use.Outcome == secrets.Resolved))
	}
	for _, resolution := range agent.Resolutions() {
		for _, use := range resolution.Uses {
			one := entry(resolution.Source, resolution.Config.Name, use.Part, use.Use, hop(resolution), resolution.Runs(use.Part))
			all = append(all, one)
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].key() < all[j].key() })
	return all
}

func entry(source autodiscovery.Source, config, part string, use secrets.Use, hop int, scheduled bool) Entry {
	path := strings.Join(use.Path, "/")
	if part != "" {
		path = part + "/" + path
	}
	return Entry{
		Source: source, Config: config, Path: path, Handle: use.Handle, Outcome: use.Outcome, Error: use.Error,
		Hash: use.Hash, Hop: hop, Scheduled: scheduled,
	}
}

func (e Entry) key() string {
	s := e.Source
	return strings.Join([]string{s.Kind, s.Namespace, s.Name, s.UID, s.Container, s.Key, e.Config, e.Path, e.Handle}, "\x00")
}

// hop is 2 where another Agent has resolved before: what it dispatched may hold a value that is itself a handle.
func hop(resolution autodiscovery.Resolution) int {
	if resolution.Source.Kind == "dispatched" {
		return 2
	}
	return 1
}
