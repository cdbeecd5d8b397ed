"""What Artifact Hub shows of the chart (artifacthub.io/docs/topics/annotations/helm), and the chart's README: both are true."""

from typing import Any

import pytest
import yaml

from assessing import ROOT
from enc_operator.core.schemas import check_resource, read_crds
from rendering_chart import CHART
from tools.chart_readme import render_readme, uncommented

CHART_YAML = yaml.safe_load((CHART / "Chart.yaml").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
TEXTS = [path.read_text() for path in sorted((CHART / "crds").glob("*.yaml"))]
CRDS = [yaml.safe_load(text) for text in TEXTS]


def annotation(name: str) -> Any:
    """Return an annotation's YAML."""
    return yaml.safe_load(CHART_YAML["annotations"][f"artifacthub.io/{name}"])


def test_the_licence_is_the_projects() -> None:
    """By its SPDX name."""
    assert annotation("license") == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()


def test_the_crds_are_those_of_the_chart() -> None:
    """All of them, with the version that is stored."""
    shown = {(each["kind"], each["name"], each["version"]) for each in annotation("crds")}

    assert shown == {
        (crd["spec"]["names"]["kind"], crd["metadata"]["name"], version["name"])
        for crd in CRDS
        for version in crd["spec"]["versions"]
        if version["storage"]
    }
    assert all(each["displayName"] and each["description"] for each in annotation("crds"))


@pytest.mark.parametrize("example", annotation("crdsExamples"), ids=lambda example: example["kind"])
def test_the_examples_are_valid(example: dict[str, Any]) -> None:
    """By the CRDs' own schemas and rules."""
    assert check_resource(example, read_crds(TEXTS)) == ()


def test_every_kind_has_an_example() -> None:
    """One each."""
    assert sorted(each["kind"] for each in annotation("crdsExamples")) == sorted(
        each["kind"] for each in annotation("crds")
    )


def test_the_image_is_that_of_the_values() -> None:
    """With the tag that the chart takes by default."""
    assert [each["image"] for each in annotation("images")] == [
        f"{VALUES['image']['repository']}:{CHART_YAML['appVersion']}"
    ]


def test_changes_are_of_known_kinds() -> None:
    """Artifact Hub shows no others."""
    kinds = {"added", "changed", "deprecated", "removed", "fixed", "security"}

    assert annotation("changes")
    assert {each["kind"] for each in annotation("changes")} <= kinds
    assert all(each["description"] for each in annotation("changes"))


def test_something_is_said_of_every_value() -> None:
    """The README's table is made of the comments in values.yaml."""
    assert uncommented() == []


def test_the_table_has_every_value() -> None:
    """The README is what `make docs` writes; here, that it speaks of all."""
    rows = {line.split("`")[1] for line in render_readme().splitlines() if line.startswith("| `")}

    assert {path for path in _leaves(VALUES) if ".resources." not in f".{path}"} <= rows


def _leaves(values: dict[str, Any], above: str = "") -> set[str]:
    found: set[str] = set()
    for key, value in values.items():
        path = f"{above}{key}"
        deeper = isinstance(value, dict) and value and not above.endswith("webhooks.") and key != "labels"
        found |= _leaves(value, f"{path}.") if deeper else {path}
    return found
