"""Objects that stand in the input twice. Of their content a digest is kept, and nothing else: Secrets are objects too."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from enc_operator.core.findings import Finding, ObjectRef, Where, finding
from enc_operator.core.objects.shapes import text
from enc_operator.core.syntax import Source


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    file: str
    line: int
    content: int


@dataclass(slots=True)
class Seen:
    """The objects that were read, each with the place that is furthest back."""

    _places: dict[tuple[str, ObjectRef], _Place] = field(default_factory=dict)

    def again(self, manifest: Mapping[str, Any], where: Where, group: str) -> Iterator[Finding]:
        """Yield that an object stood elsewhere with other content; applied in order, the place further back stays."""
        content = hash(repr(manifest))
        key, place = (group, where.ref), _Place(where.source.file, where.source.line, content)
        seen = self._places.setdefault(key, place)
        first, last = sorted([seen, place])
        self._places[key] = last
        if not text(manifest, "metadata", "name") or seen.content == place.content:
            return
        what = f"{where.ref} stands at {first.file}:{first.line + 1} too, with other content; this one counts if both are applied in order"
        there = Where(Source(last.file, last.line), where.object)
        yield finding("object-duplicate", there, what, "leave one of them out: both are judged")
