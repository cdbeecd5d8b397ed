"""Facts of enc-operator's own resources: grants and AgentTargets."""

from dataclasses import dataclass
from datetime import datetime

from enc_operator.core.findings import Where
from enc_operator.core.inventory.authorization import Selector
from enc_operator.core.inventory.installs import Component, Flavour


@dataclass(frozen=True, slots=True)
class GrantFrom:
    """Who a grant admits: pods of a namespace or of selected ones, or the configuration of the Agents of a namespace."""

    namespace: str | None = None
    selector: Selector | None = None
    service_accounts: tuple[str, ...] = ()
    agent_namespace: str | None = None


@dataclass(frozen=True, slots=True)
class GrantTo:
    """Which Secrets a grant opens; namespaces and selector only in a ClusterSecretGrant."""

    secret_name: str
    keys: tuple[str, ...]
    namespaces: tuple[str, ...] = ()
    selector: Selector | None = None


@dataclass(frozen=True, slots=True)
class GrantFact:
    """A SecretGrant (with its namespace) or a ClusterSecretGrant (namespace empty).

    `created` is when an API server first stored it (RFC 3339), empty for one from a file.
    """

    where: Where
    namespace: str
    name: str
    admits: tuple[GrantFrom, ...]
    opens: tuple[GrantTo, ...]
    expires: datetime | None = None
    created: str = ""


@dataclass(frozen=True, slots=True)
class SecretVolume:
    """A dedicated secret volume that an AgentTarget declares."""

    name: str
    secret_name: str
    keys: tuple[str, ...]
    allowed_from: tuple[GrantFrom, ...] = ()

    @property
    def mount_path(self) -> str:
        """Where it stands in the Agent's containers."""
        return f"/etc/enc/secrets/{self.name}"


@dataclass(frozen=True, slots=True)
class TargetFact:
    """An AgentTarget; the defaults are those of its CRD."""

    where: Where | None
    namespace: str
    name: str
    flavour: Flavour = Flavour.DATADOG
    workloads: tuple[tuple[str, str, Component], ...] = ()
    mode: str = "bundled"
    refresh_interval: int = 0
    timeout: int = 25
    volumes: tuple[SecretVolume, ...] = ()
    cross_namespace: bool = False
    manage: str = "Plan"
    enforcement: str = "audit"
    rollout: str = "Next"

    @property
    def injects(self) -> bool:
        """Whether the Agent's workloads are to be changed."""
        return self.manage == "Full"
