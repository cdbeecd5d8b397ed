"""Template variables, in the Agent's order: `%%` becomes `‰`, then `‰name_key‰` is substituted, then handles are looked for.

Source: the Agent's `pkg/util/tmplvar/resolver.go`. A variable whose value is not known yet is kept as one of two kinds, so
that whatever *could* become a handle is seen.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from enc_resolver.handles import handle_in


class Unknown(Enum):
    """A value that is not known before the pod runs."""

    WORD = "letters, digits and any of .:_-, possibly empty: an address, a port, a name"
    ANY = "any text: an environment variable"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The Agent has no value for the variable and drops the template; what stands there is judged all the same."""

    judged: Unknown = Unknown.WORD


Value = str | Unknown | Refusal
Lookup = Callable[[str, str], Value]
"""From a variable's name and key (`kube`, `namespace`) to its value."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable and where it stands in the text after `%%` became `‰`."""

    name: str
    key: str
    start: int
    end: int

    def __str__(self) -> str:
        return f"%%{self.name}_{self.key}%%" if self.key else f"%%{self.name}%%"


@dataclass(frozen=True, slots=True)
class Filled:
    """Where a variable's value stands in a substituted text; `kind` is None for a known value, else one `x` stands for it."""

    start: int
    end: int
    variable: Variable
    kind: Unknown | None = None


@dataclass(frozen=True, slots=True)
class Substituted:
    """A text after substitution, with the places of all values and the variables that the Agent has no value for."""

    text: str
    filled: tuple[Filled, ...] = ()
    refused: tuple[Variable, ...] = ()

    @property
    def gaps(self) -> tuple[Filled, ...]:
        """The values that are not known yet."""
        return tuple(filled for filled in self.filled if filled.kind)

    def shown(self) -> str:
        """Return the text with the variables themselves where their values are not known."""
        pieces, position = [], 0
        for gap in self.gaps:
            pieces += [self.text[position : gap.start], str(gap.variable)]
            position = gap.end
        return "".join(pieces) + self.text[position:]

    def written(self, original: str, start: int, end: int) -> tuple[int, int]:
        """Return where a piece of the substituted text stands in the text that it was made of."""
        marked = self._marked(start, end=False), self._marked(end, end=True)
        tokens = [found.start() for found in _LETTER.finditer(original)] + [len(original)]
        return tokens[marked[0]], tokens[max(marked)]

    def _marked(self, offset: int, *, end: bool) -> int:
        """Return an offset in the text after `%%` became `‰`; inside a value it is that of the variable."""
        shift = 0
        for filled in self.filled:
            if offset < filled.start or (end and offset == filled.start):
                break
            if offset < filled.end or (end and offset == filled.end):
                return filled.variable.end if end else filled.variable.start
            shift = filled.variable.end - filled.end
        return offset + shift

    def could_be_handle(self) -> bool:
        """Tell whether some values of the unknown variables make it a handle."""
        if not self.gaps:
            return handle_in(self.text) is not None
        pieces = list(self._pieces())
        return _may_begin(pieces) and _may_end(pieces)

    def _pieces(self) -> Iterator[str | Unknown]:
        position = 0
        for filled in self.filled:
            if filled.kind:
                yield self.text[position : filled.start]
                yield filled.kind
                position = filled.end
        yield self.text[position:]


_LETTER = re.compile("%%|.", re.DOTALL)


def variables_in(text: str) -> Iterator[Variable]:
    """Yield the variables of a text in which `‰` has replaced `%%`.

    The same matches as the Agent's `‰(.+?)(?:_(.+?))?‰`, in linear time.
    """
    start = text.find("‰")
    while start >= 0:
        close = text.find("‰", start + 2)
        if close < 0:
            return
        broken = text.find("\n", start + 1, close)
        if broken >= 0:
            start = text.find("‰", start + 1)
            continue
        variable = _variable(text, start, close)
        yield variable
        start = text.find("‰", variable.end)


def _variable(text: str, start: int, close: int) -> Variable:
    under = text.find("_", start + 2, close)
    if under < 0:
        return Variable(text[start + 1 : close], "", start, close + 1)
    if under + 1 < close:
        return Variable(text[start + 1 : under], text[under + 1 : close], start, close + 1)
    # `‰a_‰`: a key has at least one character, so it reaches over the `‰` to the next one on the line.
    further = text.find("‰", close + 1)
    if further < 0 or text.find("\n", close, further) >= 0:
        return Variable(text[start + 1 : close], "", start, close + 1)
    return Variable(text[start + 1 : under], text[close:further], start, further + 1)


def substitute(text: str, lookup: Lookup) -> Substituted:
    """Put the values of template variables into a text."""
    text = text.replace("%%", "‰")
    if "‰" not in text:
        return Substituted(text)
    pieces: list[str] = []
    filled: list[Filled] = []
    refused: list[Variable] = []
    position = length = 0
    for variable in variables_in(text):
        value = lookup(variable.name, variable.key)
        if isinstance(value, Refusal):
            refused.append(variable)
            value = value.judged
        kind = value if isinstance(value, Unknown) else None
        shown = "x" if isinstance(value, Unknown) else value
        length += variable.start - position
        filled.append(Filled(length, length + len(shown), variable, kind))
        pieces += (text[position : variable.start], shown)
        length += len(shown)
        position = variable.end
    return Substituted("".join(pieces) + text[position:], tuple(filled), tuple(refused))


_PREFIX = "ENC["


def _may_begin(pieces: list[str | Unknown]) -> bool:
    """Follow every way to match blanks and `ENC[`; a state is how much of the prefix is matched."""
    states = {0}
    for piece in pieces:
        states = _after_unknown(states, piece) if isinstance(piece, Unknown) else _after_text(states, piece)
        if not states or states == {len(_PREFIX)}:
            break
    return len(_PREFIX) in states


def _after_unknown(states: set[int], kind: Unknown) -> set[int]:
    reach = len(_PREFIX) if kind is Unknown.ANY else len(_PREFIX) - 1
    return {further for state in states for further in range(state, max(state, reach) + 1)}


def _after_text(states: set[int], text: str) -> set[int]:
    for character in text:
        states = {following for state in states for following in _steps(state, character)}
        if not states or states == {len(_PREFIX)}:
            break
    return states


def _steps(state: int, character: str) -> Iterator[int]:
    if state == len(_PREFIX):
        yield state
    elif character == _PREFIX[state]:
        yield state + 1
    elif state == 0 and character in " \t":
        yield 0


def _may_end(pieces: list[str | Unknown]) -> bool:
    """Look at the last piece that decides: a word may be empty, and blanks are trimmed.

    What may begin like a handle has such a piece: only text or an environment variable has a `[`.
    """
    last = next(piece for piece in reversed(pieces) if _decides(piece))
    return last is Unknown.ANY or str(last).rstrip(" \t").endswith("]")


def _decides(piece: str | Unknown) -> bool:
    return piece is Unknown.ANY if isinstance(piece, Unknown) else bool(piece.rstrip(" \t"))
