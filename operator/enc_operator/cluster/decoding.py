"""JSON of the API server as plain values, however deep it is nested; what it means is not judged here.

Whoever may create an object may nest its `metadata.managedFields` thousands deep, which the API server stores and Python's json does
not read: one such object would make every list that it is in unreadable, and hide all deletions with it.
"""

import json
import re
from typing import Any

_DEEPEST = 100  # objects that are made to be read have some 30
_LONGEST_NUMBER = 4000  # digits; Python gives up at 4,300 (sys.set_int_max_str_digits)
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}]', re.DOTALL)


def decode(body: bytes | bytearray) -> Any:
    """Decode JSON, with null in place of what lies too deep if it is too deep to be read; raises ValueError for what is no JSON."""
    return decode_and_tell(body)[0]


def decode_and_tell(body: bytes | bytearray) -> tuple[Any, bool]:
    """Decode JSON as `decode` does, and tell whether it is whole.

    A number of thousands of digits, which Python does not read either, is null and makes it not whole.
    """
    try:
        return json.loads(body), True
    except json.JSONDecodeError:
        raise
    except RecursionError:
        return json.loads(_flatten(body), parse_int=_int), False
    except ValueError:
        return json.loads(body, parse_int=_int), False


def _int(digits: str) -> int | None:
    return int(digits) if len(digits) < _LONGEST_NUMBER else None


def _flatten(body: bytes | bytearray) -> bytes:
    flat, depth, kept = bytearray(), 0, 0
    for token in _TOKEN.finditer(body):
        if token[0] in {b"[", b"{"}:
            depth += 1
            if depth == _DEEPEST:
                flat += body[kept : token.start()] + b"null"
        elif token[0] in {b"]", b"}"}:
            if depth == _DEEPEST:
                kept = token.end()
            depth -= 1
    if depth > 0:
        raise ValueError("the JSON ends before it is complete")
    return bytes(flat + body[kept:])
