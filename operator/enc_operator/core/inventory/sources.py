"""Facts of what carries templates and configuration: pods, Services, ConfigMaps, Secrets, files outside Kubernetes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.inventory.installs import Flavour
from enc_operator.core.inventory.nothing import NOTHING


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a pod, as far as Autodiscovery sees it."""

    name: str
    image: str


@dataclass(frozen=True, slots=True)
class PodFact:
    """A pod, or a workload's template that makes pods.

    `metadata` is the path to the pod's metadata in its object; name, uid and address are None where they are not known
    before the pod runs.
    """

    where: Where
    namespace: str
    service_account: str
    containers: tuple[Container, ...]
    annotations: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    metadata: tuple[str, ...] = ("metadata",)
    labels: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    name: str | None = None
    uid: str | None = None
    address: str | None = None

    @property
    def object(self) -> ObjectRef:
        """The object that the pod or template stands in."""
        return self.where.ref


@dataclass(frozen=True, slots=True)
class ServiceFact:
    """A Service with Autodiscovery annotations."""

    where: Where
    namespace: str
    annotations: Mapping[str, str]
    selects_pods: bool
    address: str | None = None


@dataclass(frozen=True, slots=True)
class ConfigMapFact:
    """A ConfigMap's texts; `binaryData` is decoded, its keys are listed in `binary`."""

    where: Where
    namespace: str
    name: str
    data: Mapping[str, str]
    binary: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SecretFact:
    """A Secret without its values: which keys there are, and which values are themselves handles (key → handle).

    `stored` says that it was read from a cluster, and with it the others of its namespace.
    """

    where: Where
    namespace: str
    name: str
    keys: frozenset[str]
    handles: Mapping[str, str]
    stored: bool = False


@dataclass(frozen=True, slots=True)
class InstrumentationFact:
    """A `DatadogInstrumentation` resource: checks for the pods of a workload or a Service of its namespace."""

    where: Where
    namespace: str
    target_kind: str
    target_name: str
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AgentFileFact:
    """A bare file of an Agent outside Kubernetes: its main configuration or a check's.

    `install` names the folder or Compose service that the file belongs to.
    """

    where: Where
    install: str
    name: str
    text: str
    flavour: Flavour
    main: bool


@dataclass(frozen=True, slots=True)
class ComposeFact:
    """A container of a Compose file: its labels, and its environment if it runs an Agent."""

    where: Where
    install: str
    service: str
    image: str
    labels: Mapping[str, str]
    environment: Mapping[str, str]
    agent: Flavour | None
