package clusterchecks

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"enc-operator.io/e2e/agent/internal/autodiscovery"
)

// defaultPort is the Cluster Agent's, cluster_agent.cmd_port.
const defaultPort = "5005"

const answerTimeout = 5 * time.Second

// Client asks a Cluster Agent for a node's checks.
type Client struct {
	Base  string
	Token string
	Node  string
}

// Pull returns the node's cluster checks and its endpoints checks.
func (c Client) Pull() (cluster, endpoints []autodiscovery.Config, err error) {
	if cluster, err = c.ask(clusterPath, autodiscovery.FromClusterChecks); err != nil {
		return nil, nil, err
	}
	endpoints, err = c.ask(endpointsPath, autodiscovery.FromEndpointsChecks)
	return cluster, endpoints, err
}

func (c Client) ask(path, provider string) ([]autodiscovery.Config, error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Base+path+url.PathEscape(c.Node), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.Token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the Cluster Agent answers %s", response.Status)
	}
	var got answer
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		return nil, fmt.Errorf("the Cluster Agent's answer is unreadable")
	}
	for index := range got.Configs {
		got.Configs[index].Provider = provider
	}
	return got.Configs, nil
}

// Address finds the Cluster Agent: cluster_agent.url, else the variables that a pod has for a Service of its namespace,
// else the Service's name in DNS (which the Agent does not try). Stand-ins speak plain HTTP to each other, so the Agent's
// https is taken for http.
func Address(configured, service string, lookup func(string) (string, bool)) string {
	if configured != "" {
		rest, found := strings.CutPrefix(configured, "https://")
		if !found {
			rest = strings.TrimPrefix(configured, "http://")
		}
		return "http://" + strings.TrimSuffix(rest, "/")
	}
	if service == "" {
		return ""
	}
	variable := strings.ToUpper(strings.ReplaceAll(service, "-", "_"))
	host, hasHost := lookup(variable + "_SERVICE_HOST")
	port, hasPort := lookup(variable + "_SERVICE_PORT")
	if !hasHost {
		host = service
	}
	if !hasPort {
		port = defaultPort
	}
	return "http://" + net.JoinHostPort(host, port)
}
