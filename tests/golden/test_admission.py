"""What the webhook says of the example shop, as the API server passes it on; the same text is expected from a real one in e2e."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from assessing import EXAMPLES, NOW
from enc_operator.cli.inputs import read_paths
from enc_operator.cli.loading import Options, load
from enc_operator.core.admission.model import Mode
from enc_operator.core.admission.world import AdmissionSettings, World
from enc_operator.core.inventory import Question
from reading_objects import crds
from reviewing import document, finished, may, message

FILE = Path(__file__).parent / "shop/refused.txt"
BAD = "reports.yaml"
GOOD = ("cart.yaml", "orders.yaml", "payments.yaml", "grants.yaml")
_ACCOUNTS = frozenset({("datadog", "datadog-agent"), ("datadog", "datadog-cluster-agent")})
_FRAUD = Question("payments", "fraud", "database", "scores")
_MAY_MAKE_PODS = may("create", "pods", "payments")


@pytest.fixture(scope="module")
def shop() -> World:
    """Prepare the examples' Agents and grants, with an AgentTarget that enforces."""
    inventory = load(read_paths([str(EXAMPLES)]).texts, Options(now=NOW)).inventory
    targets = [replace(each, enforcement="enforce") for each in inventory.targets]
    settings = AdmissionSettings(crds(), _ACCOUNTS, frozenset(), Mode.AUDIT)
    return World.of(replace(inventory, targets=targets), settings)


def test_what_is_bad_is_refused_with_all_that_is_wrong(shop: World, *, update_golden: bool) -> None:
    """The message is what the expected file says: each handle, why, and what would allow it."""
    (manifest,) = yaml.safe_load_all((EXAMPLES / "shop" / BAD).read_text())
    found = message(finished(document(manifest), shop)) + "\n"
    if update_golden:
        FILE.write_text(found, encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == found


@pytest.mark.parametrize("name", GOOD)
def test_what_is_good_is_let_in(name: str, shop: World) -> None:
    """Nothing stands against the other teams' objects."""
    for manifest in yaml.safe_load_all((EXAMPLES / "shop" / name).read_text()):
        if manifest["kind"] not in ("SecretGrant", "ClusterSecretGrant"):  # their author is asked about
            answer = finished(document(manifest), shop, _FRAUD, _MAY_MAKE_PODS)
            assert answer.allowed
            assert answer.reasons == ()
