package autodiscovery

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"enc-operator.io/e2e/agent/internal/flavour"
)

// told spells templates in one line each: name, init_config, instances, logs.
func told(configs []Config) string {
	var lines []string
	for _, c := range configs {
		lines = append(lines, fmt.Sprintf("%s %s %s %s", c.Name, c.InitConfig, c.Instances, c.LogsConfig))
	}
	return strings.Join(lines, "\n")
}

// Annotations become templates by the Agent's grammar.
func TestTemplatesIn(t *testing.T) {
	const ad, old = "ad.datadoghq.com/c.", "service-discovery.datadoghq.com/c."
	for name, c := range map[string]struct {
		annotations map[string]string
		templates   string
		failures    string
	}{
		"v2": {map[string]string{ad + "checks": `{"redis":{"init_config":{"a":1},"instances":[{"p":"ENC[x]"}]}}`},
			`redis {"a":1} [{"p":"ENC[x]"}] `, ""},
		"v2 without init_config gets an empty one": {map[string]string{ad + "checks": `{"redis":{"instances":[{}]}}`},
			`redis {} [{}] `, ""},
		"v2 with a name of its own": {map[string]string{ad + "checks": `{"x":{"name":"redis","instances":[{}]}}`},
			`redis {} [{}] `, ""},
		"v2 keeps init_config as written, encodes instances anew": {
			map[string]string{ad + "checks": `{"r":{"init_config":{"a":"\u0045"},"instances":[{"a":"\u0045\u0025"}]}}`},
			`r {"a":"\u0045"} [{"a":"E%"}] `, ""},
		"v2 that is broken leaves v1 unread, and logs read": {
			map[string]string{ad + "checks": `{`, ad + "check_names": `["r"]`, ad + "init_configs": `[{}]`, ad + "instances": `[{}]`, ad + "logs": `[{}]`},
			`   [] [{}]`, "invalid JSON in pod check annotation (ad.datadoghq.com/<container>.checks): unexpected end of JSON input"},
		"v2 with one instance that is no object is void": {map[string]string{ad + "checks": `{"r":{"instances":[{},1]}}`},
			"", "found non JSON object type, value is: '1'"},
		"v2 with logs of its own": {map[string]string{ad + "checks": `{"r":{"logs":[{"s":"ENC[x]"}]}}`},
			`r {} [] [{"s":"ENC[x]"}]`, ""},
		"v1": {map[string]string{ad + "check_names": `["r"]`, ad + "init_configs": `[{}]`, ad + "instances": `[{"p":"ENC[x]"}]`},
			`r {} [{"p":"ENC[x]"}] `, ""},
		"v1 with a list of instances makes one template each": {
			map[string]string{ad + "check_names": `["r"]`, ad + "init_configs": `[{}]`, ad + "instances": `[[{"a":1},{"b":2}]]`},
			"r {} [{\"a\":1}] \nr {} [{\"b\":2}] ", ""},
		"v1 without instances": {map[string]string{ad + "check_names": `["r"]`, ad + "init_configs": `[{}]`},
			"", "could not extract checks config: missing instances key"},
		"v1 with instances that are no JSON": {map[string]string{ad + "check_names": `["r"]`, ad + "init_configs": `[{}]`, ad + "instances": `x`},
			"", "could not extract checks config: in instances: failed to unmarshal JSON: "},
		"v1 with different lengths says nothing": {map[string]string{ad + "check_names": `["r","s"]`, ad + "init_configs": `[{}]`, ad + "instances": `[{}]`},
			"", ""},
		"v1 with an empty inner list has different lengths": {map[string]string{ad + "check_names": `["r"]`, ad + "init_configs": `[[]]`, ad + "instances": `[{}]`},
			"", ""},
		"v1 with two init configs for one check": {map[string]string{ad + "check_names": `["r"]`, ad + "init_configs": `[[{},{}]]`, ad + "instances": `[{}]`},
			"", ""},
		"v1 instances alone are nothing": {map[string]string{ad + "instances": `[{"p":"ENC[x]"}]`}, "", ""},
		"v1 with empty names": {map[string]string{ad + "check_names": ""},
			"", "could not extract checks config: in check_names: check_names is empty"},
		"logs alone":                {map[string]string{ad + "logs": `[{"s":"ENC[x]"}]`}, ` [] [{"s":"ENC[x]"}]`, ""},
		"logs take the name":        {map[string]string{ad + "checks": `{"r":{"instances":[{}]}}`, ad + "logs": `[1]`}, "r {} [{}] \nr  [] [1]", ""},
		"logs that are no list":     {map[string]string{ad + "logs": `{"a":1}`}, "", "could not extract logs config: invalid format, expected an array"},
		"the legacy prefix":         {map[string]string{old + "check_names": `["r"]`, old + "init_configs": `[{}]`, old + "instances": `[{}]`}, "r {} [{}] ", ""},
		"legacy logs":               {map[string]string{old + "logs": `[1]`}, "  [] [1]", ""},
		"legacy has no v2":          {map[string]string{old + "checks": `{"r":{"instances":[{}]}}`}, "", ""},
		"v1 wins over legacy":       {map[string]string{ad + "check_names": `["n"]`, ad + "init_configs": `[{}]`, ad + "instances": `[{}]`, old + "check_names": `["o"]`}, "n {} [{}] ", ""},
		"legacy logs beside v1":     {map[string]string{ad + "check_names": `["n"]`, ad + "init_configs": `[{}]`, ad + "instances": `[{}]`, old + "logs": `[1]`}, "n {} [{}] ", ""},
		"another container's":       {map[string]string{"ad.datadoghq.com/d.logs": `[1]`}, "", ""},
		"another product's":         {map[string]string{"ad.stackstate.com/c.logs": `[1]`}, "", ""},
		"a key of another case":     {map[string]string{"ad.datadoghq.com/c.Checks": `{"r":{"instances":[{}]}}`}, "", ""},
		"tags are no template":      {map[string]string{ad + "tags": `{"a":"ENC[x]"}`}, "", ""},
		"duplicate keys: Go's last": {map[string]string{ad + "checks": `{"r":{"instances":[{"a":1}],"instances":[{"a":2}]}}`}, `r {} [{"a":2}] `, ""},
		"another case of a field":   {map[string]string{ad + "checks": `{"r":{"INSTANCES":[{"a":2}]}}`}, `r {} [{"a":2}] `, ""},
	} {
		t.Run(name, func(t *testing.T) {
			configs, failures := TemplatesIn(c.annotations, flavour.Datadog, "c", "containerd://1")
			if got := told(configs); strings.TrimLeft(got, " ") != strings.TrimLeft(c.templates, " ") {
				t.Errorf("got  %q\nwant %q", got, c.templates)
			}
			if got := fmt.Sprint(failures); c.failures == "" && got != "[]" || !strings.Contains(got, c.failures) {
				t.Errorf("failures %s", got)
			}
		})
	}
}

// Annotations for a container that the pod does not have are said to be invalid.
func TestUnknownIdentifiers(t *testing.T) {
	for name, c := range map[string]struct {
		key, message string
	}{
		"a known container":            {"ad.datadoghq.com/web.checks", ""},
		"a key without an identifier":  {"ad.datadoghq.com/tags", ""},
		"a check.id of a container":    {"ad.datadoghq.com/db.check.id", ""},
		"what is for the check.id":     {"ad.datadoghq.com/custom.logs", ""},
		"another prefix":               {"service-discovery.datadoghq.com/x.logs", ""},
		"the name behind a check.id":   {"ad.datadoghq.com/db.logs", "annotation ad.datadoghq.com/db.logs is invalid: db doesn't match a container identifier [custom web]"},
		"a check.id of no container":   {"ad.datadoghq.com/custom.check.id", "annotation ad.datadoghq.com/custom.check.id is invalid: custom doesn't match a container identifier [db web]"},
		"an unknown container":         {"ad.datadoghq.com/x.checks", "annotation ad.datadoghq.com/x.checks is invalid: x doesn't match a container identifier [custom web]"},
		"dots belong to the container": {"ad.datadoghq.com/web.x.checks", "annotation ad.datadoghq.com/web.x.checks is invalid: web.x doesn't match a container identifier [custom web]"},
	} {
		t.Run(name, func(t *testing.T) {
			failures := UnknownIdentifiers(map[string]string{c.key: ""}, flavour.Datadog, []string{"web", "db"}, []string{"web", "custom"})
			if got := strings.Trim(fmt.Sprint(failures), "[]"); got != strings.Trim(c.message, "[]") {
				t.Errorf("got %q", got)
			}
		})
	}
}

// The names of a container's checks decide what it drops; no names differ from an empty list.
func TestCheckNamesIn(t *testing.T) {
	const ad = "ad.datadoghq.com/c."
	for name, c := range map[string]struct {
		annotations map[string]string
		names       []string
	}{
		"none":                       {map[string]string{}, nil},
		"v2":                         {map[string]string{ad + "checks": `{"b":{},"a":{}}`}, []string{"a", "b"}},
		"v1":                         {map[string]string{ad + "check_names": `["a"]`}, []string{"a"}},
		"an empty list":              {map[string]string{ad + "check_names": `[]`}, []string{}},
		"one empty name":             {map[string]string{ad + "check_names": `[""]`}, []string{""}},
		"an empty v2":                {map[string]string{ad + "checks": `{}`}, []string{}},
		"broken ones":                {map[string]string{ad + "checks": `{`}, nil},
		"an annotation with no text": {map[string]string{ad + "check_names": ""}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := CheckNamesIn(c.annotations, flavour.Datadog, "c"); !reflect.DeepEqual(got, c.names) {
				t.Errorf("got %#v", got)
			}
		})
	}
}
