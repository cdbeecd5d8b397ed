"""The facts: what stands in manifests or in a cluster, as plain values that every door builds and `assess` reads.

Never a Secret's value: of a Secret there are its keys and, where a value is itself a handle, that handle. Decisions do not
belong here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from enc_operator.core.findings import Finding
from enc_operator.core.inventory.authorization import (
    AnyQuestion,
    BindingFact,
    Question,
    RoleFact,
    Rule,
    Selector,
    Subject,
    User,
    UserQuestion,
)
from enc_operator.core.inventory.consents import GrantFact, GrantFrom, GrantTo, SecretVolume, TargetFact
from enc_operator.core.inventory.installs import Component, DatadogAgentFact, Flavour, WorkloadFact
from enc_operator.core.inventory.nothing import NOTHING
from enc_operator.core.inventory.sources import (
    AgentFileFact,
    ComposeFact,
    ConfigMapFact,
    Container,
    InstrumentationFact,
    PodFact,
    SecretFact,
    ServiceFact,
)

__all__ = [
    "NOTHING",
    "AgentFileFact",
    "AnyQuestion",
    "BindingFact",
    "Component",
    "ComposeFact",
    "ConfigMapFact",
    "Container",
    "DatadogAgentFact",
    "Flavour",
    "GrantFact",
    "GrantFrom",
    "GrantTo",
    "InstrumentationFact",
    "Inventory",
    "PodFact",
    "Question",
    "Resolver",
    "RoleFact",
    "Rule",
    "SecretFact",
    "SecretVolume",
    "Selector",
    "ServiceFact",
    "Subject",
    "TargetFact",
    "User",
    "UserQuestion",
    "WorkloadFact",
]


@dataclass(frozen=True, slots=True)
class Resolver:
    """The resolver's payload: the digest that names its ConfigMap, the files in it, and the command that installs them."""

    digest: str
    files: Mapping[str, str]
    command: tuple[str, ...]


@dataclass(slots=True)
class Inventory:
    """All facts of one assessment.

    `settings` are the environment variables that are bound to a setting of the Agent; `trusted_labels` the namespace label keys
    that only the platform's owner can change; `ending` holds the labels of namespaces that are being deleted: they consent to nothing,
    and tighten all the same; `faults` are findings that reading the facts brought up.
    """

    now: datetime
    resolver: Resolver
    pods: list[PodFact] = field(default_factory=list)
    services: list[ServiceFact] = field(default_factory=list)
    config_maps: list[ConfigMapFact] = field(default_factory=list)
    secrets: list[SecretFact] = field(default_factory=list)
    workloads: list[WorkloadFact] = field(default_factory=list)
    datadog_agents: list[DatadogAgentFact] = field(default_factory=list)
    instrumentations: list[InstrumentationFact] = field(default_factory=list)
    agent_files: list[AgentFileFact] = field(default_factory=list)
    compose: list[ComposeFact] = field(default_factory=list)
    namespaces: dict[str, Mapping[str, str]] = field(default_factory=dict)
    ending: dict[str, Mapping[str, str]] = field(default_factory=dict)
    grants: list[GrantFact] = field(default_factory=list)
    targets: list[TargetFact] = field(default_factory=list)
    roles: list[RoleFact] = field(default_factory=list)
    bindings: list[BindingFact] = field(default_factory=list)
    answers: Mapping[Question, bool] = field(default_factory=dict)
    trusted_labels: frozenset[str] = frozenset()
    settings: frozenset[str] = frozenset()
    faults: list[Finding] = field(default_factory=list)
