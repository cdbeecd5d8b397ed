"""From YAML to audits, as the tests write them."""

from assessing import inventory_of
from enc_operator.cli.loading import assess_inventory
from enc_operator.core.audit.auditing import audit
from enc_operator.core.audit.model import Audit


def audited(*texts: str, strict: bool = False) -> Audit:
    """Audit YAML texts."""
    inventory = inventory_of(*texts)
    return audit(inventory, assess_inventory(inventory), strict=strict)
