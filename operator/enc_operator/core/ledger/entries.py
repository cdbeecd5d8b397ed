"""One decided reference in the ledger, and the indexes through which a change finds those that it may concern."""

from collections.abc import Collection, Hashable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from enc_operator.core.inventory import Question
from enc_operator.core.judgement import Judged
from enc_operator.core.ledger.standing import Standing, distinct
from enc_operator.core.rbac.planning import Need
from enc_operator.core.references.model import Reference, SecretTarget

_K = TypeVar("_K")


@dataclass(slots=True, eq=False)
class Entry:
    """A reference with its decision, and why it is refused, if it is; `until` is the end of one that is gone and lingers for the grace period."""

    reference: Reference
    judged: Judged
    refused: Standing | None = None
    need: Need | None = None
    questions: tuple[Question, ...] = ()
    until: datetime | None = None

    @property
    def opened(self) -> str | None:
        """The Secret's namespace where consent or RBAC decides; None where neither does."""
        target = self.reference.target
        if self.reference.problem or not isinstance(target, SecretTarget):
            return None
        referrers = (self.reference.referrer, *(match.referrer for match in self.reference.matches))
        own = all(referrer.namespace == target.namespace for referrer in referrers)
        return None if own and target.volume is None else target.namespace

    def is_asked(self, answered: Collection[Question]) -> bool:
        """Tell whether what could allow it, the referrer's own rights, has an answer."""
        who = self.reference.referrer.service_account
        return all(question in answered for question in self.questions if question.service_account == who)


@dataclass(slots=True)
class Entries:
    """All entries: by their source, by the namespace that decides, by the question that they wait for."""

    by_source: dict[Hashable, list[Entry]] = field(default_factory=dict)
    lingering: set[Entry] = field(default_factory=set)
    contested: dict[str, set[Entry]] = field(default_factory=dict)
    asking: dict[Question, set[Entry]] = field(default_factory=dict)
    besides: set[Question] = field(default_factory=set)
    unasked: set[Question] = field(default_factory=set)
    """Questions that nobody asked any more at some moment since this was emptied."""

    def __iter__(self) -> Iterator[Entry]:
        for entries in self.by_source.values():
            yield from entries

    def refused(self, answered: Collection[Question]) -> Iterator[Standing]:
        """Yield why references are refused, each reason of an object once; one that waits for an answer is not refused yet."""
        for entries in self.by_source.values():
            found = [each.refused for each in entries if each.refused and each.is_asked(answered)]
            yield from found if len(found) < 2 else distinct(found)

    def index(self, entry: Entry) -> None:
        """Make an entry findable by what decides on it."""
        if entry.opened is not None:
            self.contested.setdefault(entry.opened, set()).add(entry)

    def unindex(self, entry: Entry) -> None:
        """Forget an entry."""
        if entry.opened is not None:
            _discard(self.contested, entry.opened, entry)
        self.ask(entry, ())

    def ask(self, entry: Entry, questions: Iterable[Question]) -> None:
        """Note which questions an entry waits for, in place of those before."""
        now = tuple(dict.fromkeys(questions))
        for question in entry.questions:
            if question not in now:
                self._stop_asking(question, entry)
        for question in now:
            self.asking.setdefault(question, set()).add(entry)
        entry.questions = now

    def ask_besides(self, questions: Iterable[Question]) -> None:
        """Note questions that no entry waits for, in place of those before."""
        before, self.besides = self.besides, set(questions)
        for question in before - self.besides:
            if not self.asking[question]:
                self._close(question)
        for question in self.besides:
            self.asking.setdefault(question, set())

    def drop_unasked(self, answers: MutableMapping[Question, bool]) -> None:
        """Forget answers to what nobody asks any more: a change of RBAC would not have them asked again, and they would count for who asks later."""
        for question in self.unasked - self.asking.keys():
            answers.pop(question, None)
        self.unasked.clear()

    def _stop_asking(self, question: Question, entry: Entry) -> None:
        self.asking[question].remove(entry)
        if not self.asking[question] and question not in self.besides:
            self._close(question)

    def _close(self, question: Question) -> None:
        del self.asking[question]
        self.unasked.add(question)

    def all_contested(self) -> set[Entry]:
        """Return the entries that not their own namespace decides."""
        return {entry for entries in self.contested.values() for entry in entries}


def _discard(index: dict[_K, set[Entry]], key: _K, entry: Entry) -> None:
    found = index[key]
    found.remove(entry)
    if not found:
        del index[key]
