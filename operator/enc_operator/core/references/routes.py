"""Through which hops a template reaches the Agent that resolves it.

Source: the Agent's `comp/core/autodiscovery` and `pkg/clusteragent/clusterchecks`: the first process on the way that has a
backend and does not skip checks decrypts; what it dispatches is plain text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from enc_operator.core.agents.backends import BackendKind
from enc_operator.core.agents.model import COMPONENT_NAMES, Agent
from enc_operator.core.inventory import Component, Flavour
from enc_operator.core.references.model import Idle


@dataclass(frozen=True, slots=True)
class Route:
    """The Agent that resolves (None: there is none in the input), how it got there, and why it stays unresolved.

    `cluster` is the Cluster Agent that dispatches: it substitutes the template variables, also where another one resolves.
    """

    agent: Agent | None
    hop: str
    idle: Idle | None = None
    cluster: Agent | None = None

    @property
    def substitutes(self) -> Agent | None:
        """The Agent whose values template variables get."""
        return self.cluster or self.agent


def node_routes(agents: Sequence[Agent], flavour: Flavour) -> list[Route]:
    """Return the routes of what a node Agent resolves by itself: pod annotations, container labels."""
    nodes = [agent for agent in agents if agent.flavour is flavour and _runs_pods(agent)]
    return [Route(agent, "from the pod", unresolved(agent)) for agent in nodes] or [
        _nobody("node Agent", flavour)
    ]


def cluster_routes(agents: Sequence[Agent], flavour: Flavour, *, pod_backed: bool = False) -> list[Route]:
    """Return the routes of what the Cluster Agent schedules: Services, endpoints, cluster checks in its conf.d."""
    clusters = [
        agent for agent in agents if agent.flavour is flavour and agent.component is Component.CLUSTER
    ]
    routes = [route for cluster in clusters for route in dispatched(cluster, agents, pod_backed=pod_backed)]
    return routes or [_nobody("Cluster Agent", flavour)]


def dispatched(cluster: Agent, agents: Sequence[Agent], *, pod_backed: bool = False) -> list[Route]:
    """Return who resolves what a Cluster Agent schedules: itself, or where it does not, those it dispatches to."""
    reason = unresolved(cluster)
    if reason is None:
        return [Route(cluster, "before it dispatches")]
    mates = [
        agent for agent in agents if (agent.namespace, agent.flavour) == (cluster.namespace, cluster.flavour)
    ]
    nodes = [agent for agent in mates if agent.component is Component.NODE]
    runners = [agent for agent in mates if agent.component is Component.RUNNER]
    takers = nodes if pod_backed else runners or [agent for agent in nodes if agent.takes_cluster_checks]
    routes = [
        Route(
            agent,
            f"Cluster Agent ({reason}) → {COMPONENT_NAMES[agent.component]}",
            unresolved(agent),
            cluster,
        )
        for agent in takers
    ]
    return routes or [Route(cluster, "before it dispatches", reason)]


NO_BACKEND = Idle(
    "not-resolved",
    "it has no secret backend",
    "set secret_backend_command, or in a cluster an AgentTarget with resolver mode bundled",
)
_SKIPS_CHECKS = Idle("not-resolved", "it is told to skip checks (secret_backend_skip_checks)")


def unresolved(agent: Agent) -> Idle | None:
    """Return why an Agent leaves checks' handles as they stand, or None."""
    if agent.skip_checks:
        return _SKIPS_CHECKS
    return NO_BACKEND if agent.backend.kind is BackendKind.NONE else None


def _runs_pods(agent: Agent) -> bool:
    return agent.component is Component.NODE and agent.in_kubernetes


def _nobody(component: str, flavour: Flavour) -> Route:
    return Route(None, component, Idle("no-agent", f"the input has no {component} of flavour {flavour}"))
