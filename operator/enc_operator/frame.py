"""The inventory without facts that every door begins with: settings of the Agent, the resolver, trusted labels."""

from datetime import datetime
from importlib import resources

from enc_operator.core.inventory import Inventory, Resolver
from enc_operator.resolver_bundle import init_command, payload, payload_digest


def make_frame(now: datetime, trusted_labels: frozenset[str]) -> Inventory:
    """Return an inventory without facts."""
    settings = (
        (resources.files("enc_operator.data") / "agent_settings.txt").read_text(encoding="utf-8").split()
    )
    files = {name: text for name, text in payload().items() if name != "install"}
    resolver = Resolver(payload_digest(), files, tuple(init_command()))
    return Inventory(now, resolver, settings=frozenset(settings), trusted_labels=trusted_labels)
