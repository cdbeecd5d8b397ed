package secrets

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// refreshablePaths are the only entries of the Agent's own settings that follow a changed secret: allowListPaths in
// comp/core/secrets/impl/secrets.go. Everything that Autodiscovery found always follows.
var refreshablePaths = []string{
	"api_key", "app_key", "additional_endpoints", "orchestrator_additional_endpoints", "profiling_additional_endpoints",
	"debugger_additional_endpoints", "debugger_diagnostics_additional_endpoints", "symdb_additional_endpoints",
}

// Reloaded is one handle whose value changed, and where it is used.
type Reloaded struct {
	Handle  string
	Origins []string
	// Known tells that there was a value before. Autodiscovery ignores a first value, so what failed to be scheduled
	// stays unscheduled (comp/core/autodiscovery/impl/autoconfig.go).
	Known  bool
	Hash   string
	places []place
}

// Reaches tells whether one entry of an origin follows the new value.
func (r Reloaded) Reaches(origin string, path []string) bool {
	at := place{origin, joined(path)}
	return slices.Contains(r.places, at) && at.refreshable()
}

// Refresh asks the backend again for every handle that is still used somewhere, including those it failed for before.
// Values that came are taken over even where others failed.
func (r *Resolver) Refresh() ([]Reloaded, error) {
	r.turn.Lock()
	defer r.turn.Unlock()
	handles := r.refreshable()
	if len(handles) == 0 || r.settings.Command == "" {
		return nil, nil
	}
	values, failures, err := r.fetch(handles)
	if err != nil {
		return nil, err
	}
	return r.adopt(values), joinFailures(failures)
}

func (r *Resolver) refreshable() []string {
	r.lock.Lock()
	defer r.lock.Unlock()
	var handles []string
	for _, handle := range sortedKeys(r.places) {
		if slices.ContainsFunc(r.places[handle], place.refreshable) {
			handles = append(handles, handle)
		}
	}
	return handles
}

func (r *Resolver) adopt(values map[string]string) []Reloaded {
	r.lock.Lock()
	defer r.lock.Unlock()
	var changed []Reloaded
	for _, handle := range sortedKeys(values) {
		old, known := r.cache[handle]
		if known && old == values[handle] {
			continue
		}
		r.cache[handle] = values[handle]
		reloaded := Reloaded{
			Handle: handle, Known: known, Hash: r.fingerprint(values[handle]), places: slices.Clone(r.places[handle]),
		}
		for _, at := range r.places[handle] {
			if at.refreshable() && !slices.Contains(reloaded.Origins, at.origin) {
				reloaded.Origins = append(reloaded.Origins, at.origin)
			}
		}
		changed = append(changed, reloaded)
	}
	return changed
}

func (p place) refreshable() bool {
	if p.origin != SettingsOrigin {
		return true
	}
	return slices.ContainsFunc(strings.Split(p.path, "/"), func(element string) bool {
		return slices.Contains(refreshablePaths, element)
	})
}

// RefreshPeriodically refreshes every secret_refresh_interval, the first time after a random part of it. It returns at
// once where that is off.
func (r *Resolver) RefreshPeriodically(refresh func()) {
	interval := time.Duration(r.settings.RefreshInterval) * time.Second
	if interval <= 0 {
		return
	}
	first := interval
	if r.settings.RefreshScatter {
		first = time.Second + rand.N(interval)
	}
	for time.Sleep(first); ; time.Sleep(interval) {
		refresh()
	}
}

// RemoveOrigin forgets that a configuration uses secrets. The values stay cached.
func (r *Resolver) RemoveOrigin(origin string) {
	r.lock.Lock()
	defer r.lock.Unlock()
	for handle, places := range r.places {
		left := slices.DeleteFunc(slices.Clone(places), func(at place) bool { return at.origin == origin })
		if len(left) == 0 {
			delete(r.places, handle)
			continue
		}
		r.places[handle] = left
	}
}

func (r *Resolver) remember(handle string, at place) {
	if !slices.Contains(r.places[handle], at) {
		r.places[handle] = append(r.places[handle], at)
	}
}

func joined(path []string) string { return strings.Join(path, "/") }

func joinFailures(failures map[string]error) error {
	all := make([]error, 0, len(failures))
	for _, handle := range sortedKeys(failures) {
		all = append(all, failures[handle])
	}
	return errors.Join(all...)
}
