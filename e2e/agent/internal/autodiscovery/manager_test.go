package autodiscovery

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"enc-operator.io/e2e/agent/internal/flavour"
	"enc-operator.io/e2e/agent/internal/kube"
	"enc-operator.io/e2e/agent/internal/secrets"
)

func value(t *testing.T, document []byte, key string) any {
	t.Helper()
	var tree map[string]any
	if err := yaml.Unmarshal(document, &tree); err != nil {
		t.Fatal(err)
	}
	return tree[key]
}

// backend is an executable that answers with the content of a file, `{}` at first.
func backend(t *testing.T) (command, answer string) {
	t.Helper()
	answer, command = filepath.Join(t.TempDir(), "answer"), filepath.Join(t.TempDir(), "backend")
	write(t, answer, "{}")
	write(t, command, "#!/bin/sh\ncat "+answer+"\n")
	if err := os.Chmod(command, 0o700); err != nil {
		t.Fatal(err)
	}
	return command, answer
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func managed(settings secrets.Settings) (*Manager, *secrets.Resolver) {
	resolver := secrets.NewResolver(settings, func(value string) string { return "#" + value })
	return NewManager(resolver, testEnvironment), resolver
}

// outcome spells what became of everything: name, scheduled or not, and every handle's outcome.
func outcome(m *Manager) string {
	var all []string
	for _, r := range m.Resolutions() {
		line := fmt.Sprintf("%s %v", r.Config.Name, r.Scheduled)
		for _, use := range r.Uses {
			line += fmt.Sprintf(" %s/%s=%s%s", use.Part, strings.Join(use.Path, "/"), use.Outcome, use.Hash)
		}
		all = append(all, line)
	}
	return strings.Join(all, "; ")
}

func pod(t *testing.T, annotations map[string]string, ready bool) kube.Pod {
	t.Helper()
	status := map[bool]string{true: "True", false: "False"}[ready]
	text := `{"metadata":{"name":"web-0","namespace":"team","uid":"u-1"},
		"spec":{"nodeName":"n1","containers":[{"name":"web","image":"registry:5000/x/nginx:1.2@sha256:0","ports":[{"containerPort":80}]},{"name":"new","image":"new"}],
			"initContainers":[{"name":"init","image":"busybox"}]},
		"status":{"phase":"Running","podIP":"10.0.0.7","conditions":[{"type":"Ready","status":"` + status + `"}],
			"containerStatuses":[{"name":"web","containerID":"containerd://1"},{"name":"new","containerID":""}],
			"initContainerStatuses":[{"name":"init","containerID":"containerd://0"}]}}`
	var p kube.Pod
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	p.Metadata.Annotations = annotations
	return p
}

func apply(m *Manager, found Found) {
	m.SetConfigs(FromContainer, found.Configs)
	m.SetServices("kubelet", found.Services)
}

// A pod's annotations are resolved for live containers, as far as the pod is ready.
func TestPods(t *testing.T) {
	const ad = "ad.datadoghq.com/"
	check := `{"redis":{"instances":[{"p":"ENC[a]"}]}}`
	for name, c := range map[string]struct {
		annotations map[string]string
		unready     bool
		settings    secrets.Settings
		want        string
	}{
		"a ready pod's check":                  {map[string]string{ad + "web.checks": check}, false, secrets.Settings{}, "redis true instances/0/p=resolved#1"},
		"an init container's check":            {map[string]string{ad + "init.checks": check}, false, secrets.Settings{}, "redis true instances/0/p=resolved#1"},
		"a container that never started":       {map[string]string{ad + "new.checks": check}, false, secrets.Settings{}, ""},
		"an unknown container":                 {map[string]string{ad + "x.checks": check}, false, secrets.Settings{}, ""},
		"an unready pod's check":               {map[string]string{ad + "web.checks": check}, true, secrets.Settings{}, "redis false"},
		"an unready pod that tolerates it":     {map[string]string{ad + "web.checks": check, ad + "tolerate-unready": "true"}, true, secrets.Settings{}, "redis true instances/0/p=resolved#1"},
		"an unready pod's logs":                {map[string]string{ad + "web.logs": `[{"p":"ENC[a]"}]`}, true, secrets.Settings{}, " true logs/0/p=resolved#1"},
		"an excluded container":                {map[string]string{ad + "web.checks": check, ad + "web.exclude": "true"}, false, secrets.Settings{}, ""},
		"a check.id":                           {map[string]string{ad + "web.check.id": "my", ad + "my.checks": check}, false, secrets.Settings{}, "redis true instances/0/p=resolved#1"},
		"the name behind a check.id":           {map[string]string{ad + "web.check.id": "my", ad + "web.checks": check}, false, secrets.Settings{}, ""},
		"one handle of two that fails":         {map[string]string{ad + "web.checks": `{"r":{"instances":[{"p":"ENC[a]"},{"p":"ENC[no]"}]}}`}, false, secrets.Settings{}, "r false instances/0/p=resolved#1 instances/1/p=failed"},
		"a null init_config with a backend":    {map[string]string{ad + "web.checks": `{"r":{"init_config":null,"instances":[{"p":"ENC[a]"}]}}`}, false, secrets.Settings{}, "r false"},
		"a variable that fails runs no script": {map[string]string{ad + "web.checks": `{"r":{"instances":[{"p":"ENC[a]","q":"%%nope%%"}]}}`}, false, secrets.Settings{}, "r false"},
		"checks are skipped":                   {map[string]string{ad + "web.checks": check}, false, secrets.Settings{SkipChecks: true}, "redis true instances/0/p=literal"},
		"scoped to the pod's namespace":        {map[string]string{ad + "web.checks": `{"r":{"instances":[{"p":"ENC[k8s_secret@other/s/k]"}]}}`}, false, secrets.Settings{ScopeToNamespace: true}, "r true instances/0/p=refused"},
		"scoped by the image's short name":     {map[string]string{ad + "web.checks": check}, false, secrets.Settings{ImageToHandle: map[string][]string{"nginx": {"a"}}}, "redis true instances/0/p=resolved#1"},
		"a tag that is a handle":               {map[string]string{ad + "web.tags": `{"ENC[t":"g]"}`, ad + "web.checks": `{"r":{"instances":[{}]}}`}, false, secrets.Settings{}, "r true instances/0/tags/0=resolved#3"},
	} {
		t.Run(name, func(t *testing.T) {
			command, answer := backend(t)
			write(t, answer, `{"a":{"value":"1"},"t:g":{"value":"3"}}`)
			c.settings.Command = command
			m, _ := managed(c.settings)
			apply(m, InPods([]kube.Pod{pod(t, c.annotations, !c.unready)}, flavour.Datadog))
			if got := outcome(m); got != c.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

// A failure is tried again when the pod changes, not when time passes; a container that goes takes its checks along.
func TestRetry(t *testing.T) {
	command, answer := backend(t)
	m, resolver := managed(secrets.Settings{Command: command})
	annotations := map[string]string{"ad.datadoghq.com/web.checks": `{"r":{"instances":[{"p":"ENC[a]"}]}}`}
	ready := InPods([]kube.Pod{pod(t, annotations, true)}, flavour.Datadog)
	apply(m, ready)
	write(t, answer, `{"a":{"value":"1"}}`)
	apply(m, ready)
	if got := outcome(m); got != "r false instances/0/p=failed" || resolver.Status().Count != 1 {
		t.Errorf("nothing changed: %s", got)
	}
	changed, _ := resolver.Refresh()
	if len(changed) != 1 || changed[0].Known || outcome(m) != "r false instances/0/p=failed" {
		t.Errorf("a refresh reads it, but nothing is scheduled: %v", changed)
	}
	apply(m, InPods([]kube.Pod{pod(t, annotations, false)}, flavour.Datadog))
	apply(m, ready)
	if got := outcome(m); got != "r true instances/0/p=resolved#1" {
		t.Errorf("the pod was unready and is ready: %s", got)
	}
	write(t, answer, `{"a":{"value":"2"}}`)
	changed, _ = resolver.Refresh()
	m.Reload(changed[0].Origins)
	if got := outcome(m); got != "r true instances/0/p=resolved#2" {
		t.Errorf("a changed value reaches it: %s", got)
	}
	apply(m, InPods(nil, flavour.Datadog))
	if got := outcome(m); got != "" {
		t.Errorf("the pod is gone: %s", got)
	}
	if changed, err := resolver.Refresh(); changed != nil || err != nil {
		t.Errorf("nobody uses the handle: %v", changed)
	}
}

// Files are read with the Agent's names, and their templates wait for a container.
func TestFiles(t *testing.T) {
	const plain = "instances: [{p: 'ENC[a]'}]\n"
	template := "ad_identifiers: [nginx]\n" + plain
	for name, c := range map[string]struct {
		files       map[string]string
		annotations map[string]string
		want        string
	}{
		"x.yaml":                               {map[string]string{"redis.yaml": plain}, nil, "redis true instances/0/p=resolved#1"},
		"x.d/any.yml":                          {map[string]string{"redis.d/x.yml": plain}, nil, "redis true instances/0/p=resolved#1"},
		"a deeper folder is not read":          {map[string]string{"redis.d/x.d/x.yaml": plain}, nil, ""},
		"a folder of another name is not read": {map[string]string{"redis/x.yaml": plain}, nil, ""},
		"another ending is not read":           {map[string]string{"redis.json": plain}, nil, ""},
		"a default":                            {map[string]string{"redis.d/conf.yaml.default": plain}, nil, "redis true instances/0/p=resolved#1"},
		"a default beside a real one":          {map[string]string{"redis.d/conf.yaml.default": plain, "redis.yaml": "instances: [{q: 'ENC[a]'}]"}, nil, "redis true instances/0/q=resolved#1"},
		"a cluster check in the node's folder": {map[string]string{"redis.yaml": "cluster_check: true\n" + plain}, nil, "redis true instances/0/p=resolved#1"},
		"instances that fail are left out":     {map[string]string{"redis.yaml": "instances: [{p: 'ENC[a]'}, {p: 'ENC[no]'}]"}, nil, "redis true instances/0/p=resolved#1 instances/1/p=failed"},
		"all instances fail":                   {map[string]string{"redis.yaml": "instances: [{p: 'ENC[no]'}]"}, nil, "redis false instances/0/p=failed"},
		"init_config fails":                    {map[string]string{"redis.yaml": "init_config: {p: 'ENC[no]'}\n" + plain}, nil, "redis false init_config/p=failed"},
		"no instance, logs, or metrics":        {map[string]string{"redis.yaml": "init_config: {p: 'ENC[a]'}"}, nil, ""},
		"logs":                                 {map[string]string{"redis.yaml": "logs: [{p: 'ENC[a]'}]"}, nil, "redis true logs/logs/0/p=resolved#1"},
		"jmx_metrics":                          {map[string]string{"redis.yaml": "jmx_metrics: [{p: 'ENC[a]'}]\n" + plain}, nil, "redis true instances/0/p=resolved#1 jmx_metrics/0/p=resolved#1"},
		"the environment":                      {map[string]string{"redis.yaml": "instances: [{p: '%%env_HANDLE%%'}]"}, nil, "redis false instances/0/p=failed"},
		"an escape":                            {map[string]string{"redis.yaml": `instances: [{p: "\x45NC[a]"}]`}, nil, "redis true instances/0/p=resolved#1"},
		"a template for an image's short name": {map[string]string{"redis.yaml": template}, map[string]string{}, "redis true instances/0/p=resolved#1"},
		"a template for another image":         {map[string]string{"redis.yaml": strings.Replace(template, "nginx", "mysql", 1)}, map[string]string{}, ""},
		"a template for a check.id":            {map[string]string{"redis.yaml": strings.Replace(template, "nginx", "mine", 1)}, map[string]string{"ad.datadoghq.com/web.check.id": "mine"}, "redis true instances/0/p=resolved#1"},
		"a template and no pod":                {map[string]string{"redis.yaml": template}, nil, ""},
		"a template that empty names drop":     {map[string]string{"redis.yaml": template}, map[string]string{"ad.datadoghq.com/web.check_names": `[]`}, ""},
		"a template that a check replaces":     {map[string]string{"redis.yaml": template}, map[string]string{"ad.datadoghq.com/web.checks": `{"redis":{}}`}, "redis true"},
		"a template's namespace is the pod's":  {map[string]string{"redis.yaml": "ad_identifiers: [nginx]\ninstances: [{p: 'ENC[%%kube_namespace%%]'}]"}, map[string]string{}, "redis true instances/0/p=resolved#9"},
		"environment and host in one instance": {map[string]string{"redis.yaml": "ad_identifiers: [nginx]\ninstances: [{p: 'ENC[a]', q: 'x%%env_USER%%%%host%%'}]"}, map[string]string{}, "redis true instances/0/p=resolved#1"},
		"what is no YAML":                      {map[string]string{"redis.yaml": "instances: [{p: ENC[a]}]"}, nil, ""},
		"the links that a ConfigMap mounts":    {map[string]string{"..data/redis.yaml": plain, "..2024/redis.yaml": plain}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			command, answer := backend(t)
			write(t, answer, `{"a":{"value":"1"},"team":{"value":"9"}}`)
			dir := t.TempDir()
			for path, text := range c.files {
				write(t, filepath.Join(dir, path), text)
			}
			m, _ := managed(secrets.Settings{Command: command})
			configs, _ := ReadFiles([]Folder{{Path: dir}}, testEnvironment)
			m.SetConfigs(FromFile, configs)
			if c.annotations != nil {
				apply(m, InPods([]kube.Pod{pod(t, c.annotations, true)}, flavour.Datadog))
			}
			if got := outcome(m); got != c.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

// What the start script copies replaces the Agent's own, as far as the script takes it.
func TestCopiedFolder(t *testing.T) {
	own, mounted := t.TempDir(), t.TempDir()
	write(t, filepath.Join(own, "redis.yaml"), "instances: [{a: own}]")
	write(t, filepath.Join(mounted, "redis.yaml"), "instances: [{a: mounted}]")
	write(t, filepath.Join(mounted, "other.yml"), "instances: [{a: not copied}]")
	write(t, filepath.Join(mounted, "bad.yaml"), "instances: [")
	configs, failures := ReadFiles([]Folder{{Path: own}, {Path: mounted, Copied: []string{".yaml"}}}, testEnvironment)
	if got := told(configs); got != "redis  [a: mounted\n] " || failures["bad"] == nil {
		t.Errorf("got %q, %v", got, failures)
	}
}
