"""No replica of the webhook answers, and whatever could hold a handle is refused: what goes on all the same, and what does not."""

from collections.abc import Iterator

import pytest

from e2e.cluster.folder import wait_until
from e2e.scenarios import admission_ways as ways
from e2e.scenarios.admission_acts import own
from e2e.scenarios.admission_ways import MERGE, pod, stored
from e2e.scenarios.admission_wrongs import BAD
from e2e.scenarios.instrumentations import instrumentations
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.rendered_chart import Manifest
from e2e.scenarios.webhooked_world import Said, Webhooked, webhooked

_NOBODY = "failed calling webhook"


@pytest.fixture(scope="module")
def pods(tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Webhooked, str]]:
    """Have a webhook that enforces everywhere, a pod with a handle that it let in, and then no replica any more."""
    with webhooked(tenants, tmp_path_factory.mktemp("webhook"), mode="enforce") as world:
        wait_until(lambda: not world.try_foreign().accepted, "the webhook enforces", seconds=20)
        path = stored(world, pod(world, own(world)))
        tenants.apply(tenants.target("Plan"))
        world.process.kill()
        wait_until(lambda: _NOBODY in world.try_foreign().message, "nobody answers", seconds=20)
        yield world, path


def test_a_kubelets_status_update_passes(pods: tuple[Webhooked, str]) -> None:
    """A pod with a handle gets Ready: its status changes, and nothing that was judged."""
    world, path = pods
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    status = {"status": {"phase": "Running", "podIP": "10.0.0.1", "conditions": [ready]}}

    said = world.send("admin", "PATCH", f"{path}/status", status, "strategic-merge-patch+json")
    assert said.accepted, said.message
    assert said.stored["status"]["phase"] == "Running"


def test_a_status_update_that_changes_an_annotation_does_not(pods: tuple[Webhooked, str]) -> None:
    """What would have to be judged is refused, whoever writes it."""
    world, path = pods
    change = ways.patch_of(MERGE, ways.KEY, own(world, host="another"))

    for place in (path, f"{path}/status"):
        _refused(world.send("admin", "PATCH", place, change, MERGE))


def test_a_pod_goes(pods: tuple[Webhooked, str]) -> None:
    """A pod with a handle can be labelled, get a finalizer and lose it, and be deleted."""
    world, _ = pods
    metadata = {"labels": {"a": "b"}, "finalizers": ["example.com/stay"]}
    _, path = pods

    steps = [
        world.send("admin", "PATCH", path, {"metadata": metadata}, MERGE),
        world.send("admin", "DELETE", f"{path}?dryRun=All"),
        world.send("admin", "PATCH", path, {"metadata": {"finalizers": None}}, MERGE),
    ]
    assert [step.message for step in steps] == ["", "", ""]


def test_new_handles_are_refused(pods: tuple[Webhooked, str]) -> None:
    """Whatever a pod, a workload or a Service could refer to waits until somebody judges it."""
    world, _ = pods
    for way in (
        ways.creation,
        ways.binding,
        ways.template("CronJob"),
        ways.template("ReplicaSet"),
        ways.service_creation("ad.datadoghq.com/service.checks"),
    ):
        _refused(way(world, "admin", own(world)))


def test_nothing_gets_in_for_the_operator_to_tell_of(pods: tuple[Webhooked, str]) -> None:
    """All that it would tell of afterwards is refused; it knows the pod that was let in, and finds nothing wrong."""
    world, _ = pods
    with instrumentations(world.tenants.cluster):
        for name, bad in BAD.items():
            said = world.send("admin", "POST", bad.path(world), bad.make(world))
            assert _NOBODY in said.message, name

        with world.install.operator() as operator:
            operator.ready().leading()
            references = 'enc_references{component="agent",decision="allowed"}'
            wait_until(lambda: operator.metric(references) == 1, "it has counted", seconds=20)
            assert operator.metric("enc_objects_unauthorized") == 0


@pytest.mark.parametrize("namespace", ["operator", "kube-system"])
def test_what_is_left_out_is_never_blocked(namespace: str, pods: tuple[Webhooked, str]) -> None:
    """The webhook's own namespace and kube-system get their pods, workloads, Services and ConfigMaps, annotated or not."""
    world, _ = pods
    place = world.names.get(namespace, namespace)
    text = own(world)
    for manifest in (ways.pod(world, text), ways.service(world, text), _config_map(text)):
        manifest["metadata"]["namespace"] = place
        path = f"/api/v1/namespaces/{place}/{manifest['kind'].lower()}s?dryRun=All"
        said = world.send("admin", "POST", path, manifest)
        assert said.accepted, said.message
    for kind in ("Deployment", "CronJob", "ReplicationController"):
        path, manifest = ways.workload(world, kind, text)
        path = path.replace(world.names["shop"], place)
        assert world.send("admin", "POST", f"{path}?dryRun=All", manifest).accepted


def test_what_holds_no_handle_is_never_blocked(pods: tuple[Webhooked, str]) -> None:
    """Pods and Services without a handle come and go, also with templates."""
    world, _ = pods
    for text in (None, ways.checks("plain"), "{}"):
        for manifest in (pod(world, text), ways.service(world, text)):
            path = f"{world.path(manifest['kind'].lower() + 's')}?dryRun=All"
            assert world.send("admin", "POST", path, manifest).accepted


def _config_map(text: str) -> Manifest:
    return {"kind": "ConfigMap", "metadata": {"name": "annotated"}, "data": {"a.yaml": text}}


def _refused(said: Said) -> None:
    assert not said.accepted
    assert _NOBODY in said.message
