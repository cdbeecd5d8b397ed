package kube

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// An image's names are those that templates in files are matched by.
func TestImageNames(t *testing.T) {
	for reference, want := range map[string][2]string{
		"nginx": {"nginx", "nginx"}, "nginx:1.2": {"nginx", "nginx"}, "a/b/nginx:1": {"a/b/nginx", "nginx"},
		"host:5000/a/nginx": {"host:5000/a/nginx", "nginx"}, "host:5000/nginx:1@sha256:0": {"host:5000/nginx", "nginx"},
		"nginx@sha256:0": {"nginx", "nginx"},
	} {
		if name, short := ImageNames(reference); name != want[0] || short != want[1] {
			t.Errorf("%s: got %s %s", reference, name, short)
		}
	}
}

// Checks run for a ready pod, a static one that is pending, and one that tolerates being unready.
func TestIsReady(t *testing.T) {
	for name, c := range map[string]struct {
		phase, condition, source, tolerated string
		ready                               bool
	}{
		"running and ready":            {"Running", "True", "api", "", true},
		"running and unready":          {"Running", "False", "api", "", false},
		"unready, which is tolerated":  {"Running", "False", "api", "true", true},
		"pending, which is not":        {"Pending", "False", "api", "true", false},
		"pending of the kubelet's own": {"Pending", "", "file", "", true},
		"finished":                     {"Succeeded", "False", "api", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			pod := Pod{Metadata: Metadata{Annotations: map[string]string{"kubernetes.io/config.source": c.source}}}
			pod.Status.Phase, pod.Status.Conditions = c.phase, []Condition{{"Ready", c.condition}}
			if got := pod.IsReady(c.tolerated); got != c.ready {
				t.Errorf("got %v", got)
			}
		})
	}
}

// The lists are asked for where the API server has them, and a refusal is told in its words.
func TestLists(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, found := map[string]string{
			"/api/v1/services":                         `{"items":[{"metadata":{"name":"db"}}]}`,
			"/apis/discovery.k8s.io/v1/endpointslices": `{"items":[{"metadata":{"name":"db-1"}}]}`,
		}[r.URL.Path]
		if !found {
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = w.Write([]byte(answer))
	}))
	defer server.Close()
	client := &Client{Base: server.URL, HTTP: server.Client()}
	services, err := client.Services()
	slices, sliceErr := client.EndpointSlices()
	if err != nil || sliceErr != nil || services[0].Metadata.Name != "db" || slices[0].Metadata.Name != "db-1" {
		t.Errorf("got %v %v, %v %v", services, slices, err, sliceErr)
	}
	if _, err := client.Pods(); err == nil || err.Error() != "unexpected answer 403 Forbidden" {
		t.Errorf("got %v", err)
	}
}
