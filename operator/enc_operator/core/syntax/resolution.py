"""Scalars of YAML 1.1 as Kubernetes and the Agent (yaml.v2's `resolve.go`) resolve them.

Dates stay strings, as they do on their way through JSON; so do sexagesimal numbers, which Go's readers do not know.
"""

import base64
import math
import re
from typing import Any

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}
_INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|0|[1-9][0-9_]*)\Z")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?\Z")
_SPECIAL_FLOATS = {
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_NUMBER_START = frozenset("-+.0123456789")
# Python refuses to convert longer integers (CVE-2020-10735); for Go they overflow, which leaves the text.
_MAX_DIGITS = 4000
_PREFIX = "tag:yaml.org,2002:"
MERGE = _PREFIX + "merge"
BINARY = _PREFIX + "binary"


def resolve_plain(text: str) -> Any:
    """Resolve an untagged plain scalar."""
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if text[0] in _NUMBER_START and len(text) <= _MAX_DIGITS:
        return _number(text)
    return text


def resolve_tagged(tag: str, text: str) -> Any:
    """Resolve a scalar with an explicit tag; an unknown tag or an unfit value leaves the text."""
    if tag == BINARY:
        return _binary(text)
    if tag == _PREFIX + "str":
        return text
    if tag.startswith(_PREFIX):
        return resolve_plain(text)
    return text


def key_text(key: Any) -> str:
    """Return a mapping's key that is no text as the text that it becomes on its way through JSON."""
    if isinstance(key, bool) or key is None:
        return {True: "true", False: "false", None: "null"}[key]
    return str(key)


def _number(text: str) -> Any:
    if _INTEGER.match(text):
        return _integer(text)
    if _FLOAT.match(text):
        value = float(text.replace("_", ""))
        return text if math.isinf(value) else value
    return _SPECIAL_FLOATS.get(text, text)


def _integer(text: str) -> Any:
    bare = text.replace("_", "")
    sign, digits = (-1, bare[1:]) if bare[0] == "-" else (1, bare.lstrip("+"))
    octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
    try:
        return sign * int(digits, 8 if octal else 0)
    except ValueError:  # `0x_` has no digit
        return text


def _binary(text: str) -> str:
    """Decode `!!binary`, which yaml.v2 turns into a string: a handle can hide in it."""
    try:
        return base64.b64decode(text).decode("utf-8", "replace")
    except ValueError:
        return text
