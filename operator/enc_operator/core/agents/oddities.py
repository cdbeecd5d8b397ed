"""Texts that look meant as handles and are none, and keys that stand twice, in templates and configuration alike.

What is a handle, and who resolves it, is decided elsewhere.
"""

from collections.abc import Callable, Iterator

from enc_operator.core.findings import Finding, Where, finding
from enc_operator.core.syntax.yaml_text import Parsed
from enc_operator.core.templates.strings import NearMiss, handle_key, keys_in, near_miss, strings_in
from enc_operator.core.templates.variables import substitute


def oddities_in(parsed: Parsed, where: Where) -> Iterator[Finding]:
    """Yield what is odd in a decoded text; `where` is the place of the text."""
    for duplicate in parsed.duplicates:
        what = f'the key "{duplicate.key}" stands twice; the last one wins'
        yield finding("duplicate-key", where, what, "remove one of them")
    yield from near_misses_in(parsed.value, where.within)


def near_misses_in(value: object, place: Callable[..., Where]) -> Iterator[Finding]:
    """Yield the keys and strings of a decoded value that look meant as handles and are none; `place` takes their path."""
    for inner, key in keys_in(value):
        yield from _report(handle_key(key), place(*inner))
    for inner, text in strings_in(value):
        if not substitute(text, lambda *_: "").could_be_handle():
            yield from _report(near_miss(text), place(*inner))


def _report(miss: NearMiss | None, where: Where) -> Iterator[Finding]:
    if miss:
        yield finding(miss.code, where, miss.what, miss.fix)
