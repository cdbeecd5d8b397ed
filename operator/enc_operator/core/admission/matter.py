"""What of an object is judged, before it is: its references, what is wrong with its text, and on whose word it stands."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from enc_operator.core.admission import refusing
from enc_operator.core.findings import Finding, ObjectRef, Severity, Where
from enc_operator.core.references.gathering import Gathered
from enc_operator.core.syntax import Source

REVIEW = Source("")
"""The source of what came in a review: there is no file to point into."""


@dataclass(slots=True)
class Matter:
    """What is to be judged.

    `refused` are findings for which the object is refused, `told` those that its author is told. `pod_made` says that whoever
    writes it makes pods, so that it opens nothing to him that a pod would not.
    """

    gathered: Gathered = field(default_factory=Gathered)
    refused: list[Finding] = field(default_factory=list)
    told: list[Finding] = field(default_factory=list)
    pod_made: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to judge and nothing to tell."""
        return not (self.gathered.references or self.refused or self.told)

    def sort(self, refuses: Callable[[Finding], bool]) -> None:
        """Part the findings of the gathered text into those for which it is refused, and those that are told."""
        for finding in self.gathered.findings:
            if refuses(finding):
                self.refused.append(finding)
            elif finding.severity is not Severity.INFO:
                self.told.append(finding)


def unread(where: Where) -> Matter:
    """Return that an object refers to too much to be read while its author waits."""
    return Matter(refused=[refusing.too_many(where)])


def too_large(where: Where) -> Matter:
    """Return that an object's text takes too long to be read while its author waits."""
    return Matter(refused=[refusing.too_large(where)])


def place(kind: str, namespace: str, name: str) -> Where:
    """Return the place of an object of a review."""
    return Where(REVIEW, ObjectRef(kind, namespace, name))


def same(one: Any, other: Any) -> bool:
    """Tell whether two decoded values are equal; what is nested too deeply to be compared is not."""
    try:
        return bool(one == other)
    except RecursionError:
        return False
