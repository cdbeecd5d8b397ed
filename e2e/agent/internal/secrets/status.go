package secrets

import (
	"fmt"
	"strings"
)

// keptExecutions bounds what is remembered of single runs; the totals go on.
const keptExecutions = 200

// Status is the state of the backend, for the report.
type Status struct {
	Command     string         `json:"command"`
	Rights      string         `json:"rights"`
	RightsError string         `json:"rights_error,omitempty"`
	Count       int            `json:"executions"`
	ExitCodes   map[string]int `json:"exit_codes"`
	Runs        []Execution    `json:"runs"`
	StderrBytes int            `json:"last_stderr_bytes"`
	Cached      int            `json:"cached_handles"`
	Unresolved  []string       `json:"unresolved"`
	Text        string         `json:"agent_secret"`
}

type tally struct {
	count int
	codes map[string]int
}

func (r *Resolver) record(run Execution) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.executions = append(r.executions, run)
	if len(r.executions) > keptExecutions {
		r.executions = r.executions[1:]
	}
	r.tally.count++
	if r.tally.codes == nil {
		r.tally.codes = map[string]int{}
	}
	r.tally.codes[run.ExitCode]++
}

// Status describes the backend and its runs so far.
func (r *Resolver) Status() Status {
	r.lock.Lock()
	defer r.lock.Unlock()
	status := Status{
		Command: r.settings.Command, Rights: "ok", Count: r.tally.count, ExitCodes: map[string]int{},
		Runs: append([]Execution{}, r.executions...), Cached: len(r.cache), Unresolved: sortedKeys(r.unresolved),
	}
	for code, count := range r.tally.codes {
		status.ExitCodes[code] = count
	}
	if len(r.executions) > 0 {
		status.StderrBytes = r.executions[len(r.executions)-1].StderrBytes
	}
	if r.settings.Command == "" {
		status.Rights = "no backend"
	} else if err := checkRights(r.settings.Command, r.settings.AllowGroupExec); err != nil {
		status.Rights, status.RightsError = "refused", err.Error()
	}
	status.Text = r.text(status)
	return status
}

// text says what `agent secret` says, in the order of the Agent's template (comp/core/secrets/impl/status_templates).
func (r *Resolver) text(status Status) string {
	if r.settings.Command == "" {
		return "No secret_backend_command set: secrets feature is not enabled\n"
	}
	var out strings.Builder
	permissions := "OK, the executable has the correct permissions"
	if status.RightsError != "" {
		permissions = "error: the executable does not have the correct permissions"
	}
	fmt.Fprintf(&out, "=== Checking executable permissions ===\nExecutable path: %s\nExecutable permissions: %s\n",
		r.settings.Command, permissions)
	fmt.Fprintf(&out, "\nPermissions Detail:\n%s\n", rightsDetail(r.settings.Command))
	fmt.Fprintf(&out, "\n=== Secrets stats ===\nNumber of secrets resolved: %d\nSecrets handle resolved:\n", len(r.places))
	for _, handle := range sortedKeys(r.places) {
		writePlaces(&out, handle, r.places[handle])
	}
	if r.settings.RefreshInterval > 0 {
		fmt.Fprintf(&out, "\n'secret_refresh_interval' is enabled: every %ds\n", r.settings.RefreshInterval)
	} else {
		fmt.Fprint(&out, "\n'secret_refresh_interval' is disabled\n")
	}
	if len(status.Unresolved) > 0 {
		fmt.Fprintf(&out, "\nSecrets not resolved:\n  - %s\n", strings.Join(status.Unresolved, "\n  - "))
	}
	return out.String()
}

func writePlaces(out *strings.Builder, handle string, places []place) {
	fmt.Fprintf(out, "\n- '%s':\n", handle)
	for _, at := range places {
		fmt.Fprintf(out, "  - used in '%s' configuration in entry '%s'\n", at.origin, at.path)
	}
}

// RefreshText says what `agent secret refresh` says of what was reloaded.
func RefreshText(changed []Reloaded) string {
	if len(changed) == 0 {
		return ""
	}
	var out strings.Builder
	fmt.Fprintf(&out, "=== Secret stats ===\nNumber of secrets reloaded: %d\nSecrets handle reloaded:\n", len(changed))
	for _, reloaded := range changed {
		writePlaces(&out, reloaded.Handle, reloaded.places)
	}
	return out.String()
}
