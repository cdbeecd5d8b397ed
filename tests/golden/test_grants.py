"""Grants for the golden inputs: applied to the same input, they allow what they were written for, and nothing else."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from assessing import EXAMPLES, NOW
from enc_operator.cli.grant.merging import plan_grants
from enc_operator.cli.grant.planning import plan_asked
from enc_operator.cli.grant.rendering import render_file
from enc_operator.cli.inputs import Text, read_paths
from enc_operator.cli.loading import Options, assess_inventory, load
from enc_operator.core.access import Allowed
from enc_operator.core.assessment import Assessment
from enc_operator.core.inventory import Inventory
from enc_operator.core.judgement import Judged

FOLDER = Path(__file__).parent
CASES = {
    path.name: path for path in sorted(FOLDER.iterdir()) if path.is_dir() and not path.name.startswith("_")
}
CASES["shop"] = EXAMPLES


def assessed(texts: list[Text]) -> tuple[Inventory, Assessment]:
    """Assess texts."""
    inventory = load(texts, Options(now=NOW)).inventory
    return inventory, assess_inventory(inventory)


def decisions(judged: tuple[Judged, ...]) -> Mapping[tuple[str, ...], bool]:
    """Return whether each reference is allowed."""
    return {item.reference.sort_key(): isinstance(item.decision, Allowed) for item in judged}


@pytest.mark.parametrize("case", CASES)
def test_grants(case: str) -> None:
    """After the grants, the references that they were written for are allowed, the refused ones are as they were."""
    texts = read_paths([str(CASES[case])]).texts
    inventory, before = assessed(texts)
    asked, refused = plan_asked(before.judged)
    grants = list(plan_grants(asked, inventory.grants, None))
    written = [
        Text(
            f"{owner.namespace}.yaml",
            render_file(owner.namespace, [g for g in grants if g.namespace == owner.namespace]),
            named=True,
        )
        for owner in asked
    ]

    again, after = assessed([*texts, *written])
    still = {item.judged.reference.sort_key()[:4] for item in refused}
    assert [fault for fault in again.faults if fault not in inventory.faults] == []
    for key, allowed in decisions(after.judged).items():
        assert allowed is (key[:4] not in still), key
    assert plan_asked(after.judged)[0] == []


def test_some_are_denied() -> None:
    """The property is about something: several golden inputs have denied references that grants allow."""
    found = [plan_asked(assessed(read_paths([str(path)]).texts)[1].judged)[0] for path in CASES.values()]

    assert sum(map(bool, found)) >= 3
