"""A live cluster as what is explained, in the place of files; and what only a cluster can tell: since when something is readable."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from enc_operator.cli.kubectl.arguments import kubectl_of
from enc_operator.cli.printing import progress
from enc_operator.cli.reading import Assessed, options_of
from enc_operator.cli.scan.assessing import assess_held
from enc_operator.cli.scan.kinds import Manifest
from enc_operator.cli.scan.reading import ClusterReader
from enc_operator.cli.scan.standing import as_they_stand
from enc_operator.core.audit.auditing import audit
from enc_operator.core.findings import ObjectRef
from enc_operator.core.judgement import Judged, residuals
from enc_operator.core.objects.shapes import text
from enc_operator.core.references.model import SecretTarget


@dataclass(frozen=True, slots=True)
class Live:
    """A cluster, assessed as it stands; `owners` are the workloads of pods, `ours` the Roles and bindings of enc-operator."""

    assessed: Assessed
    owners: Mapping[ObjectRef, ObjectRef]
    ours: Iterable[Manifest]


def read_cluster(arguments: argparse.Namespace) -> Live:
    """Read a cluster with the user's own kubectl; what may not be read is said on standard error."""
    kubectl = kubectl_of(arguments)
    with progress("Reading") as advance:
        held = ClusterReader(kubectl, options_of(arguments), "").read(advance)
    as_they_stand(held.inventory)
    scanned = assess_held(held, kubectl, "")
    for note in scanned.notes:
        print(f"encctl: {note}", file=sys.stderr)
    unread = not scanned.complete
    return Live(
        Assessed(scanned.assessment, held.inventory, (), unread, unread),
        held.owners,
        held.ours,
    )


def stand_in(live: Live, ref: ObjectRef) -> ObjectRef:
    """Return the first pod of a workload, whose template refers to nothing by itself; any other object is its own."""
    pods = sorted(pod for pod, owner in live.owners.items() if owner == ref)
    return pods[0] if pods else ref


def residual_lines(live: Live, judged: Iterable[Judged]) -> Iterator[str]:
    """Yield which denied references resolve all the same: by which Role, since when, and for whom it is there."""
    inventory, assessment = live.assessed.inventory, live.assessed.assessment
    asked = {id(item) for item in judged}
    for item in residuals(assessment.judged, inventory.answers):
        if id(item) in asked and isinstance(item.reference.target, SecretTarget) and item.reference.agent:
            yield f"residual: {item.reference.title} of {item.reference.where.object} is denied and resolves all the same"
            yield from _given(live, item, item.reference.target)


def _given(live: Live, item: Judged, target: SecretTarget) -> Iterator[str]:
    agent = item.reference.agent
    found = audit(live.assessed.inventory, live.assessed.assessment)
    for account in found.accounts:
        if agent and (account.account.namespace, account.account.name) == (
            agent.namespace,
            agent.service_account,
        ):
            for held in (*account.surplus, *account.own, *account.exact):
                if held.reaches(target.namespace, target.name):
                    role = held.given.role.where.ref
                    yield f"    {account.account} reads the Secret by {role}{_since(live, role)}"
    for other in live.assessed.assessment.judged:
        mine = (
            other.reference.agent == agent
            and other.granted
            and isinstance(other.reference.target, SecretTarget)
        )
        if mine and _secret(other) == (target.namespace, target.name):
            yield f"    which it has for {other.reference.where.object}"


def _secret(item: Judged) -> tuple[str, str | None] | None:
    target = item.reference.target
    return (target.namespace, target.name) if isinstance(target, SecretTarget) else None


def _since(live: Live, role: ObjectRef) -> str:
    """Return since when a Role of ours is there; empty for any other, of which not so much is kept."""
    for manifest in live.ours:
        metadata = manifest["metadata"]
        place = (manifest["kind"], text(metadata, "namespace"), text(metadata, "name"))
        if place == (role.kind, role.namespace, role.name):
            return f", which is there since {text(metadata, 'creationTimestamp')}"
    return ""
