"""The ledger: facts in as they change, decisions and permissions out for what the change touched."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from enc_operator.core.admission.refusing import refuses_configuration
from enc_operator.core.agents.install import agent_workloads, read_agents, target_of
from enc_operator.core.agents.model import Agent, OwnText
from enc_operator.core.assessment import authority_of, judge, need_of, questions_about
from enc_operator.core.findings import Finding, ObjectRef, Where
from enc_operator.core.inventory import (
    ConfigMapFact,
    GrantFact,
    InstrumentationFact,
    Inventory,
    PodFact,
    Question,
    ServiceFact,
)
from enc_operator.core.judgement import Judged
from enc_operator.core.ledger.caps import Caps, Room
from enc_operator.core.ledger.entries import Entries, Entry
from enc_operator.core.ledger.facts import LIVE, Changes, Facts
from enc_operator.core.ledger.pods import PodIndex
from enc_operator.core.ledger.shards import Shards
from enc_operator.core.ledger.sources import identifiers_of, key_of, read_own, read_source
from enc_operator.core.ledger.standing import Standing, capped, distinct, standing_of
from enc_operator.core.ledger.touched import Touched
from enc_operator.core.ledger.unmounted import Unmounted
from enc_operator.core.rbac.planning import Permission
from enc_operator.core.references.gathering import Gathered
from enc_operator.core.references.model import Reference

PLAN = "Plan"
"""The value of `AgentTarget.spec.manage` with which nothing is written."""


@dataclass(frozen=True, slots=True)
class Managed:
    """The Agents' workloads by name, with the AgentTarget of each where there is one."""

    targets: Mapping[str, ObjectRef | None]
    written: frozenset[str]


class Ledger:
    """Decisions on every reference of a cluster, kept true as facts change.

    `frame` is an inventory without facts: settings, trusted labels, the time to begin with; `agents` are the ServiceAccounts that
    may run an Agent. A reference that merely disappears keeps
    its permission for `grace`; one that is refused keeps nothing.
    """

    def __init__(
        self,
        frame: Inventory,
        agents: frozenset[tuple[str, str]],
        grace: timedelta = timedelta(0),
        caps: Caps | None = None,
    ) -> None:
        self.facts = Facts(frame, agents)
        self.entries = Entries()
        self.shards = Shards()
        self.agents: list[Agent] = []
        self.install_findings: list[Finding] = []
        self.managed = Managed({}, frozenset())
        self.now = frame.now
        self.answers: dict[Question, bool] = {}
        self._grace, self.room = grace, Room(caps or Caps())
        self._own: dict[Hashable, OwnText] = {}
        self._texts: dict[Hashable, list[Finding]] = {}
        self._unmounted = Unmounted()
        self._waiting: dict[Hashable, frozenset[str]] = {}
        self._pods = PodIndex()
        self._authority = authority_of(self._inventory(), [])

    def apply(self, changes: Changes, now: datetime) -> None:
        """Take what objects are now and what time it is; time never runs backwards here."""
        touched = Touched()
        for ref, fact in changes.items():
            old = self.facts.put(ref, fact)
            if old != fact:
                touched.note(ref, old, fact)
                self._pods.follow(ref, old, fact)
        self._move_time(now, touched)
        own = self._install(touched) if touched.install else set()
        own |= {key for key, names in self._waiting.items() if not names.isdisjoint(touched.identifiers)}
        if touched.authority:
            self._authority = authority_of(self._inventory(), self.agents)
        for source in touched.sources:
            self._read_source(source)
        for key in own:
            self._read_own(key)
        self._make_room()
        self._judge_again(touched)
        self._end_lingering(touched.gone)
        self.entries.drop_unasked(self.answers)

    def questions(self) -> list[Question]:
        """Return what RBAC has not been asked yet."""
        return [question for question in self.entries.asking if question not in self.answers]

    def answer(self, answers: Mapping[Question, bool]) -> None:
        """Take answers of RBAC, new ones or others than before, to what is still asked."""
        asking = self.entries.asking
        asked = {question: yes for question, yes in answers.items() if question in asking}
        changed = [question for question, yes in asked.items() if self.answers.get(question) is not yes]
        self.answers.update(asked)
        for entry in {entry for question in changed for entry in asking[question]}:
            self._judge(entry)
        self.entries.drop_unasked(self.answers)

    def permissions(self, namespace: str) -> list[Permission]:
        """Return what is to be written in a namespace: for the Agents that an AgentTarget has managed."""
        return self.shards.permissions(namespace, self.managed.written.__contains__)

    def planned(self, namespace: str) -> list[Permission]:
        """Return what would be written in a namespace if every Agent were managed."""
        return self.shards.permissions(namespace, lambda _: True)

    def take_dirty(self) -> set[str]:
        """Return the namespaces whose permissions may be others than when this was last asked."""
        dirty, self.shards.dirty = self.shards.dirty, set()
        return dirty

    def next_deadline(self) -> datetime | None:
        """Return when time alone changes something next: a grant expires, a grace period ends."""
        ends = [grant.expires for grant in self.facts.of(GrantFact).values() if grant.expires]
        ends += [entry.until for entry in self.entries.lingering if entry.until]
        return min((end for end in ends if end > self.now), default=None)

    def judged(self) -> list[Judged]:
        """Return every decided reference, what lingers left out."""
        return [entry.judged for entry in self.entries]

    def standing(self) -> list[Standing]:
        """Return what stands and may not, each once: references, resolved or not, and texts; what waits for an answer is left out."""
        found: list[Standing] = []
        unread = [each for each in self.install_findings if refuses_configuration(each)]
        for gathered in self._unmounted.gathered.values():
            unread += gathered.findings
            # Few, and nothing but grants decides on them: judged when somebody asks.
            refused = (standing_of(judge(each, self._authority)) for each in gathered.references)
            found += (each for each in refused if each)
        unread += (each for texts in self._texts.values() for each in texts)
        found += (Standing.of(each, refers=False) for each in unread)
        found += (
            capped(self._place(source), number, self.room.caps)
            for source, (_, number) in self.room.refused.items()
        )
        return [*self.entries.refused(self.answers), *distinct(found)]

    def _place(self, source: Hashable) -> Where:
        return Where(LIVE, source) if isinstance(source, ObjectRef) else self._own[source].where

    def inventory(self) -> Inventory:
        """Return all facts as `assess` takes them."""
        return replace(
            self.facts.inventory(self.facts.of(PodFact).values()), now=self.now, answers=self.answers
        )

    def _inventory(self) -> Inventory:
        return replace(self.facts.inventory(self._pods.labelled.values()), now=self.now, answers=self.answers)

    def _move_time(self, now: datetime, touched: Touched) -> None:
        before, self.now = self.now, max(self.now, now)
        for grant in self.facts.of(GrantFact).values():
            if grant.expires and before < grant.expires <= self.now:
                touched.note_grant(grant)

    def _install(self, touched: Touched) -> set[Hashable]:
        """Read the Agents anew; return the texts of their own configuration that changed."""
        inventory = self._inventory()
        installed = read_agents(inventory)
        agents = [item.agent for item in installed]
        self.install_findings = [found for item in installed for found in item.findings]
        own = {key_of(text): text for item in installed for text in item.texts}
        changed = {key for key in own.keys() | self._own.keys() if own.get(key) != self._own.get(key)}
        if agents != self.agents:
            self.agents = agents
            touched.everything = True
            touched.sources |= {*self.facts.of(PodFact), *self.facts.of(ServiceFact)}
            touched.sources |= {*self.facts.of(InstrumentationFact)}
            changed |= own.keys()
            for entry in list(self.entries.lingering):  # its Agent is not the one that there is now
                self._forget(entry)
        self._own = own
        self._unmounted.follow(self.facts.of(ConfigMapFact), own.values(), agents)
        self._manage(inventory)
        return changed

    def _manage(self, inventory: Inventory) -> None:
        targets = {
            str(workload.object): target_of(workload, inventory.targets)
            for workload in agent_workloads(inventory)
        }
        managed = Managed(
            {name: target.where.ref if target.where else None for name, target in targets.items()},
            frozenset(name for name, target in targets.items() if target.where and target.manage != PLAN),
        )
        if managed != self.managed:
            self.managed = managed
            self.shards.mark_all()

    def _read_source(self, source: ObjectRef) -> None:
        gathered = read_source(self.facts.get(source), self.agents)
        self._replace(source, source.namespace, gathered)

    def _read_own(self, key: Hashable) -> None:
        own = self._own.get(key)
        self._waiting.pop(key, None)
        if names := identifiers_of(own):
            self._waiting[key] = names
        pods = self._pods.named(names, self.facts.of(PodFact))
        self._replace(key, own.agent.namespace if own else "", read_own(own, self.agents, pods))

    def _replace(self, source: Hashable, namespace: str, gathered: Gathered) -> None:
        old = self.entries.by_source.pop(source, [])
        self._texts.pop(source, None)
        if gathered.findings:
            self._texts[source] = gathered.findings
        fits = self.room.take(source, namespace, len(gathered.references))
        new = [self._enter(reference) for reference in gathered.references] if fits else []
        if new:
            self.entries.by_source[source] = new
        kept = {entry.need for entry in new}
        for entry in old:
            if entry.need is not None and entry.need not in kept and self._grace:
                entry.until = self.now + self._grace
                self.entries.lingering.add(entry)
            else:
                self._forget(entry)

    def _make_room(self) -> None:
        """Read again what was left out and fits now."""
        for source, (namespace, number) in list(self.room.refused.items()):
            if not self.room.fits(namespace, number):
                continue
            if isinstance(source, ObjectRef):
                self._read_source(source)
            else:
                self._read_own(source)

    def _enter(self, reference: Reference) -> Entry:
        entry = Entry(reference, judge(reference, self._authority))
        self.entries.index(entry)
        self._settle(entry)
        return entry

    def _judge(self, entry: Entry) -> None:
        entry.judged = judge(entry.reference, self._authority)
        self._settle(entry)
        if entry.until and entry.need is None:
            self._forget(entry)

    def _settle(self, entry: Entry) -> None:
        entry.refused = standing_of(entry.judged)
        if entry.opened is not None:
            self.entries.ask(entry, questions_about(entry.reference, self._authority))
        need, agent = need_of(entry.judged), entry.reference.agent
        if need == entry.need or agent is None:
            return
        if entry.need:
            self.shards.remove(agent.name, entry.need)
        if need:
            self.shards.add(agent.name, need)
        entry.need = need

    def _forget(self, entry: Entry) -> None:
        if entry.need and entry.reference.agent:
            self.shards.remove(entry.reference.agent.name, entry.need)
            entry.need = None
        self.entries.unindex(entry)
        self.entries.lingering.discard(entry)

    def _judge_again(self, touched: Touched) -> None:
        contested = self.entries.contested
        found: Iterable[Entry] = (
            self.entries.all_contested()
            if touched.everything
            else {entry for namespace in touched.opened for entry in contested.get(namespace, ())}
        )
        for entry in found:
            self._judge(entry)

    def _end_lingering(self, gone: set[str]) -> None:
        """End what has lingered for the grace period, and what a namespace that ended asked for or held."""
        for entry in list(self.entries.lingering):
            names = {entry.reference.referrer.namespace, entry.need.secret_namespace if entry.need else ""}
            if (entry.until and entry.until <= self.now) or not gone.isdisjoint(names):
                self._forget(entry)
