"""The install: which one, its Deployments, its settings, and the Agents that it lists. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from enc_operator import __version__
from enc_operator.cli.doctor.model import Check, Found, Manifest, Unreadable, fail, ok, unreadable, warn
from enc_operator.core.findings import ObjectRef
from enc_operator.core.objects.shapes import entries, labels, mapping, text
from enc_operator.errors import SettingsError, UsageError
from enc_operator.process.settings import Settings, parse_settings

LABEL = "app.kubernetes.io/name=enc-operator"
_COMPONENT, _INSTANCE, _VERSION = (
    f"app.kubernetes.io/{each}" for each in ("component", "instance", "version")
)


@dataclass(frozen=True, slots=True)
class Install:
    """One install of the chart: its namespace, the name that its objects begin with, and its release."""

    namespace: str
    name: str
    release: str

    @property
    def global_name(self) -> str:
        """What its objects are called that stand in no namespace."""
        return f"{self.name}.{self.namespace}"


def component_of(deployment: Manifest) -> str:
    """Return which part of an install a Deployment runs: operator or webhook."""
    template = mapping(mapping(deployment, "spec"), "template")
    return labels(template, "metadata", "labels").get(_COMPONENT, "")


def find_install(deployments: Iterable[Manifest]) -> Install | None:
    """Return the install whose operator is among Deployments; raise UsageError where there are several."""
    found = [_install_of(each) for each in deployments if component_of(each) == "operator"]
    if len(found) > 1:
        names = ", ".join(sorted(each.namespace for each in found))
        raise UsageError(
            f"there are several installs, in the namespaces {names}", "name one with --namespace"
        )
    return found[0] if found else None


def _install_of(deployment: Manifest) -> Install:
    metadata = mapping(deployment, "metadata")
    release = labels(metadata, "labels").get(_INSTANCE, "")
    return Install(text(metadata, "namespace"), text(metadata, "name"), release)


def read_configured(found: Found, where: ObjectRef) -> Settings | Check:
    """Return the settings of an install, or what is wrong with them."""
    if isinstance(found, Unreadable):
        return unreadable("settings", found, where)
    if found is None:
        return fail("settings", "it does not exist", where, "install the chart again: helm upgrade")
    try:
        return parse_settings(text(mapping(found, "data"), "settings.yaml"))
    except SettingsError as error:
        what = "; ".join(error.message.splitlines())
        return fail("settings", what, where, "install the chart again: helm upgrade")


def check_deployment(found: Manifest, pods: Sequence[Manifest] | Unreadable) -> Iterator[Check]:
    """Check that a Deployment's pods are ready, and of this version; `pods` say why where they are not."""
    name, where = component_of(found), _ref(found)
    wanted = mapping(found, "spec").get("replicas", 1)
    ready = mapping(found, "status").get("readyReplicas", 0)
    logs = f"kubectl -n {where.namespace} logs deployment/{where.name}"
    if not wanted:
        fix = f"kubectl -n {where.namespace} scale deployment/{where.name} --replicas=2"
        yield fail(name, "it is scaled to 0", where, fix)
    elif ready < wanted:
        why = "" if isinstance(pods, Unreadable) else _why(pods)
        what = f"{ready} of {wanted} pods are ready{why}"
        yield (warn if ready else fail)(name, what, where, f"see {logs}, and kubectl describe of its pods")
    else:
        yield ok(name, f"{ready} of {wanted} pods are ready", where)
    yield from _check_release(name, where, labels(found, "metadata", "labels").get(_VERSION, ""))


def _check_release(name: str, where: ObjectRef, version: str) -> Iterator[Check]:
    if version != __version__:
        what = f"it is of version {version or 'unknown'}, encctl of {__version__}: they may judge differently"
        yield warn(name, what, where, "use the encctl of the install's version, or upgrade the install")


def _why(pods: Sequence[Manifest]) -> str:
    """Return what Kubernetes says of the first pod that is not ready and has something said of it."""
    said = (word for pod in pods for word in (*_waiting(pod), *_unmet(pod)))
    found = next(said, "")
    return f": {found}" if found else ""


def _waiting(pod: Mapping[str, Any]) -> Iterator[str]:
    for _, container in entries(mapping(pod, "status"), "containerStatuses"):
        waiting = mapping(mapping(container, "state"), "waiting")
        if reason := text(waiting, "reason"):
            message = text(waiting, "message")
            yield f"{reason}: {message}" if message else reason


def _unmet(pod: Mapping[str, Any]) -> Iterator[str]:
    for _, condition in entries(mapping(pod, "status"), "conditions"):
        if text(condition, "status") == "False" and text(condition, "message"):
            yield text(condition, "message")


def check_agents(
    settings: Settings, namespaces: Mapping[str, Found], accounts: Mapping[tuple[str, str], Found]
) -> Iterator[Check]:
    """Check that the Agents that an install lists exist: their namespaces and ServiceAccounts."""
    if not settings.agents:
        what = "`agents` is empty: nobody is given anything"
        yield fail("agents", what, fix="say in the chart's values which ServiceAccounts your Agents run as")
    wrong = [
        check for name, found in namespaces.items() for check in _check_there("Namespace", "", name, found)
    ]
    gone = {name for name, found in namespaces.items() if found is None}
    for (namespace, name), found in accounts.items():
        if namespace not in gone:
            wrong += _check_there("ServiceAccount", namespace, name, found)
    yield from wrong
    if settings.agents and not wrong:
        listed = ", ".join(f"{namespace}/{name}" for namespace, name in accounts)
        yield ok("agents", f"the install lists {listed}")


def _check_there(kind: str, namespace: str, name: str, found: Found) -> Iterator[Check]:
    where = ObjectRef(kind, namespace, name)
    if isinstance(found, Unreadable):
        yield unreadable("agents", found, where)
    elif found is None:
        fix = "make it, or correct `agents` in the chart's values"
        yield fail("agents", "the install lists it, and it does not exist", where, fix)


def _ref(found: Manifest) -> ObjectRef:
    return ObjectRef("Deployment", text(found, "metadata", "namespace"), text(found, "metadata", "name"))
