"""What a user reads: findings, and where they point. The same values in encctl, webhook answers and Events.

Messages never hold a Secret's value. What does not belong here: deciding that something is wrong.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from enc_operator.core.syntax import Position, Source


class Severity(StrEnum):
    """How much a finding weighs: an error makes `encctl` exit with 1."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """A Kubernetes object by kind, namespace (empty for cluster-scoped ones) and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Where:
    """A place: a file's text, the object in it, the path to a value, and the path on into that value's own text."""

    source: Source
    object: ObjectRef | None = None
    path: tuple[Any, ...] = ()
    inner: tuple[Any, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        """The object, for a place that is in one."""
        return self.object or ObjectRef("", "", "")

    def position(self) -> Position:
        """Return line and column, both from 1."""
        return self.source.position(self.path, self.inner)

    def at(self, *steps: Any) -> "Where":
        """Return the place further down the object."""
        return Where(self.source, self.object, (*self.path, *steps), self.inner)

    def within(self, *steps: Any) -> "Where":
        """Return the place further down the text of the value."""
        return Where(self.source, self.object, self.path, (*self.inner, *steps))

    def path_text(self) -> str:
        """Return the path as a person reads it: `metadata.annotations["a/b"] → instances[0].password`."""
        return " → ".join(part for part in (render_path(self.path), render_path(self.inner)) if part)

    def sort_key(self) -> tuple[str, ...]:
        """Return a key that orders places of objects the same way whatever files they came in."""
        file = "" if self.object else self.source.file
        return (str(self.object or ""), render_path(self.path), render_path(self.inner), file)


def render_path(path: tuple[Any, ...]) -> str:
    """Render a path: `a.b[0]["c/d"]`."""
    text = ""
    for step in path:
        if isinstance(step, int) and not isinstance(step, bool):
            text += f"[{step}]"
        elif isinstance(step, str) and step.replace("_", "").replace("-", "").isalnum():
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or worth knowing: what, where, and how to fix it."""

    code: str
    severity: Severity
    where: Where
    what: str
    fix: str

    def sort_key(self) -> tuple[Any, ...]:
        """Return a key that orders findings by place, then code."""
        source = self.where.source
        return (*self.where.sort_key(), self.code, self.what, source.file, source.line)


SEVERITIES: dict[str, Severity] = {
    "access-denied": Severity.ERROR,
    "agent-refused": Severity.ERROR,
    "agent-unknown": Severity.ERROR,
    "backend-conflict": Severity.WARNING,
    "backend-kept": Severity.INFO,
    "backend-unreadable": Severity.ERROR,
    "config-invalid": Severity.ERROR,
    "duplicate-key": Severity.WARNING,
    "env-unknown": Severity.WARNING,
    "file-refused": Severity.ERROR,
    "grant-expired": Severity.WARNING,
    "handle-as-key": Severity.WARNING,
    "handle-case": Severity.WARNING,
    "handle-in-secret-setting": Severity.ERROR,
    "handle-malformed": Severity.ERROR,
    "handle-newline": Severity.WARNING,
    "handle-partial": Severity.WARNING,
    "handle-undetermined": Severity.ERROR,
    "json-depth": Severity.ERROR,
    "json-invalid": Severity.ERROR,
    "no-agent": Severity.INFO,
    "no-match": Severity.INFO,
    "not-read": Severity.WARNING,
    "not-resolved": Severity.WARNING,
    "object-invalid": Severity.ERROR,
    "pending": Severity.INFO,
    "provider-unknown": Severity.ERROR,
    "residual": Severity.WARNING,
    "resource-invalid": Severity.ERROR,
    "scope-refused": Severity.WARNING,
    "secret-holds-handle": Severity.WARNING,
    "spoofable": Severity.ERROR,
    "template-invalid": Severity.ERROR,
    "variable-refused": Severity.ERROR,
    "variable-unknown": Severity.ERROR,
    "yaml-alias": Severity.ERROR,
    "yaml-depth": Severity.ERROR,
    "yaml-invalid": Severity.ERROR,
}


def finding(code: str, where: Where, what: str, fix: str) -> Finding:
    """Make a finding of a known code."""
    return Finding(code, SEVERITIES[code], where, what, fix)
