"""The facts: their defaults cost nothing, they cannot be changed, and selectors match as Kubernetes' do."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enc_operator.core import inventory
from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.inventory import (
    NOTHING,
    Component,
    Flavour,
    Inventory,
    PodFact,
    Question,
    Resolver,
    RoleFact,
    SecretVolume,
    Selector,
    TargetFact,
    WorkloadFact,
)
from enc_operator.core.syntax import Source

WHERE = Where(Source("f"), ObjectRef("Pod", "shop", "web"))


@pytest.mark.parametrize(
    ("selector", "labels", "matches"),
    [
        pytest.param(Selector(), {}, True, id="an empty one matches everything"),
        pytest.param(Selector({"a": "b"}), {"a": "b", "c": "d"}, True, id="a label"),
        pytest.param(Selector({"a": "b"}), {"a": "c"}, False, id="another value"),
        pytest.param(Selector({"a": ""}), {}, False, id="an empty value is not an absent one"),
        pytest.param(Selector({"a": "b", "c": "d"}), {"a": "b"}, False, id="all labels must be there"),
        pytest.param(Selector({}, (("a", "In", ("b", "c")),)), {"a": "c"}, True, id="In"),
        pytest.param(Selector({}, (("a", "In", ("b",)),)), {}, False, id="In without the label"),
        pytest.param(Selector({}, (("a", "NotIn", ("b",)),)), {"a": "b"}, False, id="NotIn"),
        pytest.param(Selector({}, (("a", "NotIn", ("b",)),)), {}, True, id="NotIn without the label"),
        pytest.param(Selector({}, (("a", "Exists", ()),)), {"a": ""}, True, id="Exists"),
        pytest.param(Selector({}, (("a", "Exists", ()),)), {}, False, id="Exists without the label"),
        pytest.param(Selector({}, (("a", "DoesNotExist", ()),)), {}, True, id="DoesNotExist"),
        pytest.param(
            Selector({}, (("a", "DoesNotExist", ()),)), {"a": ""}, False, id="DoesNotExist with the label"
        ),
        pytest.param(
            Selector({}, (("a", "Like", ("b",)),)),
            {"a": "b"},
            False,
            id="an unknown operator matches nothing",
        ),
        pytest.param(
            Selector({"a": "b"}, (("a", "NotIn", ("b",)),)), {"a": "b"}, False, id="labels and expressions"
        ),
    ],
)
def test_selectors(selector: Selector, labels: dict[str, str], matches: bool) -> None:  # noqa: FBT001
    """A selector matches labels as apimachinery's does."""
    assert selector.matches(labels) is matches


LABELS = st.dictionaries(st.sampled_from("ab"), st.sampled_from(["", "x", "y"]))


@given(LABELS, st.sampled_from("ab"), st.lists(st.sampled_from(["", "x", "y"]), min_size=1).map(tuple))
def test_operators_are_opposites(labels: dict[str, str], key: str, values: tuple[str, ...]) -> None:
    """Of an operator and its opposite exactly one holds."""
    for operator, opposite in (("In", "NotIn"), ("Exists", "DoesNotExist")):
        found = [Selector({}, ((key, name, values),)).matches(labels) for name in (operator, opposite)]
        assert sorted(found) == [False, True]


def test_facts_share_what_they_have_not() -> None:
    """Without annotations, labels or rules a fact takes no memory for them."""
    pod = PodFact(WHERE, "shop", "default", ())
    role = RoleFact(WHERE, "shop", "r", ())
    assert pod.annotations is pod.labels is role.labels is Selector().labels is NOTHING


def test_nothing_stays_nothing() -> None:
    """What facts share cannot be changed."""
    changing: Any = NOTHING
    with pytest.raises(TypeError):
        changing["a"] = "b"


def test_facts_know_their_object() -> None:
    """A pod and a workload know the object that they stand in."""
    workload = WorkloadFact(WHERE, Component.NODE, Flavour.DATADOG, {}, "label")
    assert PodFact(WHERE, "shop", "default", ()).object == workload.object == ObjectRef("Pod", "shop", "web")


def test_volumes_are_mounted_by_name() -> None:
    """A secret volume has a place in the Agent's containers."""
    assert SecretVolume("db", "s", ("k",)).mount_path == "/etc/enc/secrets/db"


def test_questions_have_an_order() -> None:
    """Questions are asked in one order."""
    questions = [Question("b", "a", "c", "d"), Question("a", "b", "c", "d")]
    assert min(questions).namespace == "a"


FACTS = [
    getattr(inventory, name)
    for name in inventory.__all__
    if dataclasses.is_dataclass(getattr(inventory, name)) and name != "Inventory"
]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_facts_are_frozen(fact: Any) -> None:
    """A fact is a value: frozen, and without a dictionary of its own."""
    assert fact.__dataclass_params__.frozen
    assert "__dict__" not in dir(fact)


def test_inventories_are_apart() -> None:
    """Two inventories share no list."""
    first, second = (Inventory(datetime(2026, 1, 1, tzinfo=UTC), Resolver("d", {}, ())) for _ in range(2))
    first.pods.append(PodFact(WHERE, "shop", "default", ()))
    assert second.pods == []
    assert TargetFact(None, "a", "b").workloads == ()
