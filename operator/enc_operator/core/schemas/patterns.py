"""What the CRDs' regular expressions mean, in words. A pattern without words here does not load."""

from collections.abc import Mapping

from enc_operator.core.schemas.metadata import (
    DNS_LABEL,
    DNS_SUBDOMAIN,
    GENERATED_FROM,
    LABEL_KEY,
    LABEL_VALUE,
)

_LABEL_FIX = "use lower-case letters, digits and '-', with a letter or digit at both ends"
_SUBDOMAIN_FIX = (
    "use lower-case letters, digits, '-' and '.', with a letter or digit at both ends of each part"
)
_KEY_FIX = "use letters, digits, '-', '_' and '.', not starting with '..'"
_CAMEL_FIX = "use letters and digits, starting with a letter"

PATTERNS: Mapping[str, tuple[str, str]] = {
    DNS_LABEL: ("a DNS label", _LABEL_FIX),
    DNS_SUBDOMAIN: ("a DNS subdomain", _SUBDOMAIN_FIX),
    rf"^(\*|{DNS_LABEL[1:-1]})$": ('a DNS label or "*"', _LABEL_FIX),
    rf"^(\*|{DNS_SUBDOMAIN[1:-1]})$": ('a DNS subdomain or "*"', _SUBDOMAIN_FIX),
    GENERATED_FROM: ("the start of a DNS subdomain", _SUBDOMAIN_FIX),
    LABEL_VALUE: (
        "a label value",
        "use letters, digits, '-', '_' and '.', with a letter or digit at both ends",
    ),
    LABEL_KEY: (
        "a label key",
        "write a name such as team, or one with a DNS prefix such as example.com/team",
    ),
    r"^(\*|\.?[-_a-zA-Z0-9][-._a-zA-Z0-9]*)$": ('a key of a Secret or "*"', _KEY_FIX),
    r"^\.?[-_a-zA-Z0-9][-._a-zA-Z0-9]*$": ("a key of a Secret", _KEY_FIX),
    r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[-+]([01][0-9]|2[0-3]):[0-5][0-9])$": (
        "a time with its zone (RFC 3339)",
        "write it as 2030-12-31T23:59:59Z",
    ),
    r"^[0-9a-f]{64}$": ("a SHA-256 in hexadecimal", "write 64 lower-case hexadecimal digits"),
    r"^[A-Za-z][A-Za-z0-9]*$": ("a CamelCase word", _CAMEL_FIX),
}


def words_of(pattern: str) -> tuple[str, str]:
    """Return (what it should be, how to get there); raise ValueError for a pattern without words."""
    if pattern not in PATTERNS:
        raise ValueError(f"no words for the pattern: {pattern}")
    return PATTERNS[pattern]
