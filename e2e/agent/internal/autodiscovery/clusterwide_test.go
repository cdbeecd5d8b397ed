package autodiscovery

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"enc-operator.io/e2e/agent/internal/flavour"
	"enc-operator.io/e2e/agent/internal/kube"
	"enc-operator.io/e2e/agent/internal/secrets"
)

// Services and endpoints are read from Services' annotations, and by pod, address and resolve mode.
func TestCluster(t *testing.T) {
	const ad = "ad.datadoghq.com/"
	check := `{"redis":{"instances":[{"p":"ENC[a]","h":"%%host%%"}]}}`
	for name, c := range map[string]struct {
		annotations map[string]string
		nodes       string
		want        string
	}{
		"a Service":                        {map[string]string{ad + "service.checks": check}, "", "redis true instances/0/p=resolved#1"},
		"a Service's logs alone":           {map[string]string{ad + "service.logs": `[{"p":"ENC[a]"}]`}, "", ""},
		"a Service's legacy annotations":   {map[string]string{"service-discovery.datadoghq.com/service.check_names": `["r"]`, "service-discovery.datadoghq.com/service.init_configs": `[{}]`, "service-discovery.datadoghq.com/service.instances": `[{"p":"ENC[a]"}]`}, "", ""},
		"a namespace is not known there":   {map[string]string{ad + "service.checks": `{"redis":{"instances":[{"p":"ENC[%%kube_namespace%%]"}]}}`}, "", "redis false"},
		"endpoints, one with a pod":        {map[string]string{ad + "endpoints.checks": check}, "n1 ", "redis true instances/0/p=resolved#1; redis true instances/0/p=resolved#1"},
		"endpoints by address":             {map[string]string{ad + "endpoints.checks": check, ad + "endpoints.resolve": "ip"}, " ", "redis true instances/0/p=resolved#1; redis true instances/0/p=resolved#1"},
		"an unknown resolve mode is auto":  {map[string]string{ad + "endpoints.checks": check, ad + "endpoints.resolve": "IP"}, "n1 ", "redis true instances/0/p=resolved#1; redis true instances/0/p=resolved#1"},
		"endpoints' logs alone":            {map[string]string{ad + "endpoints.logs": `[{"p":"ENC[a]"}]`}, "n1 ", ""},
		"a pod's annotation on a Service":  {map[string]string{ad + "web.checks": check}, "", ""},
		"scoping does not reach a Service": {map[string]string{ad + "service.checks": `{"redis":{"instances":[{"p":"ENC[k8s_secret@other/s/k]"}]}}`}, "", "redis true instances/0/p=resolved#4"},
	} {
		t.Run(name, func(t *testing.T) {
			command, answer := backend(t)
			write(t, answer, `{"a":{"value":"1"},"k8s_secret@other/s/k":{"value":"4"}}`)
			m, _ := managed(secrets.Settings{Command: command, ScopeToNamespace: true})
			found := InCluster([]kube.Service{service(c.annotations)}, endpointSlices(t), nil, flavour.Datadog)
			apply(m, found)
			if got := outcome(m); got != c.want {
				t.Errorf("got %q", got)
			}
			var nodes []string
			for _, config := range found.Configs {
				if len(found.Configs) > 1 {
					nodes = append(nodes, config.NodeName)
				}
			}
			if got := strings.Join(nodes, " "); c.want != "" && got != c.nodes {
				t.Errorf("nodes %q", got)
			}
		})
	}
}

// A file may name a Service or its endpoints.
func TestAdvancedIdentifiers(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "redis.yaml"), "advanced_ad_identifiers:\n- kube_service: {name: db, namespace: team}\n"+
		"- kube_endpoints: {name: db, namespace: team, resolve: ip}\n- kube_service: {name: db, namespace: other}\n"+
		"instances: [{p: 'ENC[a]'}]")
	files, _ := ReadFiles([]Folder{{Path: dir}}, testEnvironment)
	found := InCluster([]kube.Service{service(nil)}, endpointSlices(t), files, flavour.Datadog)
	m, _ := managed(secrets.Settings{})
	apply(m, found)
	want := strings.TrimSuffix(strings.Repeat("redis true instances/0/p=literal; ", 3), "; ")
	if got := outcome(m); got != want || found.Configs[1].NodeName != "" || !found.Configs[0].ClusterCheck {
		t.Errorf("got %q", got)
	}
}

func service(annotations map[string]string) kube.Service {
	var s kube.Service
	s.Metadata = kube.Metadata{Name: "db", Namespace: "team", UID: "s-1", Annotations: annotations}
	s.Spec.ClusterIP = "10.96.0.1"
	return s
}

func endpointSlices(t *testing.T) []kube.EndpointSlice {
	t.Helper()
	text := `[{"metadata":{"name":"db-1","namespace":"team","labels":{"kubernetes.io/service-name":"db"}},
		"ports":[{"name":"p","port":5432},{"name":null,"port":1}],
		"endpoints":[{"addresses":["10.0.0.7"],"nodeName":"n1","targetRef":{"kind":"Pod","name":"web-0","uid":"u-1"}},
			{"addresses":["192.0.2.1"]}]},
		{"metadata":{"name":"x","namespace":"other","labels":{"kubernetes.io/service-name":"db"}},"endpoints":[{"addresses":["10.9.9.9"]}]}]`
	var list []kube.EndpointSlice
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	return list
}
