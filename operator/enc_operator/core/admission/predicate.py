"""Which texts of annotations could hold a handle at all, told without reading them.

The webhook's `matchConditions` call it for no others, so this must hold whatever the core calls a reference: escapes in JSON, the
Agent's own mark of a variable, and variables whose values could complete what stands around them.
"""

import re

PATTERN = r"ENC\[|\\|‰|%%(env|extra|pid|hostname)|(E|EN|ENC)%%|%%(NC\[|C\[|\[)"
"""RE2 syntax too, for the expressions of matchConditions."""

_POSSIBLE = re.compile(PATTERN)


def may_hold_handle(text: str) -> bool:
    """Tell whether a text could hold what becomes a handle."""
    return _POSSIBLE.search(text) is not None
