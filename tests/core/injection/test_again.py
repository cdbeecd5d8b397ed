"""Injecting into what was injected before: what is no longer wanted goes, what the user wrote stays."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessing import NODE_AGENT, document
from enc_operator.core.agents.injected import read_record
from enc_operator.core.inventory import TargetFact
from injecting import TARGET, edited, environment, inject, pod_spec

LIMIT = "DD_SECRET_SCOPE_INTEGRATION_TO_THEIR_K8S_NAMESPACE"
ALLOWED = "DD_SECRET_ALLOWED_K8S_NAMESPACE"
REFRESH = "DD_SECRET_REFRESH_INTERVAL"
MINE = {"name": ALLOWED, "value": "mine"}


def again(manifest: Any, target: TargetFact, *namespaces: str) -> dict[str, Any]:
    """Inject for a target that differs, and return the variables of the first container."""
    once = inject(manifest, replace(TARGET, cross_namespace=True, refresh_interval=60), namespaces=("a",))
    assert once.manifest is not None
    return environment(pod_spec(inject(once.manifest, target, namespaces=namespaces))["containers"][0])


def test_another_target() -> None:
    """Limits of an earlier injection go when the AgentTarget no longer asks for them."""
    found = again(document(NODE_AGENT), TARGET)

    assert REFRESH not in found
    assert ALLOWED not in found
    assert found[LIMIT] == "true"


def test_other_namespaces() -> None:
    """A list that an earlier injection wrote follows the references."""
    found = again(document(NODE_AGENT), replace(TARGET, cross_namespace=True), "a", "b")

    assert found[ALLOWED] == "a b"


@pytest.mark.parametrize("cross_namespace", [False, True], ids=["its own only", "others too"])
def test_the_users_own_list_stays(cross_namespace: bool) -> None:  # noqa: FBT001
    """What stood there before the first injection is the user's, however often it is planned: another list could be wider."""
    target = replace(TARGET, cross_namespace=cross_namespace)

    assert again(edited(NODE_AGENT, env=[MINE]), target, "a", "b")[ALLOWED] == "mine"


def test_what_the_user_writes_later_stays() -> None:
    """An injected list that somebody replaced is his."""
    once = inject(document(NODE_AGENT), replace(TARGET, cross_namespace=True), namespaces=("a",))
    manifest = copy.deepcopy(dict(once.manifest or {}))
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [MINE if each["name"] == ALLOWED else each for each in container["env"]]

    assert environment(pod_spec(inject(manifest))["containers"][0])[ALLOWED] == "mine"


@pytest.mark.parametrize(
    "written",
    ["", "{", "[" * 100_000, "[]", '{"set": 1}', '{"set": {"DD_SECRET_ALLOWED_K8S_NAMESPACE": 1}}'],
    ids=["empty", "no JSON", "too deep", "a list", "no variables", "no text"],
)
def test_a_record_that_says_nothing(written: str) -> None:
    """Then everything that stands there is the user's."""
    init = {"name": "enc-resolver", "env": [{"name": "A"}, {"name": "ENC_INJECTED", "value": written}]}
    manifest = edited(NODE_AGENT, env=[MINE])
    manifest["spec"]["template"]["spec"]["initContainers"] = [{"name": "other"}, init]

    assert environment(pod_spec(inject(manifest))["containers"][0])[ALLOWED] == "mine"


def test_what_the_user_set_to_the_same_is_not_recorded() -> None:
    """It is not taken away when the AgentTarget no longer asks for it."""
    once = inject(edited(NODE_AGENT, env=[{"name": LIMIT, "value": "true"}])).manifest
    assert once is not None
    record = read_record(once["spec"]["template"]["spec"])
    assert not record.set_here("agent", {"name": LIMIT, "value": "true"})
    assert record.set_here("trace-agent", {"name": LIMIT, "value": "true"})

    twice = inject(once, replace(TARGET, cross_namespace=True))
    assert environment(pod_spec(twice)["containers"][0])[LIMIT] == "true"


def test_emptied_arguments_are_stored_without_a_value() -> None:
    """The API server stores no empty text, so what comes back without it is as it was written."""
    env = [{"name": "DD_SECRET_BACKEND_ARGUMENTS", "value": "old"}]
    once = inject(edited(NODE_AGENT, env=env)).manifest
    assert once is not None
    arguments = pod_spec(inject(once))["containers"][0]["env"][0]
    assert arguments.pop("value") == ""

    assert inject(once).changes == ()


ENV = st.lists(
    st.builds(
        lambda name, value: {"name": name, "value": value},
        st.sampled_from([LIMIT, ALLOWED, REFRESH, "OTHER"]),
        st.sampled_from(["true", "mine", "a", "60", ""]),
    ),
    max_size=4,
    unique_by=lambda item: str(item["name"]),
)
TARGETS = st.builds(
    lambda cross_namespace, refresh_interval: replace(
        TARGET, cross_namespace=cross_namespace, refresh_interval=refresh_interval
    ),
    st.booleans(),
    st.sampled_from([None, 60, 300]),
)


@given(
    ENV, ENV, st.lists(st.tuples(TARGETS, st.sampled_from([(), ("a",), ("a", "b")])), min_size=1, max_size=4)
)
def test_any_targets_in_turn(
    first: list[Any], second: list[Any], history: list[tuple[TargetFact, tuple[str, ...]]]
) -> None:
    """Planned again nothing changes; a user's variable survives unless a target asks for another value, and his list always."""
    manifest: Any = edited(NODE_AGENT, env=first)
    containers = manifest["spec"]["template"]["spec"]["containers"]
    containers.append({**containers[0], "name": "trace-agent", "env": second})
    for target, namespaces in history:
        manifest = inject(manifest, target, namespaces=namespaces).manifest
        assert inject(manifest, target, namespaces=namespaces).changes == ()

    asked = {LIMIT} if any(not each.cross_namespace for each, _ in history) else set()
    asked |= {REFRESH} if any(each.refresh_interval for each, _ in history) else set()
    for before, container in zip(
        (first, second), manifest["spec"]["template"]["spec"]["containers"], strict=True
    ):
        found = environment(container)
        kept = {each["name"]: each["value"] for each in before if each["name"] not in asked}
        assert {name: found.get(name) for name in kept} == kept
