"""A reference as a value."""

from dataclasses import dataclass, field
from enum import StrEnum

from enc_operator.core.agents.model import Agent
from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.inventory import SecretVolume

_LONGEST_TITLE = 100  # characters of a line that a person still reads


class ReferrerKind(StrEnum):
    """On whose behalf a Secret is asked for."""

    POD = "pod"
    SERVICE = "service"
    AGENT = "agent"
    OUTSIDE = "outside Kubernetes"


@dataclass(frozen=True, slots=True, order=True)
class Referrer:
    """Who refers: the namespace, and for pods the pod's own ServiceAccount."""

    kind: ReferrerKind
    namespace: str = ""
    service_account: str = ""

    def __str__(self) -> str:
        if self.kind is ReferrerKind.AGENT:
            return f"the Agents' configuration in namespace {self.namespace}"
        if self.kind is ReferrerKind.POD and not self.service_account:
            return f"pods of namespace {self.namespace}"
        if self.kind is ReferrerKind.POD:
            return f"pods of ServiceAccount {self.namespace}/{self.service_account}"
        return f"Services of namespace {self.namespace}" if self.namespace else str(self.kind)


@dataclass(frozen=True, slots=True)
class SecretTarget:
    """The key of a Secret that is asked for; None is a part that is not known before the pod runs.

    `file` is the path through which the Agent reads it, with the declared volume that it is in; None means through the
    Kubernetes API.
    """

    namespace: str
    name: str | None
    key: str | None
    file: str | None = None
    volume: SecretVolume | None = None

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name or '…'}/{self.key or '…'}"


@dataclass(frozen=True, slots=True)
class OtherTarget:
    """What is asked for is no Secret of Kubernetes: a backend of the user's own, or a file outside the cluster."""

    what: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a handle names nothing that could be allowed; `span` is the part of the text as written that is to blame."""

    code: str
    message: str
    fix: str
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Idle:
    """Why no Agent resolves a reference as things stand; `code` is the finding's, empty where another finding says it."""

    code: str
    why: str
    fix: str = ""

    def __str__(self) -> str:
        return self.why


@dataclass(frozen=True, slots=True)
class Reference:
    """One handle at one place, as one Agent would resolve it.

    `text` is the value as written, `handle` the handle after template variables (empty where it may be none), `hop` how it reaches the Agent. `idle` says why
    no Agent resolves it as things stand (None: it is resolved). `matches` are the pods that an Agent's own template reaches: each of them must be admitted too.
    """

    where: Where
    text: str
    handle: str
    referrer: Referrer
    agent: Agent | None
    hop: str
    target: SecretTarget | OtherTarget | None = None
    problem: Problem | None = None
    idle: Idle | None = None
    matches: tuple["Match", ...] = field(default=())

    @property
    def place(self) -> Where:
        """Where a finding about it points: what is to blame, or the whole text."""
        span = self.problem.span if self.problem else None
        return self.where.part(self.text, *(span or (0, len(self.text))))

    @property
    def title(self) -> str:
        """What a person reads: the handle, short."""
        title = f"ENC[{self.handle}]" if self.handle else self.text
        return title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 1] + "…"

    @property
    def live(self) -> bool:
        """Whether an Agent resolves it as things stand."""
        return self.idle is None and self.agent is not None

    def sort_key(self) -> tuple[str, ...]:
        """Return a key that orders references the same way whatever order the input came in."""
        agent = self.agent.sort_key() if self.agent else ()
        return (
            *self.where.sort_key(),
            self.text,
            self.handle,
            *agent,
            self.hop,
            str(self.idle or ""),
            self.where.source.file,
        )


@dataclass(frozen=True, slots=True, order=True)
class Match:
    """A pod that an Agent's own template reaches, by its object, and as whom it would have to be admitted."""

    object: ObjectRef
    referrer: Referrer
