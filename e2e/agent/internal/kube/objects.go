// Package kube reads the kubelet and the API server with a pod's own ServiceAccount. What is done with the objects is
// not known here, and only the fields that an Agent looks at are.
package kube

import "strings"

// Metadata is an object's metadata.
type Metadata struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	UID         string            `json:"uid"`
	Annotations map[string]string `json:"annotations"`
	Labels      map[string]string `json:"labels"`
}

// Pod is a pod as the kubelet lists it.
type Pod struct {
	Metadata Metadata `json:"metadata"`
	Spec     struct {
		NodeName            string      `json:"nodeName"`
		Containers          []Container `json:"containers"`
		InitContainers      []Container `json:"initContainers"`
		EphemeralContainers []Container `json:"ephemeralContainers"`
	} `json:"spec"`
	Status struct {
		Phase                      string            `json:"phase"`
		PodIP                      string            `json:"podIP"`
		Conditions                 []Condition       `json:"conditions"`
		ContainerStatuses          []ContainerStatus `json:"containerStatuses"`
		InitContainerStatuses      []ContainerStatus `json:"initContainerStatuses"`
		EphemeralContainerStatuses []ContainerStatus `json:"ephemeralContainerStatuses"`
	} `json:"status"`
}

// Container is a container of a pod's spec.
type Container struct {
	Name  string `json:"name"`
	Image string `json:"image"`
	Ports []struct {
		Name          string `json:"name"`
		ContainerPort int    `json:"containerPort"`
	} `json:"ports"`
}

// ContainerStatus tells the id that the runtime gave a container, empty until there is one.
type ContainerStatus struct {
	Name        string `json:"name"`
	ContainerID string `json:"containerID"`
}

// Condition is one condition of a pod's status.
type Condition struct {
	Type   string `json:"type"`
	Status string `json:"status"`
}

// Service is a Kubernetes Service.
type Service struct {
	Metadata Metadata `json:"metadata"`
	Spec     struct {
		ClusterIP string `json:"clusterIP"`
		Ports     []struct {
			Name string `json:"name"`
			Port int    `json:"port"`
		} `json:"ports"`
	} `json:"spec"`
}

// EndpointSlice is one slice of a Service's endpoints.
type EndpointSlice struct {
	Metadata  Metadata `json:"metadata"`
	Endpoints []struct {
		Addresses []string `json:"addresses"`
		NodeName  string   `json:"nodeName"`
		TargetRef *struct {
			Kind string `json:"kind"`
			Name string `json:"name"`
			UID  string `json:"uid"`
		} `json:"targetRef"`
	} `json:"endpoints"`
	Ports []struct {
		Name *string `json:"name"`
		Port *int    `json:"port"`
	} `json:"ports"`
}

// AllContainers lists a pod's containers of every kind.
func (p Pod) AllContainers() []Container {
	all := append([]Container{}, p.Spec.InitContainers...)
	return append(append(all, p.Spec.Containers...), p.Spec.EphemeralContainers...)
}

// ContainerID returns the runtime's id of a container, empty where it never started.
func (p Pod) ContainerID(name string) string {
	lists := [][]ContainerStatus{
		p.Status.InitContainerStatuses, p.Status.ContainerStatuses, p.Status.EphemeralContainerStatuses,
	}
	for _, statuses := range lists {
		for _, status := range statuses {
			if status.Name == name {
				return status.ContainerID
			}
		}
	}
	return ""
}

// IsReady tells whether checks may run: pkg/util/kubernetes/kubelet, IsPodReady. tolerated is the value of the
// tolerate-unready annotation.
func (p Pod) IsReady(tolerated string) bool {
	source := p.Metadata.Annotations["kubernetes.io/config.source"]
	if p.Status.Phase == "Pending" && source != "" && source != "api" {
		return true // static pods are reported as pending for ever
	}
	if p.Status.Phase != "Running" {
		return false
	}
	if tolerated == "true" {
		return true
	}
	for _, condition := range p.Status.Conditions {
		if condition.Type == "Ready" && condition.Status == "True" {
			return true
		}
	}
	return false
}

// ImageNames splits an image reference into its name without tag and digest, and the last part of that.
func ImageNames(reference string) (name, short string) {
	name, _, _ = strings.Cut(reference, "@")
	if colon := strings.LastIndex(name, ":"); colon > strings.LastIndex(name, "/") {
		name = name[:colon]
	}
	return name, name[strings.LastIndex(name, "/")+1:]
}
