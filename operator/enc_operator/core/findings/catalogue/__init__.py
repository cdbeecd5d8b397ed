"""The table of all codes, by what they are about. From it and the examples the pages in docs/findings are made."""

from collections.abc import Mapping

from enc_operator.core.findings.catalogue.access import ACCESS
from enc_operator.core.findings.catalogue.agents import AGENTS
from enc_operator.core.findings.catalogue.documents import DOCUMENTS
from enc_operator.core.findings.catalogue.handles import HANDLES
from enc_operator.core.findings.catalogue.ignores import IGNORES
from enc_operator.core.findings.catalogue.templates import TEMPLATES
from enc_operator.core.findings.entries import Entry

SECTIONS: Mapping[str, Mapping[str, Entry]] = {
    "Handles": HANDLES,
    "Templates": TEMPLATES,
    "Access": ACCESS,
    "Agents": AGENTS,
    "Documents": DOCUMENTS,
    "Ignores": IGNORES,
}
"""The codes by the headings of the index."""

CATALOGUE: Mapping[str, Entry] = {
    code: entry for section in SECTIONS.values() for code, entry in sorted(section.items())
}
"""The codes by name."""
