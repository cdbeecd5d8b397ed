package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"enc-operator.io/e2e/agent/internal/autodiscovery"
	"enc-operator.io/e2e/agent/internal/clusterchecks"
	"enc-operator.io/e2e/agent/internal/flavour"
	"enc-operator.io/e2e/agent/internal/kube"
	"enc-operator.io/e2e/agent/internal/report"
)

// values are what the backends of these tests give; no report may hold any.
var values = map[string]string{
	"plain": "hunter2-plain", "trap": "ENC[victim]", "victim": "hunter2-victim", "number": "4242424242",
}

// started makes an agent whose backend knows some of the values, changed ones first.
func started(t *testing.T, process flavour.Process, known []string, variables map[string]string) (*agent, string) {
	t.Helper()
	dir := t.TempDir()
	f := flavour.Datadog
	f.ConfigDir = dir
	variables["DD_SECRET_BACKEND_COMMAND"] = filepath.Join(dir, "backend")
	variables["ENC_E2E_HASH_KEY"] = "key"
	answers := map[string]map[string]string{}
	for _, handle := range known {
		answers[handle] = map[string]string{"value": values[handle]}
	}
	text, _ := json.Marshal(answers)
	must(t, os.WriteFile(filepath.Join(dir, "answer"), text, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "backend"), []byte("#!/bin/sh\ncat "+dir+"/answer\n"), 0o700))
	a, err := newAgent(f, process, func(name string) (string, bool) { value, found := variables[name]; return value, found })
	must(t, err)
	return a, filepath.Join(dir, "answer")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// get reads one page of an agent's report, and refuses it where it holds a value.
func get(t *testing.T, a *agent, method, path string) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	report.Handler(a).ServeHTTP(recorder, httptest.NewRequest(method, path, nil))
	body := recorder.Body.String()
	for _, value := range values {
		if value != values["trap"] && strings.Contains(body, value) {
			t.Errorf("%s holds a value", path)
		}
	}
	return body
}

// resolutions spells an agent's report, a line for each handle.
func resolutions(t *testing.T, a *agent) string {
	t.Helper()
	var entries []report.Entry
	must(t, json.Unmarshal([]byte(get(t, a, http.MethodGet, "/resolutions")), &entries))
	hashes := map[string]string{"": ""}
	for name, value := range values {
		hashes[report.Fingerprint("key")(value)] = name
	}
	lines := make([]string, 0, len(entries))
	for _, e := range entries {
		lines = append(lines, fmt.Sprintf("%s/%s/%s %s %s %s=%s hop%d %v", e.Source.Kind, e.Source.Key, e.Source.Name, e.Path, e.Handle,
			e.Outcome, hashes[e.Hash], e.Hop, e.Scheduled))
	}
	return strings.Join(lines, "\n")
}

func clusterService(annotations map[string]string) []kube.Service {
	service := kube.Service{Metadata: kube.Metadata{Name: "db", Namespace: "team", UID: "s-1", Annotations: annotations}}
	service.Spec.ClusterIP = "10.96.0.1"
	return []kube.Service{service}
}

func podSlice(t *testing.T) []kube.EndpointSlice {
	t.Helper()
	var slice kube.EndpointSlice
	must(t, json.Unmarshal([]byte(`{"metadata":{"namespace":"team","labels":{"kubernetes.io/service-name":"db"}},
		"endpoints":[{"addresses":["10.0.0.7"],"nodeName":"n1","targetRef":{"kind":"Pod","uid":"u-1"}}]}`), &slice))
	return []kube.EndpointSlice{slice}
}

// dispatching serves a Cluster Agent and returns a node's client of it.
func dispatching(t *testing.T, a *agent, token string) clusterchecks.Client {
	t.Helper()
	server := httptest.NewServer(clusterchecks.NewDispatcher("token", a.manager.Resolutions).Handler())
	t.Cleanup(server.Close)
	return clusterchecks.Client{Base: server.URL, Token: token, Node: "n1"}
}

var nodeVariables = map[string]string{"DD_EXTRA_CONFIG_PROVIDERS": "clusterchecks endpointschecks"}

// What the Cluster Agent resolved is resolved again on the node, with the node's permissions.
func TestSecondHop(t *testing.T) {
	const ad = "ad.datadoghq.com/"
	check := `{"redis":{"instances":[{"p":"ENC[%s]"}]}}`
	for name, c := range map[string]struct {
		annotation, handle string
		skip               bool
		cluster, node      string
	}{
		"a value stays what it is": {ad + "service.checks", "plain", false,
			"service//db instances/0/p plain resolved=plain hop1 true", ""},
		"a value that is a handle is resolved by the node": {ad + "service.checks", "trap", false,
			"service//db instances/0/p trap resolved=trap hop1 true",
			"dispatched/service/db instances/0/p victim resolved=victim hop2 true"},
		"so is that of an endpoint": {ad + "endpoints.checks", "trap", false,
			"endpoints//db instances/0/p trap resolved=trap hop1 true",
			"dispatched/endpoints/db instances/0/p victim resolved=victim hop2 true"},
		"where the Cluster Agent skips checks the node resolves": {ad + "service.checks", "victim", true,
			"service//db instances/0/p victim literal= hop1 true",
			"dispatched/service/db instances/0/p victim resolved=victim hop2 true"},
		"what fails there is not dispatched": {ad + "service.checks", "victim", false,
			"service//db instances/0/p victim failed= hop1 false", ""},
	} {
		t.Run(name, func(t *testing.T) {
			variables := map[string]string{}
			if c.skip {
				variables["DD_SECRET_BACKEND_SKIP_CHECKS"] = "true"
			}
			cluster, _ := started(t, flavour.Cluster, []string{"plain", "trap"}, variables)
			cluster.applyCluster(clusterService(map[string]string{c.annotation: fmt.Sprintf(check, c.handle)}), podSlice(t), nil)
			if got := resolutions(t, cluster); got != c.cluster {
				t.Errorf("cluster: %s", got)
			}
			node, _ := started(t, flavour.Node, []string{"victim"}, copied(nodeVariables))
			node.applyPods([]kube.Pod{{Metadata: kube.Metadata{Name: "web", Namespace: "team", UID: "u-1"}}})
			must(t, node.pull(dispatching(t, cluster, "token")))
			if got := resolutions(t, node); got != c.node {
				t.Errorf("node: %s", got)
			}
			configurations := get(t, node, http.MethodGet, "/configurations")
			if shown := strings.Contains(configurations, `"redis"`); shown == strings.Contains(c.cluster, "failed") {
				t.Errorf("configurations: %s", configurations)
			}
			get(t, cluster, http.MethodGet, "/configurations")
			get(t, node, http.MethodGet, "/backend")
		})
	}
}

func copied(variables map[string]string) map[string]string {
	own := map[string]string{}
	for name, value := range variables {
		own[name] = value
	}
	return own
}

// Nobody gets values without the token, and a node without the providers takes none.
func TestDispatchIsGuarded(t *testing.T) {
	cluster, _ := started(t, flavour.Cluster, []string{"plain"}, map[string]string{})
	cluster.applyCluster(clusterService(map[string]string{
		"ad.datadoghq.com/service.checks": `{"redis":{"instances":[{"p":"ENC[plain]"}]}}`,
	}), nil, nil)
	node, _ := started(t, flavour.Node, nil, map[string]string{})
	for _, token := range []string{"", "wrong", "token2"} {
		if err := node.pull(dispatching(t, cluster, token)); err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("%q: %v", token, err)
		}
	}
	must(t, node.pull(dispatching(t, cluster, "token")))
	if found := node.Resolutions(); len(found) != 0 {
		t.Errorf("no provider is on: %v", found)
	}
	closed := clusterchecks.NewDispatcher("", cluster.manager.Resolutions).Handler()
	request := httptest.NewRequest(http.MethodGet, "/api/v1/clusterchecks/configs/n1", nil)
	request.Header.Set("Authorization", "Bearer ")
	recorder := httptest.NewRecorder()
	if closed.ServeHTTP(recorder, request); recorder.Code != http.StatusForbidden {
		t.Errorf("no token is set: %d", recorder.Code)
	}
}

// A check runs on one node, and moves no more than it must.
func TestAssignment(t *testing.T) {
	cluster, _ := started(t, flavour.Cluster, nil, map[string]string{})
	cluster.manager.SetConfigs(autodiscovery.FromFile, []autodiscovery.Config{
		{Name: "a", ClusterCheck: true, Instances: [][]byte{[]byte("x: 1")}},
		{Name: "b", ClusterCheck: true, Instances: [][]byte{[]byte("x: 1")}},
		{Name: "not for the cluster", Instances: [][]byte{[]byte("x: 1")}},
	})
	client := dispatching(t, cluster, "token")
	names := func(node string) string {
		client.Node = node
		configs, _, err := client.Pull()
		must(t, err)
		var found []string
		for _, config := range configs {
			found = append(found, config.Name+string(config.Instances[0]))
		}
		slices.Sort(found)
		return strings.Join(found, " ")
	}
	const a, b = "aempty_default_hostname: true\nx: 1\n", "bempty_default_hostname: true\nx: 1\n"
	if got := names("n1") + "|" + names("n2") + "|" + names("n1"); got != a+" "+b+"||"+a+" "+b {
		t.Errorf("got %s", got)
	}
}

// The Cluster Agent is found by URL, by a Service's variables, or by name.
func TestAddress(t *testing.T) {
	lookup := func(name string) (string, bool) {
		value, found := map[string]string{"A_B_SERVICE_HOST": "10.0.0.1", "A_B_SERVICE_PORT": "5006"}[name]
		return value, found
	}
	for _, c := range []struct{ configured, service, want string }{
		{"https://x:5005", "", "http://x:5005"}, {"http://x:1/", "y", "http://x:1"}, {"", "a-b", "http://10.0.0.1:5006"},
		{"", "other", "http://other:5005"}, {"", "", ""},
	} {
		if got := clusterchecks.Address(c.configured, c.service, lookup); got != c.want {
			t.Errorf("%v: got %s", c, got)
		}
	}
}
