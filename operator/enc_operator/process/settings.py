"""The operator's settings: one YAML file, rendered by the chart, read once at the start.

What the settings mean for decisions stands where the decisions are; the shape of the file in `data/settings.schema.yaml`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from enc_operator.core.inventory import NOTHING
from enc_operator.core.ledger.caps import Caps
from enc_operator.core.objects.authorization import OWNER
from enc_operator.core.schemas import check_document
from enc_operator.core.syntax import Parsed, Source, SyntaxFault, parse_yaml
from enc_operator.errors import SettingsError

ALWAYS_PROTECTED = frozenset({"kube-system", "kube-public", "kube-node-lease"})
"""Namespaces in which nothing is ever written, besides the operator's own and those that the settings add."""

_SCHEMA = "settings.schema.yaml"
_LEAST = (("leafSeconds", 4, "settlingSeconds"), ("authoritySeconds", 2, "leafSeconds"))


@dataclass(frozen=True, slots=True)
class AgentAccounts:
    """The ServiceAccounts of one namespace that Agents run as."""

    namespace: str
    service_accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeaseName:
    """The Lease that replicas elect their leader by; its namespace is the operator's own."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Log:
    """How the log is written: `format` is json or text, `level` debug, info, warning or error."""

    format: str = "json"
    level: str = "info"


@dataclass(frozen=True, slots=True)
class Listen:
    """Where health and metrics are served; every address where it is empty."""

    address: str = ""
    port: int = 8080


@dataclass(frozen=True, slots=True)
class Metrics:
    """What metrics say: names of Secrets only where somebody asked for them."""

    secret_names: bool = False


@dataclass(frozen=True, slots=True)
class CertificatesOf:
    """Where the webhook's certificates come from: own ones in `secret`, or those in `folder`, which somebody else renews.

    `names` are what the API server reaches it by, `configuration` the ValidatingWebhookConfiguration whose caBundle follows own ones,
    `mutating_configuration` the MutatingWebhookConfiguration, if there is one. Seconds are how long own ones are valid, and how long
    everybody has to learn of a new CA.
    """

    secret: str = ""
    folder: str = ""
    names: tuple[str, ...] = ()
    configuration: str = ""
    mutating_configuration: str = ""
    authority_seconds: int = 730 * 86_400
    leaf_seconds: int = 90 * 86_400
    settling_seconds: int = 3600


@dataclass(frozen=True, slots=True)
class Probe:
    """How a replica finds out whether the API server reaches the webhook.

    `name` is that of a SecretGrant whose creation is tried in the operator's namespace; `service` the Service that leads to replicas,
    empty where the API server reaches them by another way.
    """

    name: str
    service: str = ""


@dataclass(frozen=True, slots=True)
class Webhook:
    """How admission is served: `mode` is what holds everywhere at least; times are seconds."""

    mode: str = "audit"
    excluded_namespaces: frozenset[str] = frozenset()
    listen: Listen = Listen(port=8443)
    deadline_seconds: float = 2.0
    concurrent: int = 16
    drain_seconds: float = 5.0
    certificates: CertificatesOf = CertificatesOf()
    probe: Probe | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What an install said.

    `install` is the value of the label `enc-operator.io/managed-by`; `namespaces` is empty for all; `grace_seconds` is how long
    a permission outlives the plain disappearance of its last reference: revocation has no grace.
    """

    lease: LeaseName
    agents: tuple[AgentAccounts, ...] = ()
    trusted_namespace_labels: frozenset[str] = frozenset()
    protected_namespaces: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    install: str = OWNER
    fence: bool = True
    injection: bool = False
    grace_seconds: int = 60
    caps: Caps = Caps()  # noqa: RUF009 - a frozen value
    log: Log = Log()
    listen: Listen = Listen()
    metrics: Metrics = Metrics()
    webhook: Webhook | None = None

    def __post_init__(self) -> None:
        protected = self.protected_namespaces | ALWAYS_PROTECTED | {self.lease.namespace}
        object.__setattr__(self, "protected_namespaces", protected)

    @property
    def accounts(self) -> frozenset[tuple[str, str]]:
        """The Agents as (namespace, ServiceAccount)."""
        return frozenset((agent.namespace, name) for agent in self.agents for name in agent.service_accounts)


def read_settings(path: Path) -> Settings:
    """Read a settings file; raise SettingsError with everything that is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(
            f"{path}: cannot be read: {reason}", "give --settings a file that the chart rendered"
        ) from None
    return parse_settings(text, str(path))


def parse_settings(text: str, file: str = "settings.yaml") -> Settings:
    """Read the text of a settings file; raise SettingsError with everything that is wrong with it."""
    try:
        parsed = parse_yaml(text)
    except SyntaxFault as fault:
        where = f"{file}:{fault.mark.line + 1}:{fault.mark.column + 1}"
        raise SettingsError(f"{where}: {fault.message}; {fault.fix}") from None
    if faults := [*_faults(Source(file, text=text), parsed)]:
        raise SettingsError("\n".join(faults))
    return _settings(parsed.value)


def _faults(source: Source, parsed: Parsed) -> Iterator[str]:
    for duplicate in parsed.duplicates:
        yield _said(source, duplicate.start, f"{duplicate.key} stands twice", "remove one of the two")
    for fault in check_document(parsed.value, _schema()):
        start, _ = source.find(fault.path, on_key=fault.on_key)
        yield _said(source, start, f"{_place(fault.path)}: {fault.message}", fault.fix)
    yield from _own_agents(source, parsed.value)
    yield from _certificates(source, parsed.value)


def _own_agents(source: Source, written: Any) -> Iterator[str]:
    """Refuse Agents beside the operator: the fence holds for every ServiceAccount of its namespace, and would hold them up."""
    try:
        own = written["lease"]["namespace"]
        places = [index for index, agent in enumerate(written.get("agents", ())) if agent["namespace"] == own]
    except (KeyError, TypeError, AttributeError):
        return  # misshapen, which has been said
    for index in places:
        start, _ = source.find(("agents", index, "namespace"))
        yield _said(
            source, start, f"agents[{index}].namespace: {own} is the operator's own namespace, whose "
            "ServiceAccounts are all fenced in", "install enc-operator in a namespace of its own",
        )  # fmt: skip


def _certificates(source: Source, written: Any) -> Iterator[str]:
    """Refuse certificates that come from nowhere, or from two places."""
    try:
        given = written["webhook"]["certificates"].keys() & {"secret", "folder"}
    except (KeyError, TypeError, AttributeError):
        return  # misshapen, which has been said, or not there
    if len(given) != 1:
        start, _ = source.find(("webhook", "certificates"))
        what = "webhook.certificates: own ones need `secret`, those of somebody else `folder`"
        yield _said(source, start, what, "write one of the two")
    yield from _lives(source, written["webhook"]["certificates"])


def _lives(source: Source, certificates: Mapping[str, Any]) -> Iterator[str]:
    """Refuse lives in whose last third, after which everything is renewed, there is no time for a change."""
    usual = CertificatesOf()
    seconds = {
        "authoritySeconds": usual.authority_seconds,
        "leafSeconds": usual.leaf_seconds,
        "settlingSeconds": usual.settling_seconds,
        **certificates,
    }
    start, _ = source.find(("webhook", "certificates"))
    for longer, times, shorter in _LEAST:
        life, part = seconds[longer], seconds[shorter]
        if isinstance(life, int) and isinstance(part, int) and life < times * part:
            what = f"webhook.certificates: {longer} is less than {times} times {shorter}"
            yield _said(source, start, what, f"use {times * part} or more, or a smaller {shorter}")


def _said(source: Source, start: int, what: str, fix: str) -> str:
    line, column = source.position_at(start)
    return f"{source.file}:{line}:{column}: {what}; {fix}"


def _place(path: tuple[str | int, ...]) -> str:
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return steps.removeprefix(".") or "the settings"


def _schema() -> Mapping[str, Any]:
    text = (resources.files("enc_operator.data") / _SCHEMA).read_text(encoding="utf-8")
    schema: Mapping[str, Any] = parse_yaml(text).value
    return schema


def _settings(written: Mapping[str, Any]) -> Settings:
    agents = written.get("agents", ())
    return Settings(
        lease=LeaseName(**written["lease"]),
        agents=tuple(AgentAccounts(item["namespace"], tuple(item["serviceAccounts"])) for item in agents),
        trusted_namespace_labels=frozenset(written.get("trustedNamespaceLabels", ())),
        protected_namespaces=frozenset(written.get("protectedNamespaces", ())),
        namespaces=frozenset(written.get("namespaces", ())),
        caps=Caps(**_renamed(written.get("caps", NOTHING))),
        log=Log(**written.get("log", NOTHING)),
        listen=Listen(**written.get("listen", NOTHING)),
        metrics=Metrics(**_renamed(written.get("metrics", NOTHING))),
        webhook=_webhook(written["webhook"]) if "webhook" in written else None,
        **_renamed(
            {
                name: written[name]
                for name in ("install", "fence", "injection", "graceSeconds")
                if name in written
            }
        ),
    )


def _webhook(written: Mapping[str, Any]) -> Webhook:
    certificates = written["certificates"]
    return Webhook(
        excluded_namespaces=frozenset(written.get("excludedNamespaces", ())),
        listen=Listen(**{"port": 8443, **written.get("listen", NOTHING)}),
        certificates=CertificatesOf(
            **{**_renamed(certificates), "names": tuple(certificates.get("names", ()))}
        ),
        probe=Probe(**written["probe"]) if "probe" in written else None,
        **_renamed(
            {
                name: written[name]
                for name in ("mode", "deadlineSeconds", "concurrent", "drainSeconds")
                if name in written
            }
        ),
    )


def _renamed(written: Mapping[str, Any]) -> dict[str, Any]:
    """Name fields as Python does."""
    return {
        "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name): value
        for name, value in written.items()
    }
