"""Facts of Agent installs: flavours, components, workloads."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from enc_operator.core.findings import ObjectRef, Where


class Flavour(StrEnum):
    """Whose Agent it is; both speak the same protocol under other names."""

    DATADOG = "datadog"
    STACKSTATE = "stackstate"


class Component(StrEnum):
    """The Agent processes by the workload that runs them (label `agent.datadoghq.com/component`)."""

    NODE = "agent"
    CLUSTER = "cluster-agent"
    RUNNER = "cluster-checks-runner"


@dataclass(frozen=True, slots=True)
class WorkloadFact:
    """A workload that runs an Agent; `manifest` is the whole object, for the injection."""

    where: Where
    component: Component
    flavour: Flavour
    manifest: Mapping[str, Any]
    detected_by: str

    @property
    def object(self) -> ObjectRef:
        """The workload."""
        return self.where.ref


@dataclass(frozen=True, slots=True)
class DatadogAgentFact:
    """A `DatadogAgent` resource of the vendor's operator."""

    where: Where
    namespace: str
    name: str
    spec: Mapping[str, Any]
