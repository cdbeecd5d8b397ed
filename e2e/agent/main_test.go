package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"enc-operator.io/e2e/agent/internal/flavour"
)

// Of the flags that the real programs are started with, only the settings' folder counts.
func TestCommandLine(t *testing.T) {
	for name, c := range map[string]struct{ line, want string }{
		"the command alone":         {"run", "[run] "},
		"a folder of settings":      {"run -c /x", "[run] /x"},
		"joined with its flag":      {"start --cfgpath=/x -v", "[start] /x"},
		"a helper with its folder":  {"secret-helper read /s --with-provider-prefixes", "[secret-helper read /s] "},
		"the flag before the words": {"-c /x run", "[run] /x"},
		"a flag without its value":  {"run -c", "[run] "},
	} {
		t.Run(name, func(t *testing.T) {
			words, dir := withoutFlags(strings.Fields(c.line))
			if got := fmt.Sprint(words, " ", dir); got != c.want {
				t.Errorf("got %q", got)
			}
		})
	}
	for line, message := range map[string]string{
		"agent": "usage: ", "agent hello": "usage: ", "agent secret-helper read a b": "accepts at most 1 arg(s), received 2",
	} {
		if err := command(strings.Fields(line)); err == nil || !strings.HasPrefix(err.Error(), message) {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// The Agent's own folder is read, and what the image's start script copies over it.
func TestReadFiles(t *testing.T) {
	for process, want := range map[flavour.Process]string{
		flavour.Node: "[redis a: mounted | other a: own]", flavour.Cluster: "[redis a: mounted | other a: own | extra a: default]",
	} {
		mounted := t.TempDir()
		a, _ := started(t, process, nil, map[string]string{})
		own := filepath.Join(a.flavour.ConfigDir, "conf.d")
		must(t, os.MkdirAll(own, 0o700))
		for path, text := range map[string]string{
			own + "/redis.yaml": "a: own", own + "/other.yaml": "a: own", mounted + "/redis.yaml": "a: mounted",
			mounted + "/extra.yaml.default": "a: default",
		} {
			must(t, os.WriteFile(path, []byte("instances: [{"+text+"}]"), 0o600))
		}
		must(t, os.WriteFile(own+"/bad.yaml", []byte("instances: ["), 0o600))
		t.Setenv("ENC_E2E_CONFD", mounted)
		var found []string
		for _, config := range a.readFiles() {
			found = append(found, config.Name+" "+strings.TrimSpace(string(config.Instances[0])))
		}
		got := strings.Join(found, " | ")
		for _, part := range strings.Split(strings.Trim(want, "[]"), " | ") {
			if !strings.Contains(got, part) {
				t.Errorf("%s: no %s in %s", process, part, got)
			}
		}
		if problems := a.Problems(); len(found) != strings.Count(want, "|")+1 || len(problems) != 1 || problems[0].Source.Key != "bad" {
			t.Errorf("%s: got %s, %v", process, got, problems)
		}
	}
}

// The report has the tests' port, else the Agent's health port, else 5555.
func TestReportPort(t *testing.T) {
	for _, c := range []struct{ own, health, want string }{{"1", "2", "1"}, {"", "2", "2"}, {"", "", "5555"}, {"", "0", "5555"}} {
		t.Setenv("ENC_E2E_REPORT_PORT", c.own)
		if got := reportPort(c.health); got != c.want {
			t.Errorf("%v: got %s", c, got)
		}
	}
}

// A handle in the settings that fails keeps the process from starting.
func TestSettingsFailure(t *testing.T) {
	_, err := newAgent(flavour.Datadog, flavour.Node, func(name string) (string, bool) {
		value, found := map[string]string{"DD_API_KEY": "ENC[a]", "DD_SECRET_BACKEND_COMMAND": "/gone/nowhere"}[name]
		return value, found
	})
	if err == nil || !strings.HasPrefix(err.Error(), "unable to decrypt secret from datadog.yaml: ") {
		t.Errorf("got %v", err)
	}
}

// The path that a program is started by tells what it is.
func TestFlavours(t *testing.T) {
	for program, want := range map[string]struct {
		override string
		prefix   string
		process  flavour.Process
		file     string
	}{
		"/opt/datadog-agent/bin/agent/agent":                 {"", "DD_", flavour.Node, "datadog.yaml"},
		"/opt/datadog-agent/bin/datadog-cluster-agent":       {"", "DD_", flavour.Cluster, "datadog-cluster.yaml"},
		"/opt/stackstate-agent/bin/agent/agent":              {"", "STS_", flavour.Node, "stackstate.yaml"},
		"/opt/stackstate-agent/bin/stackstate-cluster-agent": {"", "STS_", flavour.Cluster, "stackstate-cluster.yaml"},
		"agent":        {"stackstate", "STS_", flavour.Node, "stackstate.yaml"},
		"trace-loader": {"", "DD_", flavour.Beside, "datadog.yaml"},
		"/opt/stackstate-agent/embedded/bin/process-agent": {"", "STS_", flavour.Beside, "stackstate.yaml"},
		"system-probe": {"", "DD_", flavour.Idle, "datadog.yaml"},
		"/opt/stackstate-agent/bin/agent/agent of the tests'": {"datadog", "DD_", flavour.Node, "datadog.yaml"},
	} {
		f, process := flavour.Of(program, want.override)
		if f.EnvPrefix != want.prefix || process != want.process || f.ConfigFile(process) != want.file {
			t.Errorf("%s: got %v %v", program, f, process)
		}
	}
}
