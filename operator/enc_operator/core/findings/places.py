"""Where a finding points: an object, a value in it, a piece of that value's text. The position in the file follows from it."""

from dataclasses import dataclass, replace
from typing import Any

from enc_operator.core.syntax import Excerpt, Extent, Position, Source, Span, excerpt
from enc_operator.core.syntax.sources import levels


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """A Kubernetes object by kind, namespace (empty for cluster-scoped ones) and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


_OPEN_KINDS = ("SecretGrant", "ClusterSecretGrant", "AgentTarget")  # names and rules are all that they hold


@dataclass(frozen=True, slots=True)
class Where:
    """A place: a file's text, the object in it, the path to a value, and the path on into that value's own text.

    `on_key` means the key that the last step names instead of its value, `span` a piece of the text of either. A finding shows
    what its span holds if that is telling, which is only for what no Secret's value can be.
    """

    source: Source
    object: ObjectRef | None = None
    path: tuple[Any, ...] = ()
    inner: tuple[Any, ...] = ()
    on_key: bool = False
    span: Span | None = None

    @property
    def ref(self) -> ObjectRef:
        """The object, for a place that is in one."""
        return self.object or ObjectRef("", "", "")

    def position(self) -> Position:
        """Return line and column, both from 1."""
        return self.extent().start

    def extent(self) -> Extent:
        """Return from where to where it stands in the file."""
        start, end = self._offsets()
        return Extent(self.source.position_at(start), self.source.position_at(end))

    def excerpt(self) -> Excerpt | None:
        """Return the file's line with the place marked and all values hidden, where there is a line to show."""
        start, end = self._offsets()
        steps = levels(self.path, self.inner, self.span)
        if not (self.path or steps != ((),)):
            return None  # all of it is meant, and no line of it
        telling = (self.span.telling if self.span else self.on_key) or self.ref.kind in _OPEN_KINDS
        found = excerpt(self.source.text, steps, start, end, telling=telling)
        return found._replace(line=self.source.line + found.line + 1) if found else None

    def _offsets(self) -> tuple[int, int]:
        return self.source.find(self.path, self.inner, self.span, on_key=self.on_key)

    def at(self, *steps: Any) -> "Where":
        """Return the place further down the object."""
        return Where(self.source, self.object, (*self.path, *steps), self.inner)

    def within(self, *steps: Any) -> "Where":
        """Return the place further down the text of the value."""
        return Where(self.source, self.object, self.path, (*self.inner, *steps))

    def key(self) -> "Where":
        """Return the place of the key itself."""
        return replace(self, on_key=True)

    def part(self, text: str, start: int = 0, end: int | None = None) -> "Where":
        """Return the place of a piece of `text`, which is what stands here, and which the finding may show."""
        return replace(self, span=Span(text, start, len(text) if end is None else end))

    def spanning(self, span: Span | None) -> "Where":
        """Return the place of a span of what stands here."""
        return replace(self, span=span)

    def path_text(self) -> str:
        """Return the path as a person reads it: `metadata.annotations["a/b"] → instances[0].password`."""
        return " → ".join(part for part in (render_path(self.path), render_path(self.inner)) if part)

    def sort_key(self) -> tuple[str, ...]:
        """Return a key that orders places of objects the same way whatever files they came in."""
        file = "" if self.object else self.source.file
        return (str(self.object or ""), render_path(self.path), render_path(self.inner), file)


def place_only(where: Where) -> Where:
    """Return a place with the same position and no text, for what may be a Secret."""
    line, column = where.position()
    return Where(Source(where.source.file, line - 1, " " * (column - 1)), where.object).part(
        " " * (column - 1), column - 1
    )


def render_path(path: tuple[Any, ...], *, any_index: bool = False) -> str:
    """Render a path: `a.b[0]["c/d"]`, or `a.b[*]["c/d"]`."""
    text = ""
    for step in path:
        if isinstance(step, int) and not isinstance(step, bool):
            text += "[*]" if any_index else f"[{step}]"
        elif isinstance(step, str) and step.replace("_", "").replace("-", "").isalnum():
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text
