package autodiscovery

import (
	"strings"
	"testing"
)

var testEnvironment = Environment{Lookup: func(name string) (string, bool) {
	value, found := map[string]string{"USER": "agent", "HANDLE": "ENC[file@/x]", "PORT": "3306", "EMPTY": "", "MARK": "%%host%%"}[name]
	return value, found
}}

func container() *Service {
	return &Service{
		ID: "containerd://1", Hosts: map[string]string{"pod": "10.0.0.7"}, Ready: true,
		Ports: []Port{{80, "http"}, {443, "https"}},
		Extra: map[string]string{"namespace": "team", "pod_name": "web-0", "pod_uid": "u-1"},
	}
}

// Variables have the Agent's values and the Agent's errors, and come before handles are looked for.
func TestVariables(t *testing.T) {
	two := container()
	two.Hosts = map[string]string{"bridge": "172.17.0.2", "other": "10.1.1.1"}
	none := &Service{ID: "kube_service://a/b", Hosts: map[string]string{"cluster": "10.96.0.1"}, Ready: true}
	six := container()
	six.Hosts = map[string]string{"pod": "fd00::7"}
	for name, c := range map[string]struct {
		service        *Service
		in, out, fails string
	}{
		"the namespace in a handle":             {container(), "ENC[k8s_secret@%%kube_namespace%%/s/k]", "ENC[k8s_secret@team/s/k]", ""},
		"extra is the same as kube":             {container(), "%%extra_pod_name%%/%%kube_pod_uid%%", "web-0/u-1", ""},
		"another extra is unknown":              {container(), "%%kube_node%%", "", `extra config "node" is not supported`},
		"kube without a name is unknown":        {container(), "%%kube%%", "", `extra config "" is not supported`},
		"a Service has none":                    {none, "%%kube_namespace%%", "", "AD: variable not supported by listener"},
		"the sole address":                      {container(), "%%host%%:%%host_any%%", "10.0.0.7:10.0.0.7", ""},
		"the address of a network":              {two, "%%host_other%%", "10.1.1.1", ""},
		"the bridge's where there are more":     {two, "%%host%%", "172.17.0.2", ""},
		"no address":                            {&Service{ID: "x", Ready: true}, "%%host%%", "", "no network found for container x, ignoring it"},
		"an IPv6 address in a URL has brackets": {six, "http://%%host%%:80/", "http://[fd00::7]:80/", ""},
		"an IPv6 address alone has none":        {six, "%%host%%", "fd00::7", ""},
		"the highest port":                      {container(), "p%%port%%", "p443", ""},
		"a port by position":                    {container(), "p%%port_0%%", "p80", ""},
		"a port by name":                        {container(), "p%%port_http%%", "p80", ""},
		"a position too far":                    {container(), "%%port_2%%", "", "index given for the port template var is too big"},
		"a name that is not there":              {container(), "%%port_x%%", "", "port x not found"},
		"no port":                               {none, "%%port%%", "", "no port found for container kube_service://a/b - ignoring it"},
		"a pod's hostname is empty":             {container(), "EN%%hostname%%C[x]", "ENC[x]", ""},
		"a pod's process is 0":                  {container(), "p%%pid%%", "p0", ""},
		"a Service has no hostname":             {none, "%%hostname%%", "", "failed to get hostname"},
		"the Agent's environment":               {container(), "x%%env_USER%%", "xagent", ""},
		"a variable that holds a handle":        {container(), "%%env_HANDLE%%", "ENC[file@/x]", ""},
		"a value is not looked at again":        {container(), "x%%env_MARK%%", "x%%host%%", ""},
		"an empty variable is there":            {container(), "x%%env_EMPTY%%", "x", ""},
		"one that is not set":                   {container(), "%%env_NO%%", "", "failed to retrieve envvar NO, skipping service containerd://1"},
		"env without a name":                    {container(), "%%env%%", "", "envvar name is missing"},
		"an unknown variable":                   {container(), "%%nothing_x%%", "", "unable to add tags for service 'containerd://1', err: invalid %%nothing_x%% tag"},
		"the author's own mark":                 {container(), "EN‰hostname‰C[x]", "ENC[x]", ""},
		"a mark that is not closed":             {container(), "50%% of it", "50%% of it", ""},
		"marks without a name":                  {container(), "%%%%", "%%%%", ""},
		"two variables":                         {container(), "%%kube_namespace%%-%%kube_namespace%%", "team-team", ""},
		"one percent sign is nothing":           {container(), "%host%", "%host%", ""},
		"upper case is unknown":                 {container(), "%%HOST%%", "", "invalid %%HOST%% tag"},
		"a template without any":                {container(), "ENC[k8s_secret@a/b/c]", "ENC[k8s_secret@a/b/c]", ""},
	} {
		t.Run(name, func(t *testing.T) {
			template := Config{Name: "c", Instances: [][]byte{[]byte(`{"x":"` + c.in + `"}`)}}
			config, err := instantiate(template, c.service, testEnvironment)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("got %v", err)
				}
				return
			}
			if got := value(t, config.Instances[0], "x"); err != nil || got != c.out {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// A string that is one variable becomes a number or a boolean where it looks like one.
func TestCoercion(t *testing.T) {
	for in, want := range map[string]any{
		"%%port%%": 443, "%%port%% ": "443 ", "%%env_PORT%%": 3306, "%%kube_namespace%%": "team", "%%pid%%": 0,
	} {
		config, err := instantiate(Config{Instances: [][]byte{[]byte(`{"x":"` + in + `"}`)}}, container(), testEnvironment)
		if got := value(t, config.Instances[0], "x"); err != nil || got != want {
			t.Errorf("%s: got %#v, %v", in, got, err)
		}
	}
}

// What is an escape when `%%` is looked for is no variable; what has been encoded anew is one.
func TestEscapesAndParts(t *testing.T) {
	config, err := instantiate(Config{
		InitConfig: []byte(`{"x":"\u0025\u0025host\u0025\u0025"}`), Instances: [][]byte{[]byte(`{"%%host%%":"%%host%%","l":["%%host%%"],"1":{}}`)},
		MetricConfig: []byte(`{"x":"%%host%%"}`), LogsConfig: []byte(`[{"x":"%%host%%"}]`), Provider: FromContainer,
	}, container(), testEnvironment)
	if err != nil {
		t.Fatal(err)
	}
	if got := value(t, config.InitConfig, "x"); got != "%%host%%" {
		t.Errorf("an escape: %v", got)
	}
	if got := string(config.Instances[0]); !strings.Contains(got, "‰host‰: 10.0.0.7") || !strings.Contains(got, "- 10.0.0.7") {
		t.Errorf("keys are not replaced: %s", got)
	}
	if string(config.MetricConfig) != `{"x":"%%host%%"}` || string(config.LogsConfig) != `[{"x":"10.0.0.7"}]` {
		t.Errorf("got %s, %s", config.MetricConfig, config.LogsConfig)
	}
}

// The Agent may restrict which variables of its environment are read.
func TestAllowedEnvironment(t *testing.T) {
	for name, c := range map[string]struct {
		environment Environment
		fails       bool
	}{
		"all by default":          {Environment{}, false},
		"a listed one":            {Environment{Allowed: []string{"user"}}, false},
		"one that is not listed":  {Environment{Allowed: []string{"PATH"}}, true},
		"none where switched off": {Environment{Disabled: true}, true},
	} {
		t.Run(name, func(t *testing.T) {
			c.environment.Lookup = testEnvironment.Lookup
			_, err := instantiate(Config{Instances: [][]byte{[]byte(`{"x":"%%env_USER%%"}`)}}, container(), c.environment)
			if (err != nil) != c.fails {
				t.Error(err)
			}
		})
	}
}

// A service's tags join an instance's own before secrets are resolved.
func TestTags(t *testing.T) {
	service := container()
	service.Tags = []string{"b:2", "ENC[file@/x:y]"}
	config, _ := instantiate(Config{Instances: [][]byte{[]byte(`{"tags":["a:1","b:2",7]}`)}}, service, testEnvironment)
	if got := string(config.Instances[0]); got != "tags:\n    - ENC[file@/x:y]\n    - a:1\n    - b:2\n" {
		t.Errorf("got %s", got)
	}
	config, _ = instantiate(Config{IgnoreTags: true, Instances: [][]byte{[]byte(`{"a":1}`)}}, service, testEnvironment)
	if got := string(config.Instances[0]); got != "a: 1\n" {
		t.Errorf("got %s", got)
	}
}
