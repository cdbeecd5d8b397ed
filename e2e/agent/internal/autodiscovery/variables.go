package autodiscovery

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Environment is what %%env_x%% may read: the resolving Agent's own environment, never the pod's.
type Environment struct {
	Lookup   func(string) (string, bool)
	Disabled bool     // ad_disable_env_var_resolution
	Allowed  []string // ad_allowed_env_vars; empty allows all
}

// mark stands for `%%` while a document is worked on, since a percent sign may not start a plain YAML scalar. A mark
// that the author wrote himself works just as well.
const mark = "‰"

var variable = regexp.MustCompile(mark + `(.+?)(?:_(.+?))?` + mark)

var errUnsupported = errors.New("AD: variable not supported by listener")

// variables knows the values for one service; service is nil while a file is read.
type variables struct {
	service     *Service
	environment Environment
}

// inString replaces the variables of one string, marks in place of `%%`. A string that is one variable and nothing else
// becomes a number or a boolean where it looks like one: pkg/util/tmplvar/resolver.go.
func (v variables) inString(text string) (any, error) {
	out, err := v.substitute(text, v.get)
	replaced, isString := out.(string)
	if err != nil || !isString {
		return out, err
	}
	if host := v.sixAddress(text); host != "" {
		return v.bracketed(text, replaced)
	}
	return replaced, nil
}

func (v variables) substitute(text string, get func(name, key string) (string, error)) (any, error) {
	spans := variable.FindAllStringSubmatchIndex(text, -1)
	if len(spans) == 0 {
		return text, nil
	}
	var out strings.Builder
	var failure error
	end := 0
	for _, span := range spans {
		key, tag := "", text[span[2]:span[3]]
		if span[4] >= 0 {
			key, tag = text[span[4]:span[5]], text[span[2]:span[5]]
		}
		value, err := get(text[span[2]:span[3]], key)
		if errors.Is(err, errUnknownName) {
			return nil, v.unknown(tag)
		}
		if err != nil {
			failure = err // the Agent goes on and reports the last one
		}
		out.WriteString(text[end:span[0]] + value)
		end = span[1]
	}
	out.WriteString(text[end:])
	if len(spans) == 1 && spans[0][0] == 0 && end == len(text) {
		return coerced(out.String()), failure
	}
	return out.String(), failure
}

func coerced(text string) any {
	if number, err := strconv.ParseInt(text, 0, 64); err == nil {
		return number
	}
	if boolean, err := strconv.ParseBool(text); err == nil {
		return boolean
	}
	return text
}

var errUnknownName = errors.New("unknown variable")

func (v variables) unknown(tag string) error {
	err := fmt.Errorf("invalid %%%%%s%%%% tag", tag)
	if v.service == nil {
		return err
	}
	return fmt.Errorf("unable to add tags for service '%s', err: %w", v.service.ID, err)
}

func (v variables) get(name, key string) (string, error) {
	if name == "env" {
		return v.env(key)
	}
	if !slices.Contains([]string{"host", "port", "pid", "hostname", "extra", "kube"}, name) {
		return "", errUnknownName
	}
	if v.service == nil {
		return "", fmt.Errorf("no service. %%%%%s%%%% is not allowed", name)
	}
	switch name {
	case "host":
		return v.host(key)
	case "port":
		return v.port(key)
	case "pid":
		return v.ofListener("get pid", "0") // the kubelet listener never knows a process
	case "hostname":
		return v.ofListener("get hostname", "") // nor a hostname
	default:
		return v.extra(key)
	}
}

func (v variables) host(network string) (string, error) {
	hosts, id := v.service.Hosts, v.service.ID
	if len(hosts) == 0 {
		return "", fmt.Errorf("no network found for container %s, ignoring it", id)
	}
	if address, found := hosts[network]; found {
		return address, nil
	}
	if len(hosts) == 1 {
		for _, address := range hosts {
			return address, nil
		}
	}
	if address, found := hosts["bridge"]; found {
		return address, nil
	}
	return "", fmt.Errorf("failed to resolve IP address for container %s, ignoring it. Source error: "+
		"not able to determine which network is reachable", id)
}

func (v variables) port(key string) (string, error) {
	ports, id := v.service.Ports, v.service.ID
	if len(ports) == 0 {
		return "", fmt.Errorf("no port found for container %s - ignoring it", id)
	}
	if key == "" {
		return strconv.Itoa(ports[len(ports)-1].Number), nil
	}
	index, err := strconv.Atoi(key)
	if err != nil {
		for _, port := range ports {
			if port.Name == key {
				return strconv.Itoa(port.Number), nil
			}
		}
		return "", fmt.Errorf("port %s not found, skipping container %s", key, id)
	}
	if index < 0 || index >= len(ports) { // the Agent panics on a negative index
		return "", fmt.Errorf("index given for the port template var is too big, skipping container %s", id)
	}
	return strconv.Itoa(ports[index].Number), nil
}

func (v variables) ofListener(what, value string) (string, error) {
	if v.service.Extra == nil {
		return "", fmt.Errorf("failed to %s for service %s, skipping config - %s", what, v.service.ID, errUnsupported)
	}
	return value, nil
}

func (v variables) extra(key string) (string, error) {
	value, found := v.service.Extra[key]
	if found {
		return value, nil
	}
	cause := fmt.Errorf("extra config %q is not supported", key)
	if v.service.Extra == nil {
		cause = errUnsupported
	}
	return "", fmt.Errorf("failed to get extra info for service %s, skipping config - %s", v.service.ID, cause)
}

func (v variables) env(name string) (string, error) {
	skipping := ""
	if v.service != nil {
		skipping = ", skipping service " + v.service.ID
	}
	if name == "" {
		return "", fmt.Errorf("envvar name is missing%s", skipping)
	}
	allowed := len(v.environment.Allowed) == 0 || slices.ContainsFunc(v.environment.Allowed, func(one string) bool {
		return strings.EqualFold(one, name)
	})
	if v.environment.Disabled || !allowed {
		return "", fmt.Errorf("envvar %s is not allowed in check configs%s", name, skipping)
	}
	value, found := v.environment.Lookup(name)
	if !found {
		return "", fmt.Errorf("failed to retrieve envvar %s%s", name, skipping)
	}
	return value, nil
}

// sixAddress returns the address that a string's %%host%% stands for, if it is IPv6.
func (v variables) sixAddress(text string) string {
	if v.service == nil {
		return ""
	}
	for _, span := range variable.FindAllStringSubmatch(text, -1) {
		if address, err := v.host(span[2]); span[1] == "host" && err == nil && isSix(address) {
			return address
		}
	}
	return ""
}

func isSix(address string) bool {
	ip := net.ParseIP(address)
	return ip != nil && ip.To4() == nil
}

// bracketed puts IPv6 addresses in brackets where the result then reads as a URL, as the Agent does.
func (v variables) bracketed(text, plain string) (any, error) {
	out, err := v.substitute(text, func(name, key string) (string, error) {
		value, err := v.get(name, key)
		if name == "host" && isSix(value) {
			value = "[" + value + "]"
		}
		return value, err
	})
	inBrackets, isString := out.(string)
	if err != nil || !isString {
		return out, err
	}
	if _, err := url.Parse(inBrackets); err != nil {
		return plain, nil
	}
	return inBrackets, nil
}
