"""Which handles stop resolving when an install goes: those whose Secret no other Role gives their Agent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from enc_operator.cli.kubectl.arguments import Kubectl
from enc_operator.cli.loading import Options
from enc_operator.cli.scan.assessing import assess_held
from enc_operator.cli.scan.kinds import RIGHTS, SOURCES, WORKLOADS
from enc_operator.cli.scan.reading import ClusterReader
from enc_operator.cli.scan.standing import as_they_stand
from enc_operator.core.inventory import Inventory
from enc_operator.core.judgement import Judged, agent_question
from enc_operator.core.objects.authorization import MANAGED_BY
from enc_operator.core.rbac.evaluation import Evaluator
from enc_operator.errors import EncError


@dataclass(frozen=True, slots=True, order=True)
class Stop:
    """A handle that stops resolving: whose Agent's, in an object of which namespace."""

    agent: str
    namespace: str
    handle: str
    object: str


def find_stops(kubectl: Kubectl, install: str) -> list[Stop]:
    """Return the handles that stop resolving; raise EncError where the user may not read what it takes to say so."""
    held = ClusterReader(kubectl, Options(), "").read(lambda *_: None)
    if held.lacks(SOURCES | WORKLOADS | RIGHTS):
        kinds = ", ".join(dict.fromkeys(item.kind.plural for item in held.unread))
        raise EncError(f"you may not list {kinds}")
    as_they_stand(held.inventory)
    judged = assess_held(held, kubectl, "").assessment.judged
    return sorted(set(_stops(held.inventory, judged, install)))


def _stops(inventory: Inventory, judged: Iterable[Judged], install: str) -> Iterator[Stop]:
    others = [role for role in inventory.roles if role.labels.get(MANAGED_BY) != install]
    before, after = (Evaluator(roles, inventory.bindings) for roles in (inventory.roles, others))
    for item in judged:
        reference = item.reference
        for question in agent_question(reference) if reference.live else ():
            if reference.agent and before.may_get(question) and not after.may_get(question):
                where = reference.where.ref
                yield Stop(reference.agent.title, where.namespace, reference.title, str(where))


def stop_lines(stops: Iterable[Stop], *, named: bool) -> Iterator[str]:
    """Yield the number of handles by Agent and namespace, and where `named` each of them."""
    groups: dict[tuple[str, str], list[Stop]] = {}
    for stop in stops:
        groups.setdefault((stop.agent, stop.namespace), []).append(stop)
    for (agent, namespace), found in groups.items():
        yield f"{agent}: {len(found)} handle{'s' * (len(found) != 1)} in namespace {namespace}"
        if named:
            yield from (f"  {stop.handle} of {stop.object}" for stop in found)
