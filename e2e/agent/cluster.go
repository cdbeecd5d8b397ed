package main

import (
	"enc-operator.io/e2e/agent/internal/autodiscovery"
	"enc-operator.io/e2e/agent/internal/clusterchecks"
	"enc-operator.io/e2e/agent/internal/kube"
)

const (
	apiListener  = "kube-api"
	dispatchPort = "5005"
)

// followCluster is the Cluster Agent: files, Services and their endpoints. All of it is resolved here, before anything is
// dispatched.
func (a *agent) followCluster(files []autodiscovery.Config) {
	var plain, advanced []autodiscovery.Config
	for _, file := range files {
		if len(file.Advanced) > 0 {
			advanced = append(advanced, file)
		} else {
			plain = append(plain, file)
		}
	}
	a.manager.SetConfigs(autodiscovery.FromFile, plain)
	var client *kube.Client
	poll("list Services and EndpointSlices", func() (err error) {
		if client == nil {
			if client, err = kube.InCluster(kube.ServiceAccountDir); err != nil {
				return err
			}
		}
		services, err := client.Services()
		if err != nil {
			return err
		}
		slices, err := client.EndpointSlices()
		if err != nil {
			return err
		}
		a.applyCluster(services, slices, advanced)
		return nil
	})
}

func (a *agent) applyCluster(services []kube.Service, slices []kube.EndpointSlice, advanced []autodiscovery.Config) {
	found := autodiscovery.InCluster(services, slices, advanced, a.flavour)
	a.setProblems("live", found.Errors)
	a.manager.SetConfigs(autodiscovery.FromServices, found.Configs)
	a.manager.SetServices(apiListener, found.Services)
}

// dispatch serves the node Agents.
func (a *agent) dispatch() error {
	port := a.settings.Text("cluster_agent.cmd_port")
	if port == "" {
		port = dispatchPort
	}
	dispatcher := clusterchecks.NewDispatcher(a.settings.Text("cluster_agent.auth_token"), a.manager.Resolutions)
	return serve(":"+port, dispatcher.Handler())
}
