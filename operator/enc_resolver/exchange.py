"""The Agent's secrets protocol as values: request bytes to handles, outcomes to response bytes.

Rule 1  a request is read as secret-helper reads it (cmd/secrethelper/secret_helper.go), with its words on failure.
Rule 2  every handle that was asked is answered, with a value or with an error, never with both.
Rule 3  a response stays below what the Agent reads (comp/core/secrets/impl/fetch_secret.go: 1 MiB).
Rule 4  a value that the next Agent would take for a handle is not a value.

Nothing here reads, writes, waits or knows where a value comes from.
"""

from __future__ import annotations

import json
import re

from enc_resolver.handles import handle_in
from enc_resolver.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, NoReturn, Sequence, Tuple, Union

    Outcome = Union["Resolved", "Failed"]

RESPONSE_LIMIT = 1024 * 1024 - 1
AGENT_TIMEOUT = 30.0  # seconds; secret_backend_timeout's default
_TOO_LARGE = "the response would exceed the 1 MiB that the Agent reads"
_SPELLING = json.JSONEncoder(ensure_ascii=False)
_VARIABLE = re.compile("\u2030.+?\u2030")


class ExchangeError(Exception):
    """Say why a request as a whole cannot be answered; never holds a value."""


class Request(Value):
    """The handles that are asked, each once, and the Agent's patience in seconds."""

    __slots__ = __match_args__ = ("handles", "timeout")
    handles: Tuple[str, ...]
    timeout: float


class Resolved(Value):
    """A handle's value."""

    __slots__ = __match_args__ = ("value",)
    value: str

    def __repr__(self) -> str:
        return "Resolved(***)"


class Failed(Value):
    """Why a handle has no value."""

    __slots__ = __match_args__ = ("error",)
    error: str


def parse_request(data: bytes) -> Request:
    """Read the Agent's question; raise ExchangeError with secret-helper's words."""
    try:
        content = json.loads(
            data.decode("utf-8", "replace"), parse_int=float, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        raise ExchangeError("failed to unmarshal json input") from None
    fields = {} if content is None else content
    version = _field(fields, "version", "")
    handles = _field(fields, "secrets", [])
    if not isinstance(version, str) or not isinstance(handles, list):
        raise ExchangeError("failed to unmarshal json input")
    if not all(handle is None or isinstance(handle, str) for handle in handles):
        raise ExchangeError("failed to unmarshal json input")
    if version.split(".", 1)[0] != "1":
        raise ExchangeError(f"incompatible protocol version {json.dumps(version[:40])}")
    if not handles:
        raise ExchangeError("no secrets listed in input")
    return Request(tuple(dict.fromkeys(handle or "" for handle in handles)), _timeout(fields))


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError  # NaN and Infinity, which JSON does not have


def _field(fields: Any, name: str, default: Any) -> Any:
    if not isinstance(fields, dict):
        raise ExchangeError("failed to unmarshal json input")
    value = fields.get(name)
    return default if value is None else value


def _timeout(fields: Mapping[str, Any]) -> float:
    seconds = fields.get("secret_backend_timeout")
    if isinstance(seconds, float) and 0 < seconds <= 3600:
        return seconds
    return AGENT_TIMEOUT  # an Agent before secret_backend_timeout, or one whose setting is out of reason


def decide_deadline(timeout: float) -> float:
    """Return how many seconds to work: the Agent kills what is not done in time, and then no handle has a value."""
    return timeout - min(max(timeout / 10, 0.3), timeout / 2)


def decide_outcome(data: bytes, *, strip_newline: bool = False) -> Outcome:
    """Decide whether the bytes found for a handle are its value."""
    try:
        value = data.decode("utf-8")
    except UnicodeDecodeError:
        return Failed("the value is not UTF-8 text; the Agent's protocol carries text only, store it encoded")
    if strip_newline:
        value = value[: -2 if value.endswith("\r\n") else -1] if value.endswith("\n") else value
    if _could_be_handle(value):
        return Failed(
            "the value is itself a secret handle, which is never passed on; store what it stands for"
        )
    return Resolved(value)


def _could_be_handle(value: str) -> bool:
    # The next Agent may strip line breaks (secret_backend_remove_trailing_line_break) and resolves template
    # variables before handles; those that are empty for a pod join what stands around them.
    bare = _VARIABLE.sub("", value.replace("%%", "\u2030")).rstrip("\r\n")
    return any(handle_in(text) is not None for text in (value, value.rstrip("\r\n"), bare))


def render_response(outcomes: Mapping[str, Outcome]) -> Tuple[bytes, int]:
    """Write the answers, in the order asked; the number is how many handles there was no room even to name."""
    short = {handle: _entry(handle, Failed(_TOO_LARGE)) for handle in outcomes}
    named = _named(short, RESPONSE_LIMIT - 2)
    room = RESPONSE_LIMIT - 2 - sum(len(short[handle]) + 1 for handle in named)
    entries = []
    for handle in named:
        entry = _entry(handle, outcomes[handle])
        if len(entry) - len(short[handle]) > room:
            entry = short[handle]
        room -= len(entry) - len(short[handle])
        entries.append(entry)
    return b"{" + b",".join(entries) + b"}", len(outcomes) - len(named)


def _named(entries: Mapping[str, bytes], room: int) -> Sequence[str]:
    kept = []
    for handle, entry in entries.items():
        if len(entry) + 1 <= room:
            room -= len(entry) + 1
            kept.append(handle)
    return kept


def _entry(handle: str, outcome: Outcome) -> bytes:
    value = outcome.value if isinstance(outcome, Resolved) else ""
    error = outcome.error if isinstance(outcome, Failed) else ""
    return _text(handle) + b':{"value":' + _text(value) + b',"error":' + _text(error) + b"}"


def _text(text: str) -> bytes:
    try:
        return _SPELLING.encode(text).encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate, in a handle only: spelt as it was asked
        return json.dumps(text).encode("ascii")
