"""From a decoded text back to where each of its characters was written.

A decoded text is made of runs: verbatim pieces of the source, and single characters that the source writes in another way (an
escape, a folded line break). Which runs a scalar has is decided where its style is read.
"""

from bisect import bisect_right


class Runs:
    """The runs of one decoded text; it is filled in order, and then asked for offsets."""

    def __init__(self, source: str, start: int) -> None:
        self._source = source
        self._pieces: list[str] = []
        self._decoded: list[int] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._length = 0
        self._begin = start

    @property
    def text(self) -> str:
        """The decoded text."""
        return "".join(self._pieces)

    def copy(self, start: int, end: int) -> None:
        """Add a piece of the source as it stands."""
        if start < end:
            self._add(self._source[start:end], start, end)

    def put(self, letter: str, start: int, end: int) -> None:
        """Add one character that the source writes from `start` to `end`."""
        self._add(letter, start, end)

    def _add(self, piece: str, start: int, end: int) -> None:
        self._pieces.append(piece)
        self._decoded.append(self._length)
        self._starts.append(start)
        self._ends.append(end)
        self._length += len(piece)

    def start(self, offset: int) -> int:
        """Return where the character at an offset of the decoded text begins in the source."""
        if not self._decoded:
            return self._begin
        if offset >= self._length:
            return self._ends[-1]
        run = bisect_right(self._decoded, offset) - 1
        return self._starts[run] + min(offset - self._decoded[run], self._ends[run] - self._starts[run] - 1)

    def end(self, offset: int) -> int:
        """Return where the character before an offset of the decoded text ends in the source."""
        if not self._decoded or offset <= 0:
            return self.start(0)
        run = bisect_right(self._decoded, min(offset, self._length) - 1) - 1
        if len(self._pieces[run]) == 1:
            return self._ends[run]
        return self._starts[run] + min(offset, self._length) - self._decoded[run]

    def range(self, start: int, end: int) -> tuple[int, int]:
        """Return where a piece of the decoded text stands in the source; of an empty one the place."""
        first = self.start(start)
        return first, max(first, self.end(end)) if start < end else first

    def decoded_range(self, start: int, end: int) -> tuple[int, int]:
        """Return what of the decoded text stands between two offsets of the source, rather more than less."""
        if not self._decoded:
            return 0, 0
        first = max(bisect_right(self._starts, start) - 1, 0)
        last = bisect_right(self._starts, end) - 1
        low = self._decoded[first]
        if len(self._pieces[first]) > 1:
            low += min(max(start - self._starts[first], 0), len(self._pieces[first]))
        if last < 0:
            return 0, 0
        reach = max(1, end - self._starts[last])
        return low, min(self._decoded[last] + min(reach, len(self._pieces[last])), self._length)
