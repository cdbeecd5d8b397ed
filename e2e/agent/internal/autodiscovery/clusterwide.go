package autodiscovery

import (
	"fmt"
	"sort"

	"enc-operator.io/e2e/agent/internal/flavour"
	"enc-operator.io/e2e/agent/internal/kube"
)

const serviceNameLabel = "kubernetes.io/service-name"

// InCluster reads what the Cluster Agent reads: the `service` and `endpoints` annotations of Services, and the templates
// of files that name Services (providers/kube_services.go, kube_endpointslices.go and their listeners).
func InCluster(services []kube.Service, slices []kube.EndpointSlice, files []Config, f flavour.Flavour) Found {
	var found Found
	for _, service := range services {
		found.addService(service, f, advancedFor(service, files, func(a Advanced) ServiceName { return a.Service }))
		advanced := advancedFor(service, files, func(a Advanced) ServiceName { return a.Endpoints.ServiceName })
		found.addEndpoints(service, slicesOf(service, slices), f, advanced)
	}
	return found
}

// isAnnotated is the listener's view, which lets logs alone and the legacy prefix never become live.
func isAnnotated(service kube.Service, f flavour.Flavour, id string) bool {
	_, v2 := service.Metadata.Annotations[f.AnnotationPrefix+id+".checks"]
	_, v1 := service.Metadata.Annotations[f.AnnotationPrefix+id+".instances"]
	return v1 || v2
}

type advancedMatch struct {
	config  Config
	resolve string
}

func advancedFor(service kube.Service, files []Config, of func(Advanced) ServiceName) []advancedMatch {
	wanted := ServiceName{service.Metadata.Name, service.Metadata.Namespace}
	var found []advancedMatch
	for _, config := range files {
		for _, advanced := range config.Advanced {
			if of(advanced) == wanted {
				found = append(found, advancedMatch{config, advanced.Endpoints.Resolve})
			}
		}
	}
	return found
}

func (f *Found) addService(service kube.Service, fl flavour.Flavour, advanced []advancedMatch) {
	meta := service.Metadata
	source := Source{Kind: "service", Namespace: meta.Namespace, Name: meta.Name, UID: meta.UID}
	entity := fmt.Sprintf("kube_service://%s/%s", meta.Namespace, meta.Name)
	configs, errs := TemplatesIn(meta.Annotations, fl, "service", entity)
	f.fail(source, errs...)
	for _, config := range configs {
		config.Provider, config.Source, config.ClusterCheck = FromServices, source, true
		f.Configs = append(f.Configs, config)
	}
	for _, match := range advanced {
		config := match.config
		config.ADIdentifiers, config.ClusterCheck = []string{entity}, true
		f.Configs = append(f.Configs, config)
	}
	if !isAnnotated(service, fl, "service") && len(advanced) == 0 {
		return
	}
	live := Service{
		ID: entity, Identifiers: []string{entity}, Hosts: map[string]string{"cluster": service.Spec.ClusterIP}, Ready: true,
		Tags: []string{"kube_service:" + meta.Name, "kube_namespace:" + meta.Namespace}, Source: source,
	}
	for _, port := range service.Spec.Ports {
		live.Ports = append(live.Ports, Port{port.Port, port.Name})
	}
	sortPorts(live.Ports)
	f.Services = append(f.Services, live)
}

// endpoint is one address of a Service, and the pod behind it, if there is one.
type endpoint struct {
	address, node, podUID string
	ports                 []Port
}

func slicesOf(service kube.Service, slices []kube.EndpointSlice) []endpoint {
	var found []endpoint
	for _, slice := range slices {
		meta := slice.Metadata
		if meta.Namespace != service.Metadata.Namespace || meta.Labels[serviceNameLabel] != service.Metadata.Name {
			continue
		}
		var ports []Port
		for _, port := range slice.Ports {
			if port.Name != nil && port.Port != nil {
				ports = append(ports, Port{*port.Port, *port.Name})
			}
		}
		for _, one := range slice.Endpoints {
			for _, address := range one.Addresses {
				at := endpoint{address: address, node: one.NodeName, ports: ports}
				if one.TargetRef != nil && one.TargetRef.Kind == "Pod" {
					at.podUID = one.TargetRef.UID
				}
				found = append(found, at)
			}
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].address < found[j].address })
	return found
}

func (f *Found) addEndpoints(service kube.Service, endpoints []endpoint, fl flavour.Flavour, advanced []advancedMatch) {
	meta := service.Metadata
	source := Source{Kind: "endpoints", Namespace: meta.Namespace, Name: meta.Name, UID: meta.UID}
	templates, errs := TemplatesIn(meta.Annotations, fl, "endpoints", "")
	f.fail(source, errs...)
	for index := range templates {
		templates[index].Provider, templates[index].Source = FromEndpoints, source
	}
	resolve := meta.Annotations[fl.AnnotationPrefix+"endpoints.resolve"]
	for _, at := range endpoints {
		entity := fmt.Sprintf("kube_endpoint_uid://%s/%s/%s", meta.Namespace, meta.Name, at.address)
		for _, template := range templates {
			f.Configs = append(f.Configs, at.bind(template, entity, resolve))
		}
		for _, match := range advanced {
			f.Configs = append(f.Configs, at.bind(match.config, entity, match.resolve))
		}
		if !isAnnotated(service, fl, "endpoints") && len(advanced) == 0 {
			continue
		}
		here := source
		here.Key = at.address
		f.Services = append(f.Services, Service{
			ID: entity, Identifiers: []string{entity}, Hosts: map[string]string{"endpoint": at.address}, Ports: at.ports,
			Ready: true, Source: here, Tags: []string{
				"kube_service:" + meta.Name, "kube_namespace:" + meta.Namespace, "kube_endpoint_ip:" + at.address,
			},
		})
	}
}

// bind ties a template to one address. Where a pod is behind it the check belongs to that pod's node, unless
// `endpoints.resolve` is `ip`; any unknown value counts as `auto`.
func (e endpoint) bind(template Config, entity, resolve string) Config {
	template.ADIdentifiers, template.ClusterCheck = []string{entity}, true
	template.Advanced = nil
	if e.podUID != "" && e.node != "" && resolve != "ip" {
		template.ADIdentifiers = append(template.ADIdentifiers, "kubernetes_pod://"+e.podUID)
		template.NodeName = e.node
	}
	return template
}
