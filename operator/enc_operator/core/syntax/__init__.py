"""Text to plain values, safely, with positions: YAML and JSON as Kubernetes and the Agent read them.

Nothing here knows what the values mean. Limits hold for every reader: depth, expanded size, and no recursion, so that
hostile text is a `SyntaxFault` and never a crash.
"""

from enc_operator.core.syntax.documents import split_documents
from enc_operator.core.syntax.faults import Mark, SyntaxFault
from enc_operator.core.syntax.json_text import parse_json
from enc_operator.core.syntax.sources import Position, Source
from enc_operator.core.syntax.yaml_text import Duplicate, Parsed, marks_of, parse_yaml

__all__ = [
    "Duplicate",
    "Mark",
    "Parsed",
    "Position",
    "Source",
    "SyntaxFault",
    "marks_of",
    "parse_json",
    "parse_yaml",
    "split_documents",
]
