"""Golden files: for each folder of manifests, what `encctl plan` prints, and the objects that it plans."""

import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from assessing import EXAMPLES, NOW, resolver
from enc_operator.cli.inputs import read_paths
from enc_operator.cli.loading import Options, assess_inventory, load
from enc_operator.cli.printing import in_file_order, print_findings, print_tables
from enc_operator.core.assessment import Assessment
from enc_operator.core.inventory import Resolver
from enc_operator.core.rendering import render_objects, summary, tables
from kubernetes_schemas import faults

FOLDER = Path(__file__).parent
CASES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir() and not path.name.startswith("_"))


def paths(case: str) -> Path:
    """Return the folder of a case's manifests; the shop's are the examples themselves."""
    return EXAMPLES if case == "shop" else FOLDER / case


def assess_case(case: str, *, backwards: bool = False, payload: Resolver | None = None) -> Assessment:
    """Assess a case's manifests, with paths that are the same on every machine."""
    folder = paths(case)
    read = read_paths([str(folder)])
    texts = [
        text.__class__(str(Path(text.file).relative_to(folder)), text.text, text.named) for text in read.texts
    ]
    inventory = load(texts[::-1] if backwards else texts, Options(now=NOW)).inventory
    inventory.resolver = payload or inventory.resolver
    return assess_inventory(inventory)


def rendered(assessment: Assessment) -> Iterator[str]:
    """Yield what `encctl plan` prints."""
    out = io.StringIO()
    with redirect_stdout(out):
        print_findings(in_file_order(assessment.findings))
        print_tables(tables(assessment))
    yield out.getvalue()
    yield summary(assessment) + "\n"


def compare(name: str, found: str, *, update: bool) -> None:
    """Compare with the expected file, or write it anew."""
    file = FOLDER / name
    if update:
        file.write_text(found, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == found


@pytest.mark.parametrize("case", CASES)
def test_plan(case: str, *, update_golden: bool) -> None:
    """The plan is what the case's expected text says."""
    compare(f"{case}/expected.txt", "".join(rendered(assess_case(case))), update=update_golden)


@pytest.mark.parametrize("case", CASES)
def test_order_of_files(case: str) -> None:
    """The plan is the same whatever order the files came in."""
    assert list(rendered(assess_case(case, backwards=True))) == list(rendered(assess_case(case)))


def test_objects(*, update_golden: bool) -> None:
    """The objects of the example shop are what the expected file says, with a small resolver in the place of the real one."""
    planned = assess_case("shop", payload=resolver()).objects()

    compare("shop/objects.yaml", render_objects(planned), update=update_golden)


@pytest.mark.parametrize("case", CASES)
def test_objects_are_valid(case: str) -> None:
    """Kubernetes's own schemas accept what is planned; what an input leaves out is its own affair."""
    ours = [
        item for item in assess_case(case).objects() if item["kind"] in ("Role", "RoleBinding", "ConfigMap")
    ]

    assert faults(ours) == []


def test_objects_of_the_shop_are_valid() -> None:
    """Kubernetes's own schemas accept every object that the example shop's plan holds."""
    assert faults(assess_case("shop").objects()) == []
