"""Texts that look meant as handles and are none, and keys that stand twice, in templates and configuration alike.

What is a handle, and who resolves it, is decided elsewhere.
"""

from collections.abc import Callable, Iterator

from enc_operator.core.findings import Finding, Where, finding
from enc_operator.core.syntax.yaml_text import Parsed
from enc_operator.core.templates.strings import NearMiss, handle_key, keys_in, near_miss, telling_strings_in
from enc_operator.core.templates.variables import substitute


def oddities_in(parsed: Parsed, where: Where) -> Iterator[Finding]:
    """Yield what is odd in a decoded text; `where` is the place of the text."""
    for duplicate in parsed.duplicates:
        what = f'the key "{duplicate.key}" stands twice; the last one wins'
        place = where.part(parsed.text, duplicate.start, duplicate.end)
        yield finding("duplicate-key", place, what, "remove one of them")
    yield from near_misses_in(parsed.value, where.within)


def near_misses_in(value: object, place: Callable[..., Where]) -> Iterator[Finding]:
    """Yield the keys and strings of a decoded value that look meant as handles and are none; `place` takes their path."""
    for inner, key in keys_in(value):
        miss = handle_key(key)
        if miss:
            yield _report(miss, place(*inner, key).key(), key)
    for inner, text in telling_strings_in(value):
        miss = near_miss(text)
        if miss and not substitute(text, lambda *_: "").could_be_handle():
            yield _report(miss, place(*inner), text)


def _report(miss: NearMiss, where: Where, text: str) -> Finding:
    return finding(miss.code, where.part(text, miss.start, miss.end), miss.what, miss.fix)
