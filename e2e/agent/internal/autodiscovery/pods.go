package autodiscovery

import (
	"encoding/json"
	"fmt"
	"sort"
	"strconv"

	"enc-operator.io/e2e/agent/internal/flavour"
	"enc-operator.io/e2e/agent/internal/kube"
)

// Found is what an object's annotations give: templates, services that live, and configuration errors.
type Found struct {
	Configs  []Config
	Services []Service
	Errors   []Problem
}

// Problem is a configuration error of one object, in the Agent's words.
type Problem struct {
	Source  Source `json:"source"`
	Message string `json:"message"`
}

func (f *Found) fail(source Source, errs ...error) {
	for _, err := range errs {
		f.Errors = append(f.Errors, Problem{source, err.Error()})
	}
}

// InPods reads the pods of a node: the annotations of every container that has an id, and a service for each of these and
// for the pod (providers/container.go, listeners/kubelet.go).
func InPods(pods []kube.Pod, f flavour.Flavour) Found {
	var found Found
	for _, pod := range pods {
		found.addPod(pod, f)
	}
	return found
}

func (f *Found) addPod(pod kube.Pod, fl flavour.Flavour) {
	annotations := pod.Metadata.Annotations
	podSource := Source{Kind: "pod", Namespace: pod.Metadata.Namespace, Name: pod.Metadata.Name, UID: pod.Metadata.UID}
	var names, identifiers []string
	var ports []Port
	for _, container := range pod.AllContainers() {
		identifier := container.Name
		custom, hasCustom := annotations[fl.AnnotationPrefix+container.Name+".check.id"]
		if hasCustom {
			identifier = custom
		}
		names, identifiers = append(names, container.Name), append(identifiers, identifier)
		entity := pod.ContainerID(container.Name)
		if entity == "" {
			continue
		}
		ports = append(ports, portsOf(container)...)
		source := podSource
		source.Container = container.Name
		f.addTemplates(annotations, fl, identifier, entity, source)
		if excluded(annotations, fl, container.Name) {
			continue
		}
		service := containerService(pod, container, fl, entity, source)
		if hasCustom {
			service.Identifiers = append(service.Identifiers, custom)
		}
		service.CheckNames = CheckNamesIn(annotations, fl, identifier)
		f.Services = append(f.Services, service)
	}
	f.fail(podSource, UnknownIdentifiers(annotations, fl, names, identifiers)...)
	id := "kubernetes_pod://" + pod.Metadata.UID
	sortPorts(ports)
	f.Services = append(f.Services, Service{
		ID: id, Identifiers: []string{id}, Hosts: map[string]string{"pod": pod.Status.PodIP}, Ports: ports, Ready: true,
		Tags: podTags(pod, fl), Extra: map[string]string{}, Source: podSource,
	})
}

func (f *Found) addTemplates(annotations map[string]string, fl flavour.Flavour, id, entity string, source Source) {
	configs, errs := TemplatesIn(annotations, fl, id, entity)
	f.fail(source, errs...)
	for _, config := range configs {
		config.Provider, config.Source = FromContainer, source
		f.Configs = append(f.Configs, config)
	}
}

func excluded(annotations map[string]string, fl flavour.Flavour, container string) bool {
	whole, _ := strconv.ParseBool(annotations[fl.AnnotationPrefix+"exclude"])
	one, _ := strconv.ParseBool(annotations[fl.AnnotationPrefix+container+".exclude"])
	return whole || one
}

func containerService(pod kube.Pod, container kube.Container, fl flavour.Flavour, entity string, source Source) Service {
	image, short := kube.ImageNames(container.Image)
	service := Service{
		ID: entity, Identifiers: []string{entity, image}, Hosts: map[string]string{"pod": pod.Status.PodIP},
		Ports: portsOf(container), Ready: pod.IsReady(pod.Metadata.Annotations[fl.AnnotationPrefix+"tolerate-unready"]),
		Extra: map[string]string{
			"namespace": pod.Metadata.Namespace, "pod_name": pod.Metadata.Name, "pod_uid": pod.Metadata.UID,
		},
		Image: short, Source: source,
	}
	if short != image {
		service.Identifiers = append(service.Identifiers, short)
	}
	sortPorts(service.Ports)
	service.Tags = append(podTags(pod, fl), "kube_container_name:"+container.Name, "short_image:"+short)
	service.Tags = append(service.Tags, tagsIn(pod.Metadata.Annotations[fl.AnnotationPrefix+container.Name+".tags"])...)
	return service
}

func portsOf(container kube.Container) []Port {
	ports := make([]Port, 0, len(container.Ports))
	for _, port := range container.Ports {
		ports = append(ports, Port{port.ContainerPort, port.Name})
	}
	return ports
}

func sortPorts(ports []Port) {
	sort.SliceStable(ports, func(i, j int) bool { return ports[i].Number < ports[j].Number })
}

func podTags(pod kube.Pod, fl flavour.Flavour) []string {
	tags := []string{"kube_namespace:" + pod.Metadata.Namespace}
	return append(tags, tagsIn(pod.Metadata.Annotations[fl.AnnotationPrefix+"tags"])...)
}

// tagsIn reads the tagger's annotation, an object of names with a value or a list of them each.
func tagsIn(text string) []string {
	var decoded map[string]any
	if json.Unmarshal([]byte(text), &decoded) != nil {
		return nil
	}
	var tags []string
	for _, name := range sortedNames(decoded) {
		values, isList := decoded[name].([]any)
		if !isList {
			values = []any{decoded[name]}
		}
		for _, value := range values {
			tags = append(tags, fmt.Sprintf("%s:%v", name, value))
		}
	}
	return tags
}
