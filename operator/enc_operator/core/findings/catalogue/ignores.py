"""Codes about what people wrote to have findings ignored. They cannot be ignored themselves."""

from collections.abc import Mapping

from enc_operator.core.findings.entries import Entry, Severity

IGNORES: Mapping[str, Entry] = {
    "ignore-invalid": Entry(
        Severity.ERROR,
        "a comment or an entry that is to ignore findings, and does not",
        "Nothing is ignored without a reason, nor by a code that does not exist or that says that input could not be read.",
        "Write `# encctl: ignore[code] because reason`; in an ignore file give each entry a code and a reason.",
        ignorable=False,
    ),
    "ignore-unused": Entry(
        Severity.WARNING,
        "a comment or an entry that ignores nothing",
        "What it was written for is gone, or its time is over. Left in place it would hide the next finding of its kind.",
        "Remove it.",
        ignorable=False,
    ),
}
