"""A planned injection as a patch that only adds."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from assessing import NODE_AGENT, document
from enc_operator.core.injection.additions import Additions, plan_additions, pointer
from injecting import TARGET, edited, environment, inject

POD = "/spec/template/spec"


def planned(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a workload as the plan has it."""
    injection = inject(manifest)
    assert injection.manifest is not None
    return deepcopy(dict(injection.manifest))


def found(manifest: dict[str, Any]) -> Additions:
    """Plan what to add to a workload."""
    return plan_additions(manifest, planned(manifest))


def test_what_is_absent_is_added_whole() -> None:
    """A list that does not stand there yet is added with all that is planned."""
    operations = found(dict(document(NODE_AGENT))).operations

    assert [(each["op"], each["path"]) for each in operations] == [
        ("add", f"{POD}/initContainers"),
        ("add", f"{POD}/volumes"),
        ("add", f"{POD}/containers/0/env"),
        ("add", f"{POD}/containers/0/volumeMounts"),
    ]


def test_what_stands_there_is_added_to() -> None:
    """To a list that stands there each item is added at the end, and what was there keeps its place."""
    manifest = edited(
        NODE_AGENT,
        env=[{"name": "A", "value": "b"}],
        volumeMounts=[{"name": "v", "mountPath": "/1"}, {"name": "v", "mountPath": "/2"}],
    )
    paths = [each["path"] for each in found(manifest).operations]

    assert paths == [
        f"{POD}/initContainers",
        f"{POD}/volumes",
        *[f"{POD}/containers/0/env/-"] * 3,
        f"{POD}/containers/0/volumeMounts/-",
    ]


def test_once() -> None:
    """To what is as planned nothing is added, also where the API server or another webhook added something to it."""
    manifest = planned(dict(document(NODE_AGENT)))
    assert found(manifest) == Additions()

    init = manifest["spec"]["template"]["spec"]["initContainers"][0]
    init["env"].append({"name": "PROXY", "value": "p"})
    init["volumeMounts"].append({"name": "token", "mountPath": "/token"})
    assert found(manifest) == Additions()


def test_a_part_that_is_gone_comes_back() -> None:
    """What somebody took away of it is added again, and nothing else."""
    manifest = planned(dict(document(NODE_AGENT)))
    removed = manifest["spec"]["template"]["spec"]["containers"][0]["env"].pop()

    assert found(manifest).operations == (
        {"op": "add", "path": f"{POD}/containers/0/env/-", "value": removed},
    )


@pytest.mark.parametrize(
    ("env", "kept"),
    [
        ({"DD_SECRET_BACKEND_COMMAND": "/readsecret_multiple_providers.sh"}, "DD_SECRET_BACKEND_COMMAND"),
        ({"DD_SECRET_BACKEND_TIMEOUT": "3"}, "DD_SECRET_BACKEND_TIMEOUT"),
    ],
    ids=["the built-in script", "another timeout"],
)
def test_nothing_is_replaced(env: dict[str, str], kept: str) -> None:
    """What stands there as something else is left alone, and then nothing at all is added."""
    manifest = edited(NODE_AGENT, env=[{"name": name, "value": value} for name, value in env.items()])

    assert found(manifest) == Additions((), (f"env {kept}",))


def test_nothing_is_removed() -> None:
    """What an earlier injection set and the plan takes away stays, and so does the record of it: then nothing is added."""
    once = inject(document(NODE_AGENT), replace(TARGET, refresh_interval=60)).manifest
    assert once is not None

    assert "DD_SECRET_REFRESH_INTERVAL" not in environment(
        planned(dict(once))["spec"]["template"]["spec"]["containers"][0]
    )
    assert found(dict(once)) == Additions((), ("initContainers enc-resolver",))


def test_what_is_no_object_stays() -> None:
    """Whatever stands in a list is compared as it is."""
    manifest = edited(NODE_AGENT, env=["text", 1])

    assert found(manifest).kept == ()
    assert f"{POD}/containers/0/env/-" in [each["path"] for each in found(manifest).operations]


def test_an_init_container_of_another_injection_is_kept() -> None:
    """One that installs something else, or from another image, is not taken for ours."""
    manifest = planned(dict(document(NODE_AGENT)))
    manifest["spec"]["template"]["spec"]["initContainers"][0]["image"] = "agent:6"

    assert found(manifest).kept == ("initContainers enc-resolver",)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((), ""),
        (("a", 0, "-"), "/a/0/-"),
        (("a/b", "m~n", "~1", ""), "/a~1b/m~0n/~01/"),
    ],
    ids=["the whole", "places in lists", "escapes"],
)
def test_pointers(steps: tuple[str | int, ...], expected: str) -> None:
    """Steps are escaped as RFC 6901 says."""
    assert pointer(*steps) == expected
