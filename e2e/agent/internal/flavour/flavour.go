// Package flavour names what differs between the Datadog Agent and StackState Agent V2, and between their processes.
// Behaviour does not live here: both flavours behave alike.
package flavour

import (
	"path/filepath"
	"strings"
)

// Process is which of the programs of an installation this is.
type Process string

// The DaemonSet's main program and the Deployment's; those beside the former that only resolve their settings; and those
// that resolve nothing.
const (
	Node    Process = "node"
	Cluster Process = "cluster"
	Beside  Process = "beside"
	Idle    Process = "idle"
)

// others are the programs beside the node Agent, by name. system-probe's loader of settings leaves secrets alone.
var others = map[string]Process{
	"trace-loader": Beside, "trace-agent": Beside, "process-agent": Beside, "security-agent": Beside, "system-probe": Idle,
}

// Flavour holds the names by which one product's Agent is configured.
type Flavour struct {
	EnvPrefix        string
	AnnotationPrefix string
	LegacyPrefix     string
	ConfigDir        string
	NodeConfig       string
	ClusterConfig    string
}

// Datadog is the Datadog Agent.
var Datadog = Flavour{
	EnvPrefix:        "DD_",
	AnnotationPrefix: "ad.datadoghq.com/",
	LegacyPrefix:     "service-discovery.datadoghq.com/",
	ConfigDir:        "/etc/datadog-agent",
	NodeConfig:       "datadog.yaml",
	ClusterConfig:    "datadog-cluster.yaml",
}

// StackState is StackState Agent V2, a fork with other names.
var StackState = Flavour{
	EnvPrefix:        "STS_",
	AnnotationPrefix: "ad.stackstate.com/",
	LegacyPrefix:     "service-discovery.stackstate.com/",
	ConfigDir:        "/etc/stackstate-agent",
	NodeConfig:       "stackstate.yaml",
	ClusterConfig:    "stackstate-cluster.yaml",
}

// Of tells flavour and process from the path a program was started by; override (may be empty) wins for the flavour.
func Of(program, override string) (Flavour, Process) {
	process, found := others[filepath.Base(program)]
	switch {
	case strings.HasSuffix(program, "-cluster-agent"):
		process = Cluster
	case !found:
		process = Node
	}
	if override == "stackstate" || (override == "" && strings.Contains(program, "stackstate")) {
		return StackState, process
	}
	return Datadog, process
}

// ConfigFile is the name of the process's own settings file below ConfigDir.
func (f Flavour) ConfigFile(p Process) string {
	if p == Cluster {
		return f.ClusterConfig
	}
	return f.NodeConfig
}
