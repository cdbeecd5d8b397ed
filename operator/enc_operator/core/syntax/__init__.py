"""Text to plain values, safely, with positions: YAML and JSON as Kubernetes and the Agent read them.

Nothing here knows what the values mean. Limits hold for every reader: depth, expanded size, and no recursion, so that
hostile text is a `SyntaxFault` and never a crash.
"""

from enc_operator.core.syntax.documents import split_documents
from enc_operator.core.syntax.excerpts import Excerpt, excerpt
from enc_operator.core.syntax.faults import SyntaxFault
from enc_operator.core.syntax.json_text import parse_json
from enc_operator.core.syntax.nodes import Duplicate, Mark, Span
from enc_operator.core.syntax.reading import parse_text
from enc_operator.core.syntax.sources import Extent, Position, Source
from enc_operator.core.syntax.yaml_text import Parsed, parse_yaml

__all__ = [
    "Duplicate",
    "Excerpt",
    "Extent",
    "Mark",
    "Parsed",
    "Position",
    "Source",
    "Span",
    "SyntaxFault",
    "excerpt",
    "parse_json",
    "parse_text",
    "parse_yaml",
    "split_documents",
]
