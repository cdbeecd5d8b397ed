"""Writes against a real API server: what is no more as it was read is neither created nor changed nor deleted."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from e2e.cluster.interface import Cluster
from e2e.scenarios.custom_resources import FOLDER, installed
from e2e.scenarios.operator_access import direct
from enc_operator.cluster.calls import ApiError, Call
from enc_operator.cluster.gateway import Gateway
from enc_operator.cluster.writes import RESOURCES, Writer


@pytest.fixture
def gateway(api_server: Cluster) -> Iterator[Gateway]:
    """Reach the API server."""
    with direct(api_server) as reached:
        yield reached


@pytest.fixture
def writer(gateway: Gateway) -> Writer:
    """Write as the operator does."""
    return Writer(gateway)


def role(namespace: str, *secrets: str, kind: str = "Role") -> dict[str, Any]:
    """Make a Role for Secrets, or another object of its name."""
    manifest: dict[str, Any] = {"kind": kind, "metadata": {"namespace": namespace, "name": "enc-x"}}
    if kind == "ConfigMap":
        return {"apiVersion": "v1", **manifest, "data": {"names": " ".join(secrets)}}
    manifest["apiVersion"] = "rbac.authorization.k8s.io/v1"
    if kind == "RoleBinding":
        subject = {"kind": "ServiceAccount", "namespace": namespace, "name": secrets[0]}
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "enc-x"}
        return {**manifest, "subjects": [subject], "roleRef": reference}
    rule = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": list(secrets), "verbs": ["get"]}
    return {**manifest, "rules": [rule]}


def stored(gateway: Gateway, namespace: str, kind: str = "Role") -> Any:
    """Return the object as it is stored, or None."""
    found = gateway.call(
        Call("GET", RESOURCES[kind].path(namespace), {"fieldSelector": "metadata.name=enc-x"})
    )
    whole = {"apiVersion": found["apiVersion"], "kind": kind}
    return next(({**whole, **each} for each in found["items"]), None)


def identity(manifest: Any) -> tuple[str, str]:
    """Return uid and resourceVersion."""
    return manifest["metadata"]["uid"], manifest["metadata"]["resourceVersion"]


KINDS = ["Role", "RoleBinding", "ConfigMap"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_is_created_replaced_and_deleted(
    gateway: Gateway, writer: Writer, namespace: str, kind: str
) -> None:
    """Each write returns what is stored, under the operator's name; a second creation is refused, a second deletion needless."""
    first = writer.create(role(namespace, "a", kind=kind))
    with pytest.raises(ApiError, match="already exists"):
        writer.create(role(namespace, "b", kind=kind))
    second = writer.replace(role(namespace, "b", kind=kind), *identity(first))

    assert stored(gateway, namespace, kind) == second
    assert {each["manager"] for each in second["metadata"]["managedFields"]} == {"enc-operator"}
    assert writer.delete(kind, namespace, "enc-x", *identity(second)) is True
    assert writer.delete(kind, namespace, "enc-x", *identity(second)) is False
    assert stored(gateway, namespace, kind) is None


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_deleted_meanwhile_is_not_created_by_a_replacement(
    gateway: Gateway, writer: Writer, namespace: str, kind: str
) -> None:
    """A PUT that comes late grants nothing again."""
    read = writer.create(role(namespace, "a", kind=kind))
    writer.delete(kind, namespace, "enc-x", *identity(read))

    with pytest.raises(ApiError) as refused:
        writer.replace(role(namespace, "a", kind=kind), *identity(read))

    assert refused.value.status in {404, 409}
    assert stored(gateway, namespace, kind) is None


def test_a_resource_version_alone_would_create_what_is_gone(
    gateway: Gateway, writer: Writer, namespace: str
) -> None:
    """Why the uid is needed: what the API server does to a PUT of a Role without it, and without both."""
    read = writer.create(role(namespace, "a"))
    outcomes = {}
    for name, kept in {"both": read["metadata"], "version": {}, "neither": {}}.items():
        found = stored(gateway, namespace)
        if found:
            writer.delete("Role", namespace, "enc-x", *identity(found))
        metadata = {**role(namespace, "a")["metadata"]}
        metadata |= {"uid": kept["uid"]} if kept else {}
        metadata |= {"resourceVersion": read["metadata"]["resourceVersion"]} if name != "neither" else {}
        call = Call(
            "PUT",
            RESOURCES["Role"].path(namespace, "enc-x"),
            body={**role(namespace, "a"), "metadata": metadata},
        )
        try:
            gateway.call(call)
        except ApiError as error:
            outcomes[name] = error.status
        else:
            outcomes[name] = 200

    assert outcomes == {"both": 409, "version": 200, "neither": 200}


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_created_anew_meanwhile_is_left_alone(
    gateway: Gateway, writer: Writer, namespace: str, kind: str
) -> None:
    """Neither a replacement nor a deletion of the predecessor touches the successor of the same name."""
    read = writer.create(role(namespace, "a", kind=kind))
    writer.delete(kind, namespace, "enc-x", *identity(read))
    successor = writer.create(role(namespace, "b", kind=kind))

    with pytest.raises(ApiError) as replaced:
        writer.replace(role(namespace, "a", kind=kind), *identity(read))
    with pytest.raises(ApiError) as deleted:
        writer.delete(kind, namespace, "enc-x", *identity(read))
    with pytest.raises(ApiError) as renewed:
        writer.replace(role(namespace, "a", kind=kind), identity(read)[0], identity(successor)[1])

    assert {each.value.status for each in (replaced, deleted, renewed)} == {409}
    assert stored(gateway, namespace, kind) == successor


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_changed_meanwhile_is_left_alone(
    gateway: Gateway, writer: Writer, namespace: str, kind: str
) -> None:
    """A replacement or deletion of an older version is refused."""
    read = writer.create(role(namespace, "a", kind=kind))
    labelled = {
        **role(namespace, "a", kind=kind),
        "metadata": {**role(namespace)["metadata"], "labels": {"x": "y"}},
    }
    changed = writer.replace(labelled, *identity(read))

    with pytest.raises(ApiError) as replaced:
        writer.replace(role(namespace, "a", kind=kind), *identity(read))
    with pytest.raises(ApiError) as deleted:
        writer.delete(kind, namespace, "enc-x", *identity(read))

    assert (replaced.value.reason, deleted.value.reason) == ("Conflict", "Conflict")
    assert stored(gateway, namespace, kind) == changed


def test_a_dry_run_stores_nothing(gateway: Gateway, writer: Writer, namespace: str) -> None:
    """Each write can be tried: it is answered as if it were done, and nothing changes."""
    tried = writer.create(role(namespace, "a"), dry_run=True)
    assert tried["rules"][0]["resourceNames"] == ["a"]
    assert stored(gateway, namespace) is None
    read = writer.create(role(namespace, "a"))

    replaced = writer.replace(role(namespace, "b"), *identity(read), dry_run=True)

    assert replaced["rules"][0]["resourceNames"] == ["b"]
    assert writer.delete("Role", namespace, "enc-x", *identity(read), dry_run=True) is True
    assert stored(gateway, namespace) == read


def test_a_status_is_merged(api_server: Cluster, writer: Writer, namespace: str) -> None:
    """A patch changes what it names, None takes a field away; with a resourceVersion a successor of the same name is left alone."""
    crd = yaml.safe_load((FOLDER / "agenttargets.yaml").read_text())
    manifest = {
        "apiVersion": "enc-operator.io/v1alpha1", "kind": "AgentTarget",
        "metadata": {"namespace": namespace, "name": "enc-x"}, "spec": {},
    }  # fmt: skip
    status = {"observedGeneration": 1, "references": {"allowed": 3, "denied": 1, "residual": 0}}
    less = {"observedGeneration": None, "references": {"denied": 2}}
    with installed(api_server, {"AgentTarget": crd}):
        made = writer.create(manifest)
        version = identity(made)[1]

        first = writer.patch_status("AgentTarget", namespace, "enc-x", status, resource_version=version)
        second = writer.patch_status("AgentTarget", namespace, "enc-x", less)
        writer.delete("AgentTarget", namespace, "enc-x", *identity(second))
        successor = writer.create(manifest)
        with pytest.raises(ApiError) as stale:
            writer.patch_status(
                "AgentTarget", namespace, "enc-x", status, resource_version=identity(second)[1]
            )
        deleted = writer.delete("AgentTarget", namespace, "enc-x", *identity(successor))

    assert first["status"] == status
    assert second["status"] == {"references": {"allowed": 3, "denied": 2, "residual": 0}}
    assert (stale.value.status, deleted) == (409, True)


def test_the_table_names_what_the_api_server_serves(api_server: Cluster, gateway: Gateway) -> None:
    """Every kind's path is one that can be listed."""
    files = ("agenttargets", "secretgrants", "clustersecretgrants")
    crds = [yaml.safe_load((FOLDER / f"{name}.yaml").read_text()) for name in files]
    with installed(api_server, {crd["spec"]["names"]["kind"]: crd for crd in crds}):
        listed = {
            kind: gateway.call(Call("GET", each.path("default")))["kind"] for kind, each in RESOURCES.items()
        }

    assert listed == {kind: f"{kind}List" for kind in RESOURCES}
