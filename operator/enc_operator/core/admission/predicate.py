"""Which annotations could matter at all, told without reading them.

The webhook's `matchConditions` call it for no others, so this must hold for whatever the core calls a reference: escapes in JSON, the
Agent's own mark of a variable, and variables whose values could complete what stands around them.
"""

import re

PATTERN = r"ENC\[|\\|‰|%%(env|extra|pid|hostname)|(E|EN|ENC)%%|%%(NC\[|C\[|\[)"
"""What a value that could hold a handle holds; RE2 syntax too."""

IDENTIFIER_SUFFIX, OF_A_CONTAINER = ".check.id", "://"
"""The end of a key whose value must not hold the second: it would be the identifier of somebody else's container."""

_POSSIBLE = re.compile(PATTERN)


def may_hold_handle(text: str) -> bool:
    """Tell whether a text could hold what becomes a handle."""
    return _POSSIBLE.search(text) is not None


def may_matter(key: str, text: str) -> bool:
    """Tell whether an Autodiscovery annotation could be a reason to refuse."""
    return may_hold_handle(text) or (key.endswith(IDENTIFIER_SUFFIX) and OF_A_CONTAINER in text)
