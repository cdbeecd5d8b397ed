"""Objects that stand twice: said once, at the place that counts, whatever order the files came in."""

from itertools import permutations

import pytest

from assessing import assess_texts, inventory_of
from enc_operator.cli.inputs import Text
from enc_operator.cli.loading import Options, load

ONE = "kind: ConfigMap\nmetadata: {name: a, namespace: b}\ndata: {x: '1'}\n"
OTHER = ONE.replace("'1'", "'2'")
THIRD = ONE.replace("'1'", "'3'")


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param((ONE, ONE), id="the same again"),
        pytest.param((ONE, OTHER.replace("namespace: b", "namespace: c")), id="another namespace"),
        pytest.param((ONE, OTHER.replace("ConfigMap", "Pod")), id="another kind"),
        pytest.param(("apiVersion: apps/v1\n" + ONE, OTHER), id="another group"),
        pytest.param(
            (ONE.replace("name: a", "generateName: a"), OTHER.replace("name: a", "generateName: a")),
            id="a name to come",
        ),
    ],
)
def test_no_duplicates(texts: tuple[str, ...]) -> None:
    """What is another object, or the same text again, is no finding."""
    assert inventory_of(*texts).faults == []


@pytest.mark.parametrize("order", list(permutations([("a.yaml", ONE), ("b.yaml", OTHER)])))
def test_duplicates(order: tuple[tuple[str, str], ...]) -> None:
    """The place further back is reported, with the other one named."""
    (fault,) = load([Text(file, text, named=False) for file, text in order], Options()).inventory.faults

    assert (fault.code, fault.where.source.file) == ("object-duplicate", "b.yaml")
    assert fault.what.startswith("ConfigMap b/a stands at a.yaml:1 too")


def test_three() -> None:
    """Each further content is one more finding."""
    found = assess_texts(f"{ONE}---\n{OTHER}---\n{OTHER}---\n{THIRD}").findings

    assert [(item.code, item.where.position().line) for item in found] == [
        ("object-duplicate", 4),
        ("object-duplicate", 12),
    ]
    assert "file0.yaml:8 too" in found[1].what
