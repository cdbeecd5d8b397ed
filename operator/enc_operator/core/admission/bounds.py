"""How much of a ConfigMap is read: no text decides how long others wait.

What has too much structure is refused where it could hold a handle, and let through unread where it could not.
"""

from collections.abc import Collection

from enc_operator.core.admission.predicate import are_too_many

MOST_STRUCTURE = 50_000
"""How much of YAML's structure is read of one object, about as many indicators; one takes some 10 µs."""

MOST_TEXTS = 10_000
"""How many texts that could hold a handle are read of one object, for each Agent; aliases can repeat few texts many times."""

_INDICATORS = "-:,?[{"  # nothing else of YAML makes another value
_A_FILE = 12  # what it takes to read an empty one, in indicators


def are_too_large(texts: Collection[str], readers: int) -> bool:
    """Tell whether texts that so many Agents read take too long; aliases are not followed."""
    structure = sum(_A_FILE + sum(map(text.count, _INDICATORS)) for text in texts)
    return are_too_many(texts) or structure * max(1, readers) > MOST_STRUCTURE
