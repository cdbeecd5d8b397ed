"""Which annotations could matter at all, told without reading them.

The webhook's `matchConditions` call it for no others, so this must hold for whatever the core calls a reference: escapes in JSON, the
Agent's own mark of a variable, and variables whose values could complete what stands around them.
"""

import re
from collections.abc import Iterable, Mapping

PATTERN = r"ENC\[|\\|‰|%%(env|extra|pid|hostname)|(E|EN|ENC)%%|%%(NC\[|C\[|\[)"
"""What a value that could hold a handle holds; RE2 syntax too."""

IDENTIFIER_SUFFIX, OF_A_CONTAINER = ".check.id", "://"
"""The end of a key whose value must not hold the second: it would be the identifier of somebody else's container."""

MOST_HANDLES = 2000
"""How many places in the texts of one object may be part of a handle, and how many annotations may be templates.

Reading one takes 0.2 to 0.5 ms, and who asks is waiting.
"""

_POSSIBLE = re.compile(PATTERN)
_COUNTED = re.compile(r"ENC\[|\\u|‰|%%")


def may_hold_handle(text: str) -> bool:
    """Tell whether a text could hold what becomes a handle."""
    return _POSSIBLE.search(text) is not None


def may_matter(key: str, text: str) -> bool:
    """Tell whether an Autodiscovery annotation could be a reason to refuse."""
    return may_hold_handle(text) or (key.endswith(IDENTIFIER_SUFFIX) and OF_A_CONTAINER in text)


def are_too_many(texts: Iterable[str]) -> bool:
    """Tell whether texts have so many places that may be part of a handle that they are not read."""
    return sum(1 for text in texts for _ in _COUNTED.finditer(text)) > MOST_HANDLES


def have_too_many(templates: Mapping[str, str]) -> bool:
    """Tell whether annotations that are templates are too many, or hold too much, to be read."""
    return len(templates) > MOST_HANDLES or are_too_many(templates.values())
