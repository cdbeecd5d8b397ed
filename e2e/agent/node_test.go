package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"enc-operator.io/e2e/agent/internal/flavour"
)

// The node reads its pods from the kubelet, with its token.
func TestKubelet(t *testing.T) {
	kubelet := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/pods" || r.Header.Get("Authorization") != "Bearer of-the-pod" {
			http.Error(w, "Forbidden", http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, `{"kind":"PodList","items":[{"metadata":{"name":"web","namespace":"team","uid":"u-1","annotations":{
			"ad.datadoghq.com/c.checks":"{\"redis\":{\"instances\":[{\"p\":\"ENC[plain]\",\"n\":\"ENC[number]\",\"host\":\"%%host%%\"}]}}",
			"ad.datadoghq.com/x.checks":"{}"}},
			"spec":{"nodeName":"n1","containers":[{"name":"c","image":"nginx"}]},
			"status":{"phase":"Running","podIP":"10.0.0.7","conditions":[{"type":"Ready","status":"True"}],
			"containerStatuses":[{"name":"c","containerID":"containerd://1"}]}}]}`)
	}))
	defer kubelet.Close()
	address, err := url.Parse(kubelet.URL)
	must(t, err)
	token := filepath.Join(t.TempDir(), "token")
	must(t, os.WriteFile(token, []byte("of-the-pod"), 0o600))
	node, answer := started(t, flavour.Node, []string{"plain", "number"}, map[string]string{
		"DD_KUBERNETES_KUBELET_HOST": address.Hostname(), "DD_KUBERNETES_HTTPS_KUBELET_PORT": address.Port(),
		"DD_KUBELET_TLS_VERIFY": "false", "DD_KUBELET_AUTH_TOKEN_PATH": token, "DD_API_KEY": "ENC[plain]",
	})
	client, err := node.kubelet()
	must(t, err)
	pods, err := client.Pods()
	must(t, err)
	node.applyPods(pods)
	const want = "pod//web instances/0/n number resolved=number hop1 true\n" +
		"pod//web instances/0/p plain resolved=plain hop1 true\nsettings/datadog.yaml/ api_key plain resolved=plain hop1 true"
	if got := resolutions(t, node); got != want {
		t.Errorf("got %s", got)
	}
	configurations := get(t, node, http.MethodGet, "/configurations")
	for _, part := range []string{`"host":"10.0.0.7"`, `"p":"hmac-sha256:`, `x doesn't match a container identifier [c]`} {
		if !strings.Contains(configurations, part) {
			t.Errorf("no %s in %s", part, configurations)
		}
	}
	name := make(chan string, 1)
	node.announce(name, pods)
	if got := <-name; got != "n1" {
		t.Errorf("node %s", got)
	}
	must(t, os.WriteFile(answer, []byte(`{"plain":{"value":"hunter2-victim"},"number":{"value":"4242424242"}}`), 0o600))
	if got := get(t, node, http.MethodPost, "/refresh"); !strings.Contains(got, `"handles":["plain"]`) {
		t.Errorf("refresh: %s", got)
	}
	if got := resolutions(t, node); strings.Count(got, "resolved=victim") != 2 {
		t.Errorf("after it: %s", got)
	}
}
