"""The values of template variables, by what a template is resolved against.

Source: the Agent's `pkg/util/tmplvar/resolver.go` and its listeners: pods know their namespace, name and uid; Services and
endpoints know none of them; `env_X` is the environment of the *resolving Agent*, never the pod's.
"""

from enc_operator.core.agents.environment import EVERYTHING
from enc_operator.core.agents.model import Agent
from enc_operator.core.inventory import PodFact, ServiceFact
from enc_operator.core.templates.variables import Lookup, Refusal, Unknown, Value

_KNOWN = ("host", "port", "pid", "hostname", "env", "extra", "kube")


def pod_scope(pod: PodFact, agent: Agent | None) -> Lookup:
    """Return the lookup for a template that is resolved against a container of a pod."""

    def lookup(name: str, key: str) -> Value:
        if name in ("kube", "extra"):
            return _of_pod(pod, name, key)
        if name == "host" and not key:
            return pod.address or Unknown.WORD
        if name == "hostname":
            return ""  # the kubelet's listener never sets it
        return _of_agent(name, key, agent)

    return lookup


def _of_pod(pod: PodFact, name: str, key: str) -> Value:
    known: dict[str, Value] = {
        "namespace": pod.namespace,
        "pod_name": pod.name or Unknown.WORD,
        "pod_uid": pod.uid or Unknown.WORD,
    }
    return known.get(key, Refusal(Unknown.ANY if name == "extra" else Unknown.WORD))


def service_scope(service: ServiceFact, agent: Agent | None) -> Lookup:
    """Return the lookup for a template that is resolved against a Service or its endpoints."""

    def lookup(name: str, key: str) -> Value:
        if name == "host" and not key:
            return service.address or Unknown.WORD
        if name in ("kube", "extra", "pid", "hostname"):
            return Refusal(Unknown.ANY if name == "extra" else Unknown.WORD)
        return _of_agent(name, key, agent)

    return lookup


def unmatched_scope(agent: Agent | None) -> Lookup:
    """Return the lookup for a template whose container is not known: any value may come."""

    def lookup(name: str, key: str) -> Value:
        if name == "extra":
            return Unknown.ANY
        if name in ("kube", "hostname"):
            return Unknown.WORD
        return _of_agent(name, key, agent)

    return lookup


def file_scope(agent: Agent) -> Lookup:
    """Return the lookup for a check's file that waits for no container: only `env_X` is substituted."""

    def lookup(name: str, key: str) -> Value:
        return _of_agent(name, key, agent) if name == "env" else Refusal()

    return lookup


def _of_agent(name: str, key: str, agent: Agent | None) -> Value:
    if name == "env":
        return _of_environment(key, agent)
    return Unknown.WORD if name in _KNOWN else Refusal()


def _of_environment(key: str, agent: Agent | None) -> Value:
    if agent is None:
        return Unknown.WORD  # nobody in the input resolves it; an app team's `%%env_HOST%%` is no false alarm
    if not agent.in_kubernetes:
        return Unknown.ANY
    if key in agent.environment:
        return agent.environment[key]
    # Without the variable the Agent drops the template; what the kubelet adds is no handle.
    return Unknown.ANY if EVERYTHING in agent.environment else Refusal()
