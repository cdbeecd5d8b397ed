package main

import (
	"os"
	"path/filepath"
	"slices"

	"enc-operator.io/e2e/agent/internal/autodiscovery"
	"enc-operator.io/e2e/agent/internal/clusterchecks"
	"enc-operator.io/e2e/agent/internal/kube"
)

const (
	kubeletListener = "kubelet"
	kubeletPort     = "10250"
)

// followNode is the node Agent: files, the node's pods, and what the Cluster Agent dispatches.
func (a *agent) followNode(files []autodiscovery.Config) {
	a.manager.SetConfigs(autodiscovery.FromFile, files)
	nodeName := make(chan string, 1)
	go a.followClusterAgent(nodeName)
	kubelet, err := a.kubelet()
	if err != nil || kubelet == nil {
		a.announce(nodeName, nil)
		if err != nil {
			poll("reach the kubelet", func() error { return err })
		}
		return
	}
	poll("list the pods of the kubelet", func() error {
		pods, err := kubelet.Pods()
		if err != nil {
			return err
		}
		a.applyPods(pods)
		a.announce(nodeName, pods)
		return nil
	})
}

// applyPods hands over configurations before services, as the Agent orders them.
func (a *agent) applyPods(pods []kube.Pod) {
	found := autodiscovery.InPods(pods, a.flavour)
	a.setProblems("live", found.Errors)
	a.manager.SetConfigs(autodiscovery.FromContainer, found.Configs)
	a.manager.SetServices(kubeletListener, found.Services)
}

func (a *agent) kubelet() (*kube.Client, error) {
	host := a.settings.Text("kubernetes_kubelet_host")
	if host == "" {
		return nil, nil // outside of Kubernetes there are only files
	}
	port := a.settings.Text("kubernetes_https_kubelet_port")
	if port == "" {
		port = kubeletPort
	}
	token := a.settings.Text("kubelet_auth_token_path")
	if token == "" {
		token = filepath.Join(kube.ServiceAccountDir, "token")
	}
	ca := a.settings.Text("kubelet_client_ca")
	if mounted := filepath.Join(kube.ServiceAccountDir, "ca.crt"); ca == "" {
		if _, err := os.Stat(mounted); err == nil {
			ca = mounted
		}
	}
	return kube.Kubelet(host, port, token, ca, a.settings.Flag("kubelet_tls_verify", true))
}

// announce tells the name that the Cluster Agent knows this node by: the setting, else what the kubelet's pods say.
func (a *agent) announce(name chan<- string, pods []kube.Pod) {
	known := a.settings.Text("kubernetes_kubelet_nodename")
	for _, pod := range pods {
		if known == "" {
			known = pod.Spec.NodeName
		}
	}
	if known == "" && pods == nil {
		known, _ = os.Hostname()
	}
	if known == "" {
		return
	}
	select {
	case name <- known:
	default: // it has been told
	}
}

// followClusterAgent pulls what is dispatched to this node, where the providers for it are on.
func (a *agent) followClusterAgent(nodeName <-chan string) {
	base := clusterchecks.Address(a.settings.Text("cluster_agent.url"), a.settings.Text("cluster_agent.kubernetes_service_name"),
		a.environment.Lookup)
	if base == "" || !a.settings.Flag("cluster_agent.enabled", false) {
		return
	}
	client := clusterchecks.Client{Base: base, Token: a.settings.Text("cluster_agent.auth_token"), Node: <-nodeName}
	poll("pull from the Cluster Agent", func() error { return a.pull(client) })
}

func (a *agent) pull(client clusterchecks.Client) error {
	cluster, endpoints, err := client.Pull()
	if err != nil {
		return err
	}
	providers := a.settings.Words("extra_config_providers")
	if slices.Contains(providers, "clusterchecks") {
		a.manager.SetConfigs(autodiscovery.FromClusterChecks, cluster)
	}
	if slices.Contains(providers, "endpointschecks") {
		a.manager.SetConfigs(autodiscovery.FromEndpointsChecks, endpoints)
	}
	return nil
}
