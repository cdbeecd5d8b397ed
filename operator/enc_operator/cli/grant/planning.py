"""From denied references to what grants have to say: the narrowest, each exactly what is asked for. Pure.

Everyone in a grant's `from` may use everything in its `to`, so only referrers that ask for the same share one.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from enc_operator.core.access import Denied
from enc_operator.core.judgement import Judged
from enc_operator.core.references.model import Referrer, ReferrerKind, SecretTarget

ALL = "*"
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")


@dataclass(frozen=True, slots=True, order=True)
class Admitted:
    """One referrer in a grant: a ServiceAccount's pods (`*` for all, and for Services), or the Agents of a namespace."""

    namespace: str
    service_account: str = ""
    agent: bool = False

    def __str__(self) -> str:
        if self.agent:
            return f"the Agents' configuration in namespace {self.namespace}"
        if self.service_account == ALL:
            return f"all pods and Services of namespace {self.namespace}"
        return f"pods of ServiceAccount {self.namespace}/{self.service_account}"


@dataclass(frozen=True, slots=True, order=True)
class Opened:
    """One key of a Secret in a grant, `*` for all."""

    secret: str
    key: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A denied reference that no grant allows, and why."""

    judged: Judged
    why: str
    fix: str


@dataclass(slots=True)
class Asked:
    """What is asked of the owner of one namespace; `places` are by referrer and key."""

    namespace: str
    wanted: dict[Admitted, set[Opened]] = field(default_factory=lambda: defaultdict(set))
    places: dict[tuple[Admitted, Opened], list[Judged]] = field(default_factory=lambda: defaultdict(list))

    def groups(self) -> list[tuple[frozenset[Admitted], frozenset[Opened]]]:
        """Return the referrers that ask for the same, together, with what they ask for."""
        found: dict[frozenset[Opened], set[Admitted]] = defaultdict(set)
        for who, opened in self.wanted.items():
            found[frozenset(opened)].add(who)
        pairs = ((frozenset(who), opened) for opened, who in found.items())
        return sorted(pairs, key=lambda pair: sorted(pair[0]))


def plan_asked(judged: Iterable[Judged]) -> tuple[list[Asked], list[Refused]]:
    """Sort denied references by the namespace that has to consent, and return those that no grant allows."""
    asked: dict[str, Asked] = {}
    refused: list[Refused] = []
    for item in judged:
        decision, target = item.decision, item.reference.target
        if not isinstance(decision, Denied):
            continue
        if decision.code != "access-denied" or not isinstance(target, SecretTarget) or not target.name:
            refused.append(Refused(item, decision.message, decision.fix))
            continue
        who = _admitted(item.reference.referrer)
        if who is None:
            why = f"{item.reference.referrer} has a name that the API server refuses"
            refused.append(Refused(item, why, "correct the namespace or the ServiceAccount's name"))
            continue
        place = asked.setdefault(target.namespace, Asked(target.namespace))
        opened = Opened(target.name, target.key or ALL)
        place.wanted[who].add(opened)
        place.places[who, opened].append(item)
    return [asked[namespace] for namespace in sorted(asked)], refused


def _admitted(referrer: Referrer) -> Admitted | None:
    """Return who has to be admitted; a name such as `*` would admit others, so it is no name."""
    if not _LABEL.fullmatch(referrer.namespace):
        return None
    if referrer.kind is ReferrerKind.AGENT:
        return Admitted(referrer.namespace, agent=True)
    account = referrer.service_account if referrer.kind is ReferrerKind.POD else ""
    if account and (len(account) > 253 or not _SUBDOMAIN.fullmatch(account)):
        return None
    return Admitted(referrer.namespace, account or ALL)
