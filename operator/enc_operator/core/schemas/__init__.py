"""Is a document what its schema says? Custom resources against their CRDs, settings against their schema.

What belongs here: shapes, and the CEL rules in Python. What does not: what a valid resource means, and where its text
comes from.
"""

from enc_operator.core.schemas.definitions import read_crds
from enc_operator.core.schemas.faults import SchemaFault
from enc_operator.core.schemas.resources import check_document, check_resource

__all__ = ["SchemaFault", "check_document", "check_resource", "read_crds"]
