package main

import (
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"enc-operator.io/e2e/agent/internal/autodiscovery"
	"enc-operator.io/e2e/agent/internal/flavour"
	"enc-operator.io/e2e/agent/internal/report"
	"enc-operator.io/e2e/agent/internal/secrets"
	"enc-operator.io/e2e/agent/internal/settings"
)

const (
	defaultReportPort = "5555"
	defaultPoll       = time.Second
	headerTimeout     = 10 * time.Second
)

// agent is what both processes have in common.
type agent struct {
	flavour     flavour.Flavour
	process     flavour.Process
	settings    *settings.Settings
	resolver    *secrets.Resolver
	manager     *autodiscovery.Manager
	environment autodiscovery.Environment
	hash        func(string) string

	lock     sync.Mutex
	problems map[string][]autodiscovery.Problem // by where they were found
}

// newAgent reads and resolves the Agent's own settings. What fails there ends the process, as in the Agent.
func newAgent(f flavour.Flavour, process flavour.Process, lookup func(string) (string, bool)) (*agent, error) {
	read, err := settings.Read(filepath.Join(f.ConfigDir, f.ConfigFile(process)), f.EnvPrefix, lookup)
	if err != nil {
		return nil, err
	}
	key, _ := lookup("ENC_E2E_HASH_KEY")
	hash := report.Fingerprint(key)
	resolver := secrets.NewResolver(read.Secrets(), hash)
	if err := read.Resolve(resolver); err != nil {
		for _, reason := range resolver.Status().Unresolved {
			slog.Error("secret not resolved", "reason", reason)
		}
		return nil, err
	}
	environment := autodiscovery.Environment{
		Lookup: lookup, Disabled: read.Flag("ad_disable_env_var_resolution", false), Allowed: read.Words("ad_allowed_env_vars"),
	}
	return &agent{
		flavour: f, process: process, settings: read, resolver: resolver, environment: environment, hash: hash,
		manager: autodiscovery.NewManager(resolver, environment), problems: map[string][]autodiscovery.Problem{},
	}, nil
}

func runAgent(f flavour.Flavour, process flavour.Process) error {
	a, err := newAgent(f, process, os.LookupEnv)
	if err != nil {
		return err
	}
	go a.resolver.RefreshPeriodically(func() { a.Refresh() })
	port := reportPort(a.settings.Text("health_port"))
	failed := make(chan error, 1)
	go func() { failed <- serve(":"+port, report.Handler(a)) }()
	slog.Info("started", "process", string(process), "report", port)
	files := a.readFiles()
	if process == flavour.Cluster {
		go func() { failed <- a.dispatch() }()
		go a.followCluster(files)
	} else {
		go a.followNode(files)
	}
	return <-failed
}

func serve(address string, handler http.Handler) error {
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: headerTimeout}
	return server.ListenAndServe()
}

// reportPort is the setting of the tests, else the Agent's health port, so that probes find what they expect.
func reportPort(healthPort string) string {
	for _, port := range []string{os.Getenv("ENC_E2E_REPORT_PORT"), healthPort} {
		if port != "" && port != "0" {
			return port
		}
	}
	return defaultReportPort
}

func pollInterval() time.Duration {
	if interval, err := time.ParseDuration(os.Getenv("ENC_E2E_POLL_INTERVAL")); err == nil && interval > 0 {
		return interval
	}
	return defaultPoll
}

// readFiles reads the configuration files once, as the Agent does. /conf.d is what the image's start script copies over
// the Agent's own folder.
func (a *agent) readFiles() []autodiscovery.Config {
	own := a.settings.Text("confd_path")
	if own == "" {
		own = filepath.Join(a.flavour.ConfigDir, "conf.d")
	}
	mounted := autodiscovery.Folder{Path: "/conf.d", Copied: []string{".yaml"}}
	if a.process == flavour.Cluster {
		mounted.Copied = append(mounted.Copied, ".yaml.default")
	}
	if path := os.Getenv("ENC_E2E_CONFD"); path != "" {
		mounted.Path = path
	}
	configs, failures := autodiscovery.ReadFiles([]autodiscovery.Folder{{Path: own}, mounted}, a.environment)
	var problems []autodiscovery.Problem
	for name, err := range failures {
		slog.Warn("not a valid config file", "check", name, "error", err)
		problems = append(problems, autodiscovery.Problem{
			Source: autodiscovery.Source{Kind: "file", Key: name}, Message: err.Error(),
		})
	}
	a.setProblems("files", problems)
	return configs
}

func (a *agent) setProblems(where string, problems []autodiscovery.Problem) {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.problems[where] = problems
}

// Resolutions is what became of the configurations.
func (a *agent) Resolutions() []autodiscovery.Resolution { return a.manager.Resolutions() }

// SettingsUses are the handles of the Agent's own settings.
func (a *agent) SettingsUses() []secrets.Use { return a.settings.Uses() }

// Backend is the state of the secrets backend.
func (a *agent) Backend() secrets.Status { return a.resolver.Status() }

// Hash is what is told in place of a value.
func (a *agent) Hash(value string) string { return a.hash(value) }

// Problems are the configuration errors, files first.
func (a *agent) Problems() []autodiscovery.Problem {
	a.lock.Lock()
	defer a.lock.Unlock()
	all := []autodiscovery.Problem{}
	for _, where := range []string{"files", "live"} {
		all = append(all, a.problems[where]...)
	}
	slices.SortStableFunc(all, func(x, y autodiscovery.Problem) int { return strings.Compare(x.Message, y.Message) })
	return all
}

// Refresh reads all known handles again and adds the configurations that use a changed one anew. A handle that had no
// value before changes nothing, as in the Agent.
func (a *agent) Refresh() report.Refreshed {
	changed, err := a.resolver.Refresh()
	answer := report.Refreshed{Handles: []string{}, Text: secrets.RefreshText(changed)}
	if err != nil {
		answer.Error = err.Error()
		slog.Info("error with refreshing secrets", "error", err)
	}
	var origins []string
	for _, reloaded := range changed {
		answer.Handles = append(answer.Handles, reloaded.Handle)
		if reloaded.Known {
			origins = append(origins, reloaded.Origins...)
		}
	}
	a.settings.Follow(changed)
	a.manager.Reload(origins)
	return answer
}

// poll repeats a step for ever and logs an error once, until another comes.
func poll(what string, step func() error) {
	last := errors.New("")
	for ; ; time.Sleep(pollInterval()) {
		err := step()
		if err != nil && err.Error() != last.Error() {
			slog.Error("cannot "+what, "error", err)
			last = err
		}
		if err == nil {
			last = errors.New("")
		}
	}
}
