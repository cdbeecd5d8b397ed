"""Offline validation of our custom resources says what a real API server says of them."""

import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from e2e.cluster.interface import Cluster
from e2e.scenarios.custom_resources import FOLDER, Crd, Verdict, create, installed, judge, judge_status
from e2e.scenarios.mutated_resources import Path as Steps
from e2e.scenarios.mutated_resources import Spoiler
from enc_operator.core.schemas import SchemaFault, check_resource, read_crds
from enc_operator.core.syntax import parse_yaml

TESTS = Path(__file__).parents[2] / "tests"
INVALID = sorted((TESTS / "invalid").glob("*/*.yaml"))
VALID = sorted((TESTS / "valid").glob("*/*.yaml"))
SPOILT = 80
# Of an unknown field beside nothing else that is wrong: kubectl asks to be told, other clients may not.
ONLY_STRICT_REFUSES = {
    "agenttarget misspelt enforcement",
    "agenttarget misspelt resolver field",
    "secretgrant misspelt expires",
    "secretgrant unknown field beside spec",
    "secretgrant unknown field in metadata",
}
# The namespace is the test's, the API server overwrites the other; a status is judged in its own request.
KEPT: frozenset[Steps] = frozenset(
    {("metadata", "namespace"), ("metadata", "creationTimestamp"), ("status",)}
)


def sentence(path: Path) -> str:
    """Name a case by its file."""
    return f"{path.parent.name} {path.stem.replace('-', ' ')}"


@pytest.fixture(scope="module")
def crds(api_server: Cluster) -> Iterator[dict[str, Crd]]:
    """Install the CRDs; they are given by kind."""
    found = read_crds(path.read_text() for path in sorted(FOLDER.glob("*.yaml")))
    with installed(api_server, found):
        yield found


@pytest.fixture(scope="module")
def namespace(api_server: Cluster) -> Iterator[str]:
    """Make one namespace for all tests, since nearly nothing is stored in it."""
    name = f"enc-e2e-crds-{secrets.token_hex(3)}"
    with api_server.api() as api:
        core = client.CoreV1Api(api)
        core.create_namespace({"metadata": {"name": name}})
        yield name
        core.delete_namespace(name)


@pytest.fixture(scope="module")
def api(api_server: Cluster) -> Iterator[client.ApiClient]:
    """Make one client for all tests, with the administrator's rights."""
    with api_server.api() as opened:
        yield opened


def crd_of(path: Path, crds: dict[str, Crd]) -> Crd:
    """Return the CRD that a file is about, whatever kind is written in it."""
    return next(crd for kind, crd in crds.items() if kind.lower() == path.parent.name)


def text_in(path: Path, namespace: str) -> str:
    """Return a file's text with the namespace of the test as its own, where it has one."""
    text = path.read_text()
    own = parse_yaml(text).value["metadata"].get("namespace")
    moved = re.sub(
        rf"^(metadata:.*?\bnamespace: ){own}\b",
        rf"\g<1>{namespace}",
        text,
        count=1,
        flags=re.MULTILINE | re.DOTALL,
    )
    return moved if own else text


def resource_in(path: Path, namespace: str) -> dict[str, Any]:
    """Return a file's resource in the namespace of the test."""
    found: dict[str, Any] = parse_yaml(text_in(path, namespace)).value
    return found


@pytest.mark.parametrize("path", VALID, ids=sentence)
def test_what_is_valid_offline_is_accepted(
    path: Path, api: client.ApiClient, namespace: str, crds: dict[str, Crd]
) -> None:
    """Every file of tests/valid is created by the API server, which is told to be strict."""
    text = text_in(path, namespace)

    assert check_resource(parse_yaml(text).value, crds) == ()
    assert judge(api, crd_of(path, crds), namespace, text) == Verdict(
        accepted=True, fields=frozenset(), words=""
    )


@pytest.mark.parametrize("path", INVALID, ids=sentence)
def test_what_is_invalid_offline_is_refused_for_the_same_fields(
    path: Path, api: client.ApiClient, namespace: str, crds: dict[str, Crd]
) -> None:
    """The API server refuses every file of tests/invalid, and complains about just the fields that are found offline."""
    text = text_in(path, namespace)
    resource = parse_yaml(text).value

    faults = check_resource(resource, crds)
    verdict = judge(api, crd_of(path, crds), namespace, text, version=resource["apiVersion"])

    assert faults
    assert not verdict.accepted
    if "unknown apiVersion" in faults[0].message:
        assert verdict.words.startswith("404 ")  # nothing is served there that could name a field
    else:
        assert verdict.fields == {field_of(fault) for fault in faults}, verdict.words


def field_of(fault: SchemaFault) -> str:
    """Name a fault's field as the API server does, which names a missing field itself and not the object without it."""
    path = fault.path
    if missing := re.fullmatch(r'"(\w+)" is missing', fault.message):
        path = (*path, missing[1])
    elif fault.message == "the resource has no name":
        path = (*path, "name")
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


@pytest.mark.parametrize("path", INVALID, ids=sentence)
def test_a_lenient_api_server_drops_what_is_an_unknown_field_offline(
    path: Path, api: client.ApiClient, namespace: str, crds: dict[str, Crd]
) -> None:
    """Offline validation is as strict as kubectl; without its strictness a file is judged as if the unknown fields were not there."""
    resource = resource_in(path, namespace)
    text = text_in(path, namespace)
    version = resource["apiVersion"]

    verdict = judge(api, crd_of(path, crds), namespace, text, validation="Ignore", version=version)
    drop_unknown(resource, check_resource(resource, crds))

    assert verdict.accepted == (not check_resource(resource, crds)), verdict.words
    assert verdict.accepted == (sentence(path) in ONLY_STRICT_REFUSES)


def drop_unknown(resource: Any, faults: tuple[SchemaFault, ...]) -> None:
    """Remove the fields that are unknown."""
    for fault in faults:
        if fault.message.startswith("unknown field"):
            parent = resource
            for step in fault.path[:-1]:
                parent = parent[step]
            del parent[fault.path[-1]]


@pytest.mark.parametrize("path", VALID, ids=sentence)
def test_a_spoilt_resource_is_judged_alike(
    path: Path, api: client.ApiClient, namespace: str, crds: dict[str, Crd]
) -> None:
    """Whatever becomes of a good resource by a mistake or two, both accept it or both refuse it."""
    crd, spoiler, good = crd_of(path, crds), Spoiler(SPOILT, KEPT), resource_in(path, namespace)
    accepted = 0
    for _ in range(SPOILT):
        what, resource = spoiler.spoil(good)
        faults, verdict = check_resource(resource, crds), judge(api, crd, namespace, resource)
        assert verdict.accepted == (not faults), f"{what}\noffline: {faults}\nthe API server: {verdict.words}"
        accepted += verdict.accepted

    assert 2 <= accepted <= SPOILT / 2


def test_a_spoilt_status_is_judged_alike(api: client.ApiClient, namespace: str, crds: dict[str, Crd]) -> None:
    """So is a status, which the API server looks at only when it is written by itself."""
    good = resource_in(TESTS / "valid/agenttarget/with-status.yaml", namespace)
    good["metadata"]["name"] = "stored"  # the other tests' names stay free
    stored = create(api, crds["AgentTarget"], namespace, good)
    stored["status"] = good["status"]
    spoiler = Spoiler(SPOILT, frozenset())
    accepted = 0
    for _ in range(2 * SPOILT):
        what, resource = spoiler.spoil(stored, ("status",))
        faults = check_resource(resource, crds)
        verdict = judge_status(api, crds["AgentTarget"], namespace, resource)
        same = verdict.accepted == (not faults) or (verdict.accepted and all(map(is_about_a_time, faults)))
        assert same, f"{what}\noffline: {faults}\nthe API server: {verdict.words}"
        accepted += verdict.accepted

    assert 2 <= accepted <= SPOILT


def is_about_a_time(fault: SchemaFault) -> bool:
    """Tell whether it is about the one field that only the operator writes and the API server reads generously.

    With `format: date-time` it takes a list for a string (k8s.io/kube-openapi `pkg/validation/validate/type.go`), and
    spellings that are not RFC 3339.
    """
    return fault.path[-1] == "lastTransitionTime"


@pytest.mark.parametrize("path", VALID, ids=sentence)
def test_a_null_in_a_spec_is_refused_only_offline(
    path: Path, api: client.ApiClient, namespace: str, crds: dict[str, Crd]
) -> None:
    """The API server may drop a null; offline one in a spec is a fault, lest a blank `expires:` become a grant without end.

    In metadata both take it for nothing.
    """
    good = resource_in(path, namespace)
    for place, resource in Spoiler(0, KEPT).nulls(good):
        faults, verdict = check_resource(resource, crds), judge(api, crd_of(path, crds), namespace, resource)
        dropped = place[0] == "spec" and verdict.accepted
        assert verdict.accepted == (not faults) or dropped, (
            f"{place}\noffline: {faults}\nthe API server: {verdict.words}"
        )
        assert not dropped or [(fault.path, fault.message.endswith("not null")) for fault in faults] == [
            (place, True)
        ]
