"""Every reference in an object, to a Secret or of the Agents, and who may read a Secret and why. Pure."""

from collections.abc import Iterable, Iterator

from enc_operator.core.access import Denied
from enc_operator.core.agents.model import Agent
from enc_operator.core.assessment import Assessment
from enc_operator.core.audit.model import Audit
from enc_operator.core.audit.rendering import place, what
from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.inventory import GrantFact, GrantFrom, Inventory
from enc_operator.core.judgement import Judged
from enc_operator.core.references.model import SecretTarget


def with_handle(assessment: Assessment, handle: str) -> list[Judged]:
    """Return the references that have this handle, as written or with its variables filled in."""
    return [
        item
        for item in assessment.judged
        if handle == item.reference.handle or item.reference.text.strip(" \t") == f"ENC[{handle}]"
    ]


def within(assessment: Assessment, ref: ObjectRef) -> list[Judged]:
    """Return the references that stand in an object."""
    return [item for item in assessment.judged if item.reference.where.object == ref]


def namesakes(assessment: Assessment, ref: ObjectRef) -> list[ObjectRef]:
    """Return the objects of other kinds that have the name and references: for a pod, the Deployment that makes it."""
    found = {item.reference.where.ref for item in assessment.judged}
    return sorted(item for item in found if (item.namespace, item.name) == (ref.namespace, ref.name))


def to_secret(assessment: Assessment, namespace: str, name: str) -> list[Judged]:
    """Return the references to a Secret."""
    return [
        item
        for item in assessment.judged
        if isinstance(item.reference.target, SecretTarget)
        and (item.reference.target.namespace, item.reference.target.name) == (namespace, name)
    ]


def reference_lines(judged: Iterable[Judged]) -> Iterator[str]:
    """Yield what each reference comes to: where it stands, who resolves it, and whether it may."""
    for item in judged:
        reference, decision = item.reference, item.decision
        yield f"{_at(reference.where)}{reference.title}"
        where = " ".join(
            part for part in (str(reference.where.object or ""), reference.where.path_text()) if part
        )
        yield f"    in {where}"
        agent = reference.agent.title if reference.agent else "nobody"
        idle = f"; not as things stand: {reference.idle}" if reference.idle else ""
        yield f"    resolved by {agent} ({reference.hop}){idle}"
        if isinstance(decision, Denied):
            yield f"    denied: {decision.message}"
            yield f"    fix: {decision.fix}"
        else:
            yield f"    allowed: {decision.why}"
        for match, refused in item.refused_matches:
            yield f"    spoofable: it also reaches {match.object}: {refused.message}"


def _at(where: Where) -> str:
    """Return what stands before a reference: its place in a file; an object of a cluster stands in none."""
    return f"{place(where)}: " if where.source.file else ""


def secret_lines(
    inventory: Inventory,
    assessment: Assessment,
    audit: Audit,
    namespace: str,
    name: str,
    *,
    live: bool = False,
) -> Iterator[str]:
    """Yield what is known of a Secret, who is admitted to it, and which Agents can read it. Never a value.

    `live` says that the inventory is of a cluster, whose Secrets are not read.
    """
    known = next(
        (item for item in inventory.secrets if (item.namespace, item.name) == (namespace, name)), None
    )
    if known:
        yield f"keys in the input: {', '.join(sorted(known.keys)) or 'none'}"
    elif live:
        yield "Secrets are not read: whether there is one of this name, with this key, is not known"
    else:
        yield "the input does not hold the Secret itself"
    yield f"open to what stands in namespace {namespace}"
    for grant in inventory.grants:
        yield from (f"open to {line}" for line in _grant_lines(grant, inventory, namespace, name))
    for permission in assessment.permissions:
        if permission.secret_namespace == namespace and name in permission.secret_names:
            account = f"{permission.namespace}/{permission.service_account}"
            yield f"read by {account} by the plan: Role {namespace}/{permission.name}"
    for item in audit.accounts:
        for held in (*item.surplus, *item.own, *item.exact):
            if held.given.scope in ("", namespace) and (not held.names or name in held.names):
                verbs = ", ".join(held.verbs) or "by other means"
                yield f"read by {item.account} today: {verbs} on {what(held)}, by {held.given.role.where.ref}"


def _grant_lines(grant: GrantFact, inventory: Inventory, namespace: str, name: str) -> Iterator[str]:
    expired = grant.expires is not None and grant.expires <= inventory.now
    for opened in grant.opens:
        somewhere = opened.selector is not None or "*" in opened.namespaces or namespace in opened.namespaces
        if opened.secret_name == name and somewhere:
            keys = "all keys" if "*" in opened.keys else f"keys {', '.join(opened.keys)}"
            who = "; ".join(_from_text(item) for item in grant.admits)
            selected = " where its namespaceSelector matches" if opened.selector else ""
            over = " (expired: it opens nothing)" if expired else ""
            yield f"{who} ({keys}) by {grant.where.ref}{selected}{over}"


def _from_text(who: GrantFrom) -> str:
    if who.agent_namespace:
        return f"the Agents' configuration in namespace {who.agent_namespace}"
    where = f"namespace {who.namespace}" if who.namespace else "namespaces by label"
    if "*" in who.service_accounts:
        return f"pods and Services of {where}"
    return f"pods of ServiceAccount {', '.join(who.service_accounts)} of {where}"


def agent_lines(agent: Agent, assessment: Assessment) -> Iterator[str]:
    """Yield what is known of one Agent."""
    yield agent.title
    where = f" ({place(agent.where)})" if agent.where.source.file else ""
    yield f"    runs as {agent.name}{where}"
    yield f"    secret backend: {agent.backend}"
    limits = agent.scoping
    if limits.own_namespace_only:
        planned = " (by the plan)" if limits.planned else ""
        yield f"    resolves for a pod only Secrets of the pod's namespace{planned}"
    if limits.namespaces:
        yield f"    resolves for pods only Secrets of {', '.join(limits.namespaces)}"
    mine = [item for item in assessment.judged if item.reference.agent == agent]
    denied = sum(isinstance(item.decision, Denied) for item in mine)
    yield f"    {len(mine)} references, {denied} denied"
