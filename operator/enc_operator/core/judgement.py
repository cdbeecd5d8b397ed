"""Decided references as findings: what is denied, what would resolve all the same, what stays unresolved."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from enc_operator.core.access import Allowed, Decision, Denied
from enc_operator.core.findings import Finding, Where, finding
from enc_operator.core.injection.planning import Injection
from enc_operator.core.inventory import Inventory, Question, WorkloadFact
from enc_operator.core.objects.shapes import entries, text
from enc_operator.core.rbac.unused import find_unused
from enc_operator.core.references.missing import KnownSecrets
from enc_operator.core.references.model import Match, Reference, SecretTarget

_SHOWN_MATCHES = 3


@dataclass(frozen=True, slots=True)
class Judged:
    """A reference with its decision, and for an Agent's own template the decision for each pod that it reaches."""

    reference: Reference
    decision: Decision
    matches: tuple[tuple[Match, Decision], ...] = ()

    @property
    def granted(self) -> bool:
        """Whether a permission follows: allowed, and for a template in at least one pod that it reaches."""
        if isinstance(self.decision, Denied):
            return False
        return not self.matches or any(isinstance(decision, Allowed) for _, decision in self.matches)

    @property
    def refused_matches(self) -> tuple[tuple[Match, Denied], ...]:
        """The pods that the template reaches and that may not use the Secret."""
        return tuple((match, decision) for match, decision in self.matches if isinstance(decision, Denied))


def explain(
    inventory: Inventory, judged: tuple[Judged, ...], injections: Iterable[Injection]
) -> Iterator[Finding]:
    """Yield the findings that follow from decisions."""
    held, opened, known = _held(judged), _opened(judged), KnownSecrets(inventory.secrets)
    for item in judged:
        yield from _decided(item, held, inventory.answers)
        yield from _open_all_the_same(item, opened)
        yield from _spoofable(item)
        if isinstance(item.decision, Allowed):
            yield from _unresolved(item)
            yield from known.missing(item.reference)
    yield from find_unused(inventory.roles, inventory.bindings, _needed(judged))
    yield from _without_agents(judged)
    yield from _handles_in_secrets(inventory, judged)
    for grant in inventory.grants:
        if grant.expires is not None and grant.expires <= inventory.now:
            what = f"{grant.where.object} expired on {grant.expires.date()}: it opens nothing"
            yield finding(
                "grant-expired", grant.where.at("spec", "expires"), what, "remove it, or set a later date"
            )
    for injection in injections:
        yield from _refused_injection(inventory, injection)


_Key = tuple[str, str, str, str, bool]


def _held(judged: Iterable[Judged]) -> dict[_Key, int]:
    """Count by Agent and Secret what is granted: a refused reference to the same Secret resolves too."""
    held: dict[_Key, int] = defaultdict(int)
    for item in judged:
        key = _key(item.reference)
        if key and item.granted and item.reference.live:
            held[key] += 1
    return held


def _opened(judged: Iterable[Judged]) -> dict[str, set[str]]:
    """Return the folders of the user's own that the plan opens to each Agent's resolver, for its own configuration."""
    opened: dict[str, set[str]] = defaultdict(set)
    for item in judged:
        target, agent = item.reference.target, item.reference.agent
        if agent and item.granted and isinstance(target, SecretTarget) and target.file and not target.volume:
            opened[agent.name].add(target.file.rpartition("/")[0] + "/")
    return opened


def _open_all_the_same(item: Judged, opened: Mapping[str, Collection[str]]) -> Iterator[Finding]:
    """Yield a refused file in a folder that the Agent's own configuration needs: the resolver knows folders, not referrers."""
    reference = item.reference
    path = reference.handle.removeprefix("file@")
    refused = isinstance(item.decision, Denied) and item.decision.code == "file-refused"
    folders = opened.get(reference.agent.name, ()) if reference.agent and refused and reference.live else ()
    if any(path.startswith(folder) for folder in folders):
        what = f"the Agent's own configuration opens the folder of {path}, so this refused reference resolves too"
        fix = (
            "remove the reference, or declare the Secret in the AgentTarget's secretVolumes and name it there"
        )
        yield finding("residual", reference.place, what, fix)


def _needed(judged: Iterable[Judged]) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """Return the Secrets that the references of each Agent name, by its ServiceAccount."""
    needed: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for item in judged:
        key = _key(item.reference)
        if key:
            needed[key[:2]].add(key[2:4])
    return needed


def _key(reference: Reference) -> _Key | None:
    """Return what an Agent can read once it may: a Secret, by the API or as files."""
    target, agent = reference.target, reference.agent
    if (
        not isinstance(target, SecretTarget)
        or target.name is None
        or agent is None
        or not agent.in_kubernetes
    ):
        return None
    return (agent.namespace, agent.service_account, target.namespace, target.name, target.file is None)


def refusal(item: Judged) -> Finding | None:
    """Return why a reference is denied; None if it is not."""
    reference, decision = item.reference, item.decision
    if isinstance(decision, Allowed):
        return None
    return finding(decision.code, reference.place, f"{reference.title}: {decision.message}", decision.fix)


def _decided(item: Judged, held: Mapping[_Key, int], answers: Mapping[Question, bool]) -> Iterator[Finding]:
    reference, refused = item.reference, refusal(item)
    if refused is None:
        return
    yield refused
    why = _readable(reference, held, answers)
    if why and reference.live and reference.agent:
        yield finding(
            "residual",
            reference.place,
            f"{reference.agent.title} {why}, so this refused reference resolves too until it is removed",
            "remove the reference; RBAC bounds Secrets, not who refers to them",
        )


def residuals(judged: Sequence[Judged], answers: Mapping[Question, bool]) -> list[Judged]:
    """Return the refused references that resolve all the same, as things stand."""
    held = _held(judged)
    return [
        item
        for item in judged
        if isinstance(item.decision, Denied)
        and item.reference.live
        and _readable(item.reference, held, answers)
    ]


def agent_question(reference: Reference) -> tuple[Question, ...]:
    """Return what tells whether an Agent reads a Secret by the RBAC that there is."""
    key = _key(reference)
    return (Question(*key[:4]),) if key and key[4] else ()


def _readable(reference: Reference, held: Mapping[_Key, int], answers: Mapping[Question, bool]) -> str | None:
    """Return why an Agent can read what a refused reference names, or None."""
    key = _key(reference)
    if key and held.get(key):
        return f"reads Secret {key[2]}/{key[3]} for an allowed reference"
    if any(answers.get(question) for question in agent_question(reference)):
        return "may get the Secret by RBAC of the input"
    return None


def _spoofable(item: Judged) -> Iterator[Finding]:
    refused = item.refused_matches
    if not refused or isinstance(item.decision, Denied):
        return
    names = ", ".join(str(match.object) for match, _ in refused[:_SHOWN_MATCHES])
    more = f" and {len(refused) - _SHOWN_MATCHES} more" if len(refused) > _SHOWN_MATCHES else ""
    reference = item.reference
    yield finding(
        "spoofable",
        reference.place,
        f"{reference.title}: the template also reaches {names}{more}, which may not use the Secret: whoever "
        "runs an image of that name is sent it",
        refused[0][1].fix + "; or write %%kube_namespace%% as the namespace",
    )


def _unresolved(item: Judged) -> Iterator[Finding]:
    reference, idle = item.reference, item.reference.idle
    if idle and idle.code in _FIXES:
        fix = idle.fix or _FIXES[idle.code]
        yield finding(idle.code, reference.place, f"{reference.title} is not resolved: {idle}", fix)
    elif idle is None and isinstance(reference.target, SecretTarget) and reference.target.name is None:
        what = f"{reference.title}: the permission follows when the pod runs and its values are known"
        yield finding("pending", reference.place, what, "nothing to do")


_FIXES = {
    "scope-refused": "widen that setting of the Agent",
    "no-match": "add the pods to the input, or remove the file",
    "variable-unknown": "use a variable that this source has",
    "not-resolved": "move the handle to where the Agent resolves it, or remove it",
}


def _without_agents(judged: Iterable[Judged]) -> Iterator[Finding]:
    """Yield one finding for each kind of Agent that is missing, at the first place that waits for it."""
    waiting: dict[str, list[Reference]] = defaultdict(list)
    for item in judged:
        if item.reference.idle and item.reference.idle.code == "no-agent":
            waiting[item.reference.hop].append(item.reference)
    for hop, references in sorted(waiting.items()):
        first = references[0]
        what = f"{_handles(len(references))} for a {hop}: {first.idle}"
        yield finding(
            "no-agent", first.place, what, "add the Agents' manifests to the input, or name one with --agent"
        )


def _handles(number: int) -> str:
    return "1 handle waits" if number == 1 else f"{number} handles wait"


def _handles_in_secrets(inventory: Inventory, judged: Iterable[Judged]) -> Iterator[Finding]:
    """Yield the Secrets' values that are themselves handles: the next hop would resolve them with its own permissions."""
    handles = {(secret.namespace, secret.name): secret for secret in inventory.secrets if secret.handles}
    for item in judged:
        target = item.reference.target
        secret = (
            handles.get((target.namespace, target.name or "")) if isinstance(target, SecretTarget) else None
        )
        if secret and isinstance(target, SecretTarget) and target.key in secret.handles:
            what = f"the value of Secret {target} is itself a handle: the resolver refuses it"
            yield finding(
                "secret-holds-handle",
                item.reference.place,
                what,
                "store the value that the handle stands for",
            )


def _refused_injection(inventory: Inventory, injection: Injection) -> Iterator[Finding]:
    refused = injection.refused
    if refused is None or refused.code == "none":
        return
    workload = next(workload for workload in inventory.workloads if workload.object == injection.object)
    yield finding(refused.code, _backend_of(workload), refused.message, refused.fix)


def _backend_of(workload: WorkloadFact) -> Where:
    """Return where a workload's environment configures its backend; the workload where something else is in the way."""
    path = ("spec", "template", "spec", "containers")
    for index, container in entries(workload.manifest, *path):
        for number, variable in entries(container, "env"):
            name = text(variable, "name")
            if name.endswith(("SECRET_BACKEND_COMMAND", "SECRET_BACKEND_TYPE")):
                return workload.where.at(*path, index, "env", number, "name").part(name)
    return workload.where
