"""Which of the two readers a text is for."""

from enc_operator.core.syntax.faults import SyntaxFault
from enc_operator.core.syntax.json_text import parse_json
from enc_operator.core.syntax.yaml_text import Parsed, parse_yaml


def parse_text(text: str) -> Parsed:
    """Read JSON as JSON, for tabs and escapes that YAML refuses, and everything else as YAML; raise `SyntaxFault`."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            return parse_json(text)
        except SyntaxFault as fault:
            try:
                return parse_yaml(text)  # a flow mapping is YAML that begins like JSON
            except SyntaxFault:
                raise fault from None
    return parse_yaml(text)
