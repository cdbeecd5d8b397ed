"""Patterns for paths and objects: `*` and `?` stay within a segment, `**` crosses `/`, a trailing `/` means all below."""

import re
from functools import lru_cache

_TOKENS = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def matches(pattern: str, text: str) -> bool:
    """Tell whether all of a text matches a pattern."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    whole = pattern + "**" if pattern.endswith("/") else pattern
    return re.compile(
        "".join(_MEANING.get(token) or re.escape(token) for token in _TOKENS.findall(whole)), re.DOTALL
    )
