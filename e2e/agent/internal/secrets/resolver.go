package secrets

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"go.yaml.in/yaml/v3"
)

// SettingsOrigin is the origin the Agent gives to its own settings, whatever their file is called.
const SettingsOrigin = "datadog.yaml"

// errUnresolved is all that the newer Agents say outside of `agent secret`.
var errUnresolved = errors.New("could not resolve secret handle(s), see 'agent secret' for details")

// Settings are the secret_* settings, read before anything is resolved.
type Settings struct {
	Command           string
	Arguments         []string
	Timeout           int // seconds
	OutputMax         int // bytes
	SkipChecks        bool
	AllowGroupExec    bool
	RemoveLineBreak   bool
	RefreshInterval   int // seconds, 0 is off
	RefreshScatter    bool
	ScopeToNamespace  bool
	AllowedNamespaces []string
	ImageToHandle     map[string][]string
}

// Asker is on whose behalf a document is resolved. Image and Namespace are empty where the Agent knows none, and then
// nothing is scoped.
type Asker struct {
	Origin    string
	Image     string
	Namespace string
}

// Outcomes of one handle at one place.
const (
	Resolved = "resolved"
	Failed   = "failed"
	Refused  = "refused"
	Literal  = "literal"
)

// Use is one handle at one place of a document. It never holds the value, only its fingerprint.
type Use struct {
	Path    []string `json:"path"`
	Handle  string   `json:"handle"`
	Outcome string   `json:"outcome"`
	Error   string   `json:"error,omitempty"`
	Hash    string   `json:"hash,omitempty"`
}

type place struct {
	origin string
	path   string
}

// Resolver resolves documents and caches by handle for the life of the process.
type Resolver struct {
	settings    Settings
	fingerprint func(string) string

	turn sync.Mutex // one run of the backend at a time; the state stays readable meanwhile

	lock       sync.Mutex
	cache      map[string]string
	places     map[string][]place
	unresolved map[string]struct{}
	executions []Execution
	tally      tally
}

// NewResolver returns a Resolver that hashes values with fingerprint wherever it tells of them.
func NewResolver(settings Settings, fingerprint func(string) string) *Resolver {
	if settings.Timeout == 0 {
		settings.Timeout = DefaultTimeout
	}
	if settings.OutputMax == 0 {
		settings.OutputMax = DefaultOutputMax
	}
	return &Resolver{
		settings: settings, fingerprint: fingerprint,
		cache: map[string]string{}, places: map[string][]place{}, unresolved: map[string]struct{}{},
	}
}

// SkipsChecks tells whether secret_backend_skip_checks is set.
func (r *Resolver) SkipsChecks() bool { return r.settings.SkipChecks }

// Resolve replaces the handles of one YAML document: one run of the backend for its distinct uncached handles. On
// failures the document comes back with what could be resolved, and an error. Without a backend it is a no-op.
func (r *Resolver) Resolve(document []byte, by Asker) ([]byte, []Use, error) {
	if document == nil {
		return nil, nil, nil
	}
	if r.settings.Command == "" {
		return document, Uses(document), nil
	}
	r.turn.Lock()
	defer r.turn.Unlock()
	var tree any
	if err := yaml.Unmarshal(document, &tree); err != nil {
		return nil, nil, fmt.Errorf("could not Unmarshal config: %s", err)
	}
	uses, wanted, err := r.survey(tree, by)
	if err != nil || len(uses) == 0 {
		return document, nil, err
	}
	failures, err := r.obtain(wanted, by.Origin)
	r.substitute(tree, uses, failures, by)
	resolved, marshalErr := yaml.Marshal(tree)
	if marshalErr != nil {
		return nil, uses, fmt.Errorf("could not Marshal config after replacing encrypted secrets: %s", marshalErr)
	}
	return resolved, uses, err
}

// survey lists the handles of a document, remembers where they stand, and returns those the backend must be asked for.
func (r *Resolver) survey(tree any, by Asker) (uses []Use, wanted []string, err error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	err = walk(tree, func(path []string, text string) string {
		handle, found := HandleIn(text)
		if !found {
			return text
		}
		if why := r.denied(handle, by); why != "" {
			r.unresolved[why] = struct{}{}
			uses = append(uses, Use{Path: path, Handle: handle, Outcome: Refused, Error: why})
			return text
		}
		r.remember(handle, place{by.Origin, joined(path)})
		uses = append(uses, Use{Path: path, Handle: handle})
		if _, cached := r.cache[handle]; !cached && !slices.Contains(wanted, handle) {
			wanted = append(wanted, handle)
		}
		return text
	})
	return uses, wanted, err
}

// obtain fills the cache. Failures are not cached: the next document that holds the handle asks again.
func (r *Resolver) obtain(wanted []string, origin string) (failures map[string]error, err error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	values, failures, err := r.fetch(wanted)
	r.lock.Lock()
	defer r.lock.Unlock()
	if err != nil {
		r.unresolved[fmt.Sprintf("from '%s': %s", origin, err)] = struct{}{}
		failures = map[string]error{}
		for _, handle := range wanted {
			failures[handle] = err
		}
		return failures, errUnresolved
	}
	for handle, value := range values {
		r.cache[handle] = value
	}
	for _, failure := range failures {
		r.unresolved[fmt.Sprintf("'%s' %s", origin, failure)] = struct{}{}
	}
	if len(failures) > 0 {
		return failures, errUnresolved
	}
	return nil, nil
}

// substitute puts the values into the document and the outcomes into its uses. One pass: a value that is itself a handle
// stays as it is.
func (r *Resolver) substitute(tree any, uses []Use, failures map[string]error, by Asker) {
	r.lock.Lock()
	defer r.lock.Unlock()
	_ = walk(tree, func(_ []string, text string) string {
		handle, found := HandleIn(text)
		value, cached := r.cache[handle]
		if !found || !cached || r.denied(handle, by) != "" {
			return text
		}
		return value
	})
	for index, use := range uses {
		value, cached := r.cache[use.Handle]
		switch {
		case use.Outcome == Refused:
		case cached:
			uses[index].Outcome, uses[index].Hash = Resolved, r.fingerprint(value)
		default:
			uses[index].Outcome, uses[index].Error = Failed, fmt.Sprint(failures[use.Handle])
		}
	}
}

// Uses lists the handles of a document that nobody resolves here, as literal. Unreadable documents have none.
func Uses(document []byte) []Use {
	var tree any
	if yaml.Unmarshal(document, &tree) != nil {
		return nil
	}
	var uses []Use
	_ = walk(tree, func(path []string, text string) string {
		if handle, found := HandleIn(text); found {
			uses = append(uses, Use{Path: path, Handle: handle, Outcome: Literal})
		}
		return text
	})
	return uses
}
