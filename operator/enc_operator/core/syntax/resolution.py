"""Scalars of YAML 1.1 as Kubernetes and the Agent (yaml.v2) resolve them.

Dates stay strings, as they do on their way through JSON.
"""

import base64
import binascii
import re
from typing import Any

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS = {
    **dict.fromkeys(("yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}
_INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|0|[1-9][0-9_]*)\Z")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?\Z")
_SPECIAL_FLOATS = frozenset(
    {".inf", ".Inf", ".INF", "-.inf", "-.Inf", "-.INF", "+.inf", ".nan", ".NaN", ".NAN"}
)
_NUMBER_START = frozenset("-+.0123456789")
# Python refuses to convert longer integers (CVE-2020-10735); Go reads them as floats.
_MAX_DIGITS = 4000
_PREFIX = "tag:yaml.org,2002:"


def resolve_plain(text: str) -> Any:
    """Resolve an untagged plain scalar."""
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if text[0] in _NUMBER_START:
        return _number(text)
    return text


def resolve_tagged(tag: str, text: str) -> Any:
    """Resolve a scalar with an explicit tag; an unknown tag or an unfit value leaves the text."""
    if tag == _PREFIX + "binary":
        return _binary(text)
    if tag in (_PREFIX + "str", "!"):
        return text
    if tag.startswith(_PREFIX):
        return resolve_plain(text)
    return text


def _number(text: str) -> Any:
    if len(text) > _MAX_DIGITS:
        return float("inf") if _FLOAT.match(text) else text
    if _INTEGER.match(text):
        return _integer(text.replace("_", ""))
    if _FLOAT.match(text):
        return float(text.replace("_", ""))
    if text in _SPECIAL_FLOATS:
        return float(text.replace(".", "", 1))
    return text


def _integer(text: str) -> Any:
    sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text.lstrip("+"))
    octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
    try:
        return sign * int(digits, 8 if octal else 0)
    except ValueError:
        return text


def _binary(text: str) -> str:
    """Decode `!!binary`, which yaml.v2 turns into a string: a handle can hide in it."""
    try:
        return base64.b64decode("".join(text.split())).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return text
