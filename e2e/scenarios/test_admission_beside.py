"""Beside the text that is judged: a namespace that comes to its end, and who says which addresses stand behind a Service."""

import json
import secrets
from collections.abc import Iterator

import pytest

from e2e.cluster.folder import wait_until
from e2e.scenarios.admission_acts import foreign, own
from e2e.scenarios.admission_ways import KEY, MERGE, patch_of, pod, service, stored
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.rendered_chart import Manifest
from e2e.scenarios.webhooked_world import Said, Webhooked, webhooked

_DISCOVERY = "/apis/discovery.k8s.io/v1"
_ADDRESS = "203.0.113.7"
_ENDPOINTS = "ad.datadoghq.com/endpoints.checks"


@pytest.fixture(scope="module")
def auditing(tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Webhooked]:
    """Have a webhook that lets everything in where nobody asks for more."""
    with webhooked(tenants, tmp_path_factory.mktemp("webhook")) as world:
        wait_until(
            lambda: world.try_foreign().accepted and world.calls().get("pods"), "it is asked", seconds=20
        )
        yield world


def _strict(world: Webhooked) -> str:
    """Make a namespace that is judged strictly, and wait until the webhook knows it with all that came before; return its name."""
    name = f"enc-strict-{secrets.token_hex(3)}"
    labels = {"enc-operator.io/enforcement": "enforce"}
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    assert world.send("admin", "POST", "/api/v1/namespaces", space).accepted
    wait_until(lambda: _denied(_try_in(world, name)), f"{name} is judged strictly", seconds=20)
    return name


def _try_in(world: Webhooked, namespace: str) -> Said:
    manifest = pod(world, foreign(world), namespace=namespace)
    return world.send("admin", "POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", manifest)


def _denied(said: Said) -> bool:
    return "error[access-denied]" in said.message


def test_a_namespace_that_is_being_deleted_is_judged_as_before(auditing: Webhooked) -> None:
    """What holds there by its label holds until it is gone: a pod that lives on is annotated with nobody else's Secret."""
    namespace = _strict(auditing)
    manifest = pod(auditing, None, namespace=namespace, finalizers=["example.com/stay"])
    path = f"/api/v1/namespaces/{namespace}/pods"
    assert auditing.send("admin", "POST", path, manifest).accepted
    path = f"{path}/{manifest['metadata']['name']}"
    try:
        assert auditing.send("admin", "DELETE", f"/api/v1/namespaces/{namespace}").accepted
        auditing.tenants.cluster.kubectl("delete", "namespace", _strict(auditing), "--wait=false")

        said = auditing.send("admin", "PATCH", path, patch_of(MERGE, KEY, foreign(auditing)), MERGE)

        assert _denied(said), said
        honest = patch_of(MERGE, KEY, own(auditing).replace(auditing.names["shop"], namespace))
        assert auditing.send("admin", "PATCH", path, honest, MERGE).accepted
    finally:
        freed = auditing.send("admin", "PATCH", path, {"metadata": {"finalizers": None}}, MERGE)
        assert freed.accepted, freed
        auditing.send("admin", "DELETE", f"{path}?gracePeriodSeconds=0")


def _slices(world: Webhooked, name: str) -> list[Manifest]:
    """Return the EndpointSlices of a Service."""
    said = world.send("admin", "GET", world.path("endpointslices", group=_DISCOVERY))
    labelled = "kubernetes.io/service-name"
    return [each for each in said.stored["items"] if each["metadata"]["labels"].get(labelled) == name]


def test_who_writes_endpointslices_moves_a_check_and_nobody_is_asked(auditing: Webhooked) -> None:
    """An address of his own stands behind somebody else's Service, with its check, and stays beside the controller's own."""
    path = stored(auditing, service(auditing, own(auditing), _ENDPOINTS))
    name = path.rpartition("/")[2]
    wait_until(lambda: _slices(auditing, name), "the controller has made its slice", seconds=30)
    before = auditing.calls()
    added: Manifest = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": auditing.fresh("slice"),
            "labels": {"kubernetes.io/service-name": name},
            "annotations": {_ENDPOINTS: foreign(auditing)},
        },
        "addressType": "IPv4",
        "ports": [{"port": 80}],
        "endpoints": [{"addresses": [_ADDRESS]}],
    }

    said = auditing.send("networker", "POST", auditing.path("endpointslices", group=_DISCOVERY), added)

    assert said.accepted, said.message
    touched = auditing.send("admin", "PATCH", path, {"spec": {"selector": {"app": "moved"}}}, MERGE)
    assert touched.accepted
    ours = [each for each in _slices(auditing, name) if each["metadata"]["name"] == added["metadata"]["name"]]
    assert [each["endpoints"][0]["addresses"] for each in ours] == [[_ADDRESS]]
    assert {**auditing.calls(), "services": 0} == {**before, "services": 0}


def test_who_writes_endpoints_does_so_where_a_service_selects_no_pods(auditing: Webhooked) -> None:
    """They are mirrored into a slice, with the address."""
    manifest = service(auditing, own(auditing), _ENDPOINTS)
    del manifest["spec"]["selector"]
    name = stored(auditing, manifest).rpartition("/")[2]
    before = auditing.calls()
    addresses = [{"addresses": [{"ip": _ADDRESS}], "ports": [{"port": 80}]}]
    added = {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": name}, "subsets": addresses}

    said = auditing.send("networker", "POST", auditing.path("endpoints"), added)

    assert said.accepted, said.message
    wait_until(lambda: _ADDRESS in json.dumps(_slices(auditing, name)), "they are mirrored", seconds=30)
    assert auditing.calls() == before


@pytest.mark.parametrize("role", ["view", "edit", "admin"])
def test_no_role_of_kubernetes_own_lets_a_tenant_do_that(role: str, auditing: Webhooked) -> None:
    """Endpoints and EndpointSlices are for whoever runs the cluster (CVE-2021-25740)."""
    tenant, shop = f"{auditing.names['shop']}-{role}", ["-n", auditing.names["shop"]]
    cluster = auditing.tenants.cluster
    cluster.kubectl(*shop, "create", "rolebinding", tenant, f"--clusterrole={role}", f"--user={tenant}")
    wait_until(lambda: _may(auditing, tenant, "get", "", "services"), "the role holds", seconds=10)

    for group, plural in (("", "endpoints"), ("discovery.k8s.io", "endpointslices")):
        for verb in ("create", "update", "patch"):
            assert not _may(auditing, tenant, verb, group, plural)


def _may(world: Webhooked, user: str, verb: str, group: str, plural: str) -> bool:
    attributes = {"namespace": world.names["shop"], "verb": verb, "group": group, "resource": plural}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "resourceAttributes": attributes},
    }
    said = world.send("admin", "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    assert said.accepted, said
    return bool(said.stored["status"]["allowed"])


def test_who_writes_a_status_moves_a_check_too(auditing: Webhooked) -> None:
    """A pod's address is its kubelet's to say; whoever may write the status says another, and no text of it changes."""
    path = stored(auditing, pod(auditing, own(auditing)))
    before = auditing.calls()
    status = {"status": {"phase": "Running", "podIP": _ADDRESS, "podIPs": [{"ip": _ADDRESS}]}}

    said = auditing.send("annotator", "PATCH", f"{path}/status", status, MERGE)

    assert said.accepted, said.message
    assert json.dumps(said.stored["status"]).count(_ADDRESS) == 2
    assert auditing.calls() == before
