"""The Agents of a cluster: listed by the install, injected, able to read what they need and no more. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from enc_operator import __version__
from enc_operator.cli.doctor.model import Check, fail, ok, unknown, warn
from enc_operator.cli.doctor.references import CONSENTS
from enc_operator.cli.scan.assessing import Scanned
from enc_operator.cli.scan.kinds import RIGHTS, SOURCES, WORKLOADS
from enc_operator.cli.scan.reading import Held
from enc_operator.core.agents.backends import BackendKind
from enc_operator.core.agents.injected import INIT_CONTAINER
from enc_operator.core.agents.install import agent_workloads, target_of
from enc_operator.core.agents.model import COMPONENT_NAMES, Agent
from enc_operator.core.audit.auditing import audit
from enc_operator.core.audit.model import Account, Audited, Missing
from enc_operator.core.audit.model import Held as Holding
from enc_operator.core.audit.rendering import what as secrets_of
from enc_operator.core.findings import ObjectRef
from enc_operator.core.injection.declaring import Declared, owner_of
from enc_operator.core.injection.parts import PAYLOAD_VOLUME, config_map_name
from enc_operator.core.injection.planning import Injection
from enc_operator.core.injection.writing import LEFT, LEFT_FIX, is_marked
from enc_operator.core.inventory import TargetFact, WorkloadFact
from enc_operator.core.objects.shapes import entries, text
from enc_operator.process.settings import Settings

_SPEC = ("spec", "template", "spec")
_SHOWN = 5


def check_workloads(held: Held, scanned: Scanned, settings: Settings | None) -> Iterator[Check]:
    """Check every workload that runs an Agent: whether the install lists it, and whether it is injected as its target says."""
    workloads = agent_workloads(held.inventory)
    if not workloads:
        what = "no workload is known to run an Agent"
        fix = "label it with agent.datadoghq.com/component, or name it in an AgentTarget's spec.workloads"
        yield (unknown if held.lacks(("DaemonSet", "Deployment")) else warn)("injection", what, fix=fix)
    injections = {each.object: each for each in scanned.assessment.injections}
    agents = {each.where.object: each for each in scanned.assessment.agents}
    for workload in sorted(workloads, key=lambda each: each.object):
        agent = agents.get(workload.object)
        if agent and settings and (agent.namespace, agent.service_account) not in settings.accounts:
            yield _unlisted(workload, agent)
        elif settings and not settings.injection and is_marked(workload.manifest, settings.install):
            yield _left(workload)
        else:
            digest = config_map_name(held.inventory.resolver)
            target = target_of(workload, held.inventory.targets)
            yield _check_injected(workload, agent, target, injections.get(workload.object), digest)


def _unlisted(workload: WorkloadFact, agent: Agent) -> Check:
    account = f"{agent.namespace}/{agent.service_account}"
    what = f"{COMPONENT_NAMES[workload.component]}: it runs as {account}, which the install does not list: it gets nothing"
    return fail("injection", what, workload.object, "add it to `agents` in the chart's values")


def _left(workload: WorkloadFact) -> Check:
    return fail("injection", f"{COMPONENT_NAMES[workload.component]}: {LEFT}", workload.object, LEFT_FIX)


def _check_injected(
    workload: WorkloadFact,
    agent: Agent | None,
    target: TargetFact,
    planned: Injection | None,
    own: str,
) -> Check:
    who, where = COMPONENT_NAMES[workload.component], workload.object
    found = _payload(workload)
    if found == own:
        return ok("injection", f"{who}: injected with the resolver of version {__version__}", where)
    if found:
        what = f"{who}: injected with another resolver than that of version {__version__} ({found[-12:]})"
        restart = f"kubectl -n {where.namespace} rollout restart {where.kind.lower()}/{where.name}"
        return warn(
            "injection",
            what,
            where,
            f"it gets this one with the next rollout that the webhook sees: {restart}",
        )
    if target.injects and (owner := owner_of(workload.manifest)):
        return _owned(who, where, owner, Declared(target), workload.manifest)
    if target.injects:
        return _missing(who, where, planned)
    manage = f"manage is {target.manage}" if target.where else "there is no AgentTarget in its namespace"
    if agent is None or agent.backend.kind is BackendKind.NONE:
        what = f"{who}: it has no secret backend, so it resolves nothing; not injected: {manage}"
        return fail("injection", what, where, "set secret_backend_command, or manage: Full in an AgentTarget")
    return ok("injection", f"{who}: resolves by {agent.backend}; not injected: {manage}", where)


def _payload(workload: WorkloadFact) -> str:
    """Return the ConfigMap from which an injected workload has its resolver; empty where it is not injected."""
    names = [text(item, "name") for _, item in entries(workload.manifest, *_SPEC, "initContainers")]
    volumes = [item for _, item in entries(workload.manifest, *_SPEC, "volumes")]
    found = (text(item, "configMap", "name") for item in volumes if text(item, "name") == PAYLOAD_VOLUME)
    return next(found, "") if INIT_CONTAINER in names else ""


def _owned(who: str, where: ObjectRef, owner: str, declared: Declared, manifest: Mapping[str, Any]) -> Check:
    """Check a workload that is not injected, since datadog-operator writes it."""
    if declared.stands_in(manifest):
        return ok("injection", f"{who}: the {owner} says the Agent's own script", where)
    what = f"{who}: not injected: datadog-operator writes it from the {owner}"
    return fail("injection", what, where, f"write into the {owner} spec: {declared.text}")


def _missing(who: str, where: ObjectRef, planned: Injection | None) -> Check:
    if planned and planned.refused:
        what = f"{who}: not injected: {planned.refused.message}"
        return fail("injection", what, where, planned.refused.fix or "nothing to do, if that is meant")
    restart = f"kubectl -n {where.namespace} rollout restart {where.kind.lower()}/{where.name}"
    what = f"{who}: not injected, though manage is Full: it came in while the webhook did not inject"
    return fail(
        "injection", what, where, f"set webhook.injection.enabled in the chart's values, then {restart}"
    )


def check_access(held: Held, scanned: Scanned) -> Iterator[Check]:
    """Check what the Agents' ServiceAccounts can read against what they need."""
    unread = [item.kind for item in held.unread if item.kind.name in RIGHTS | SOURCES | WORKLOADS | CONSENTS]
    if unread:
        kinds = ", ".join(dict.fromkeys(kind.plural for kind in unread))
        what = "what the Agents may read could not be compared with what they need"
        yield unknown("access", what, fix=f"it takes the right to list {kinds} in all namespaces")
        return
    found = audit(held.inventory, scanned.assessment)
    managed = {target.namespace: target.manage != "Plan" for target in held.inventory.targets}
    for item in found.accounts:
        missing = [each for each in found.missing if each.account == item.account]
        yield from _check_account(item, missing, managed=managed.get(item.account.namespace, False))


def _check_account(item: Audited, missing: list[Missing], *, managed: bool) -> Iterator[Check]:
    name = _account(item.account)
    for text_, fixes in _surplus(item).items():
        # Before anything is written, what is too much is all that there is.
        yield (fail if managed else warn)(
            "access", f"{text_}; it needs {_some(item.needs)}", name, "; ".join(fixes)
        )
    for binding in item.unseen:
        what = f"{binding.where.ref} binds {binding.role_kind} {binding.role_name}, which does not exist"
        yield warn("access", what, name, "remove the binding, or make the role")
    unheld = [f"{each.namespace}/{each.secret}" for each in missing if not each.now]
    if unheld:
        fix = "see the references below where they are denied, and the AgentTarget where not: manage: RBAC writes the Roles"
        yield (fail if managed else warn)(
            "access", f"it may not read {_some(unheld)}, which is asked for", name, fix
        )
    if not (item.surplus or unheld):
        needed = (
            f"{_some(item.needs)}, which it needs, and nothing more"
            if item.needs
            else "no Secret, and needs none"
        )
        yield ok("access", f"it may read {needed}", name)


def _account(account: Account) -> str:
    return f"ServiceAccount {account}"


def _surplus(item: Audited) -> Mapping[str, list[str]]:
    """Return what is too much in words, each with what to change."""
    found: dict[str, list[str]] = {}
    for each in item.surplus:
        fixes = found.setdefault(_holding(each), [])
        if each.change.text not in fixes:
            fixes.append(each.change.text)
    return found


def _holding(held: Holding) -> str:
    role = held.given.role.where.ref
    if held.amounts:
        return f"{role} lets it {'; '.join(held.amounts)}"
    return f"it may {', '.join(held.verbs)} {secrets_of(held)}, by {role}"


def _some(names: tuple[str, ...] | list[str]) -> str:
    if not names:
        return "nothing"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
