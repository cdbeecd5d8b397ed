"""What the Agent makes of an executable's output: a verdict for each handle. Pure, and the only place that sees values.

Source: `comp/core/secrets/impl/fetch_secret.go`, which decodes with Go's encoding/json: names of fields in any case of
letters, null as nothing, bytes that are not UTF-8 replaced, nothing after the value.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from enc_operator.cli.resolve.permissions import Fault
from enc_resolver.handles import handle_in

MASK = "********"
_SURROGATE = re.compile("[\ud800-\udfff]")
_BLANKS = " \t\r\n"
_LONGEST_MESSAGE = 500  # characters


class Outcome(StrEnum):
    """What the Agent makes of the answer for a handle."""

    RESOLVED = "resolved"
    MISSING = "missing"
    ERROR = "error"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a handle, why, and what is odd about its value; never the value."""

    handle: str
    outcome: Outcome
    message: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class Answer:
    """An answer as it stands in the output. Its value is in no representation."""

    value: str = field(default="", repr=False)
    error: str = field(default="", repr=False)


Answers = Mapping[str, Answer]


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as its pairs, since Go lets names differ in case and repeat."""


def parse_answers(output: bytes) -> Answers | Fault:
    """Read the output; a fault says where it is no answer, and never quotes it."""
    text = output.decode("utf-8", "surrogateescape")
    try:
        content = json.loads(
            text,
            object_pairs_hook=_Pairs,
            parse_constant=_refuse,
            parse_int=len,
            parse_float=len,
        )
    except json.JSONDecodeError as error:
        return _no_json(text, error.pos)
    except (_ConstantError, RecursionError):
        return Fault("its output is no JSON: NaN or Infinity, or nested without end", _FIX)
    if content is None:
        return {}
    if not isinstance(content, _Pairs):
        return Fault(f"its output is {_kind(content)}, where the Agent wants an object", _FIX)
    answers: dict[str, Answer] = {}
    for number, (handle, entry) in enumerate(content, 1):
        answer = _answer(entry, number)
        if isinstance(answer, Fault):
            return answer
        answers[_as_go(handle)] = answer
    return answers


class _ConstantError(Exception):
    pass


def _refuse(_: str) -> None:
    raise _ConstantError


_FIX = 'write one object: {"handle": {"value": "…", "error": null}}, and logs to stderr'


def _no_json(text: str, position: int) -> Fault:
    if not text.strip(_BLANKS):
        return Fault("the executable wrote nothing to stdout: the Agent cannot read the answer", _FIX)
    before = text[:position]
    place = f"byte {len(before.encode('utf-8', 'surrogateescape'))}"
    line, column = before.count("\n") + 1, position - before.rfind("\n")
    return Fault(f"its output is no JSON from {place} on (line {line}, column {column})", _FIX)


def _kind(value: Any) -> str:
    if isinstance(value, _Pairs):
        return "an object"
    names = {list: "a list", str: "a string", bool: "true or false", int: "a number"}
    return names.get(type(value), "null")


def _answer(entry: Any, number: int) -> Answer | Fault:
    answer = Answer()
    if entry is not None and not isinstance(entry, _Pairs):
        what = f"answer {number} of its output is {_kind(entry)}, where the Agent wants an object with value and error"
        return Fault(f"{what}: no handle is resolved", _FIX)
    for name, item in entry or ():
        known = name.lower()
        if known not in ("value", "error") or item is None:
            continue
        if not isinstance(item, str):
            what = (
                f"{known} in answer {number} of its output is {_kind(item)}, where the Agent wants a string"
            )
            return Fault(f"{what}: no handle is resolved", "write numbers and true or false as strings too")
        setattr(answer, known, item)
    return answer


def _as_go(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text)


def decide_verdicts(handles: Sequence[str], answers: Answers, *, strip_newline: bool) -> Iterator[Verdict]:
    """Yield the Agent's verdict on each handle; an error counts before a value."""
    values = values_in(answers)
    for handle in handles:
        answer = answers.get(handle)
        if answer is None:
            yield Verdict(handle, Outcome.MISSING, _missing(handle, answers))
            continue
        value = answer.value.rstrip("\r\n") if strip_newline else answer.value
        if answer.error:
            yield Verdict(handle, Outcome.ERROR, mask(answer.error, values)[:_LONGEST_MESSAGE])
        elif not value:
            yield Verdict(handle, Outcome.EMPTY, "its value is empty, which the Agent takes for an error")
        else:
            yield Verdict(handle, Outcome.RESOLVED, "", tuple(_warnings(value)))


def _missing(handle: str, answers: Answers) -> str:
    if any(other.strip() == handle.strip() for other in answers):
        return "the answer is for a handle with other blanks around it: it must be repeated byte for byte"
    return "the executable gave no answer for it"


def _warnings(value: str) -> Iterator[str]:
    if handle_in(value.rstrip("\r\n")) is not None:
        yield "the value is itself a handle: an Agent that gets it from the Cluster Agent resolves it with its own permissions"
    elif "ENC[" in value:
        yield "the value holds ENC[: a handle inside other text is never resolved"
    if value.endswith(("\n", "\r")):
        yield "the value ends with a line break: strip it, or set secret_backend_remove_trailing_line_break"
    if _SURROGATE.search(value):
        yield "the value is not UTF-8: the Agent replaces what is not, and uses something else than was stored"


def values_in(answers: Answers) -> tuple[str, ...]:
    """Return every value, the longest first, to mask them wherever they turn up."""
    found = {text for answer in answers.values() for text in (answer.value, answer.value.strip()) if text}
    return tuple(sorted(found, key=len, reverse=True))


def mask(text: str, values: Iterable[str]) -> str:
    """Put stars in the place of values."""
    for value in values:
        text = text.replace(value, MASK)
    return text
