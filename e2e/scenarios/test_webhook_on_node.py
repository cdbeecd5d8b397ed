"""The admission webhook as the chart installs it: pods of its own image behind a Service, replaced while reviews go on."""

import threading
from collections.abc import Iterator

import pytest

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.webhook_on_node import WEBHOOK, admitting_on_node, refusal


@pytest.fixture(scope="module")
def admitting(
    node: Cluster, operator_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clusterful]:
    """Install the chart with the webhook by Helm; the operator itself is not started."""
    with admitting_on_node(node, operator_image, tmp_path_factory.mktemp("chart")) as found:
        yield found


def test_the_service_leads_to_replicas_that_decide(admitting: Clusterful) -> None:
    """Both are ready; a handle that may not be used is refused with what would allow it, and one that may comes in."""
    ready = admitting.cluster.kubectl(
        "-n", admitting.names["operator"], "get", WEBHOOK, "-o", "jsonpath={.status.readyReplicas}"
    )

    assert ready == "2"
    for log in logs(admitting):
        assert "the API server reaches the webhook" in log
    assert any("no replica is in the Service yet" in log for log in logs(admitting))
    assert "SecretGrant" in refusal(admitting, admitting.pod("a", admitting.handle("bank", "db")))
    assert refusal(admitting, admitting.pod("a", admitting.handle("shop", "db"))) == ""


def logs(tenants: Clusterful) -> list[str]:
    """Return what each replica has logged."""
    place = ["-n", tenants.names["operator"]]
    pods = tenants.cluster.kubectl(
        *place, "get", "pods", "-l", "app.kubernetes.io/component=webhook", "-o", "name"
    )
    return [tenants.cluster.kubectl(*place, "logs", pod) for pod in pods.split()]


def test_no_review_fails_while_replicas_are_replaced(admitting: Clusterful) -> None:
    """Each replica first is asked no more, then ends; the one that comes in its place is asked when it can decide."""
    place = ["-n", admitting.names["operator"]]
    allowed = admitting.pod("a", admitting.handle("shop", "db"))
    over, failed, asked = threading.Event(), [], []

    def keep_asking() -> None:
        while not over.is_set():
            failed.append(said) if (said := refusal(admitting, allowed)) else asked.append(1)

    thread = threading.Thread(target=keep_asking)
    thread.start()
    try:
        admitting.cluster.kubectl(*place, "rollout", "restart", WEBHOOK)
        admitting.cluster.kubectl(*place, "rollout", "status", WEBHOOK, "--timeout=180s")
    finally:
        over.set()
        thread.join()

    assert failed == []
    assert asked


def test_what_the_cluster_itself_needs_is_never_held_up(admitting: Clusterful) -> None:
    """With all replicas gone pods without a handle come in, everywhere; in kube-system and the webhook's own namespace any pod does."""
    pod = admitting.pod("a", admitting.handle("bank", "db"))
    pod["spec"]["securityContext"] = {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    for container in pod["spec"]["containers"]:
        container["securityContext"] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    place = ["-n", admitting.names["operator"]]
    plain = {**pod, "metadata": {**pod["metadata"], "annotations": {}}}
    admitting.cluster.kubectl(*place, "scale", WEBHOOK, "--replicas=0")
    try:
        wait_until(lambda: "failed calling webhook" in refusal(admitting, pod), "nobody answers", seconds=60)
        assert refusal(admitting, plain) == ""
        for namespace in ("kube-system", admitting.names["operator"]):
            elsewhere = {**pod, "metadata": {**pod["metadata"], "namespace": namespace}}
            assert refusal(admitting, elsewhere) == ""
    finally:
        admitting.cluster.kubectl(*place, "scale", WEBHOOK, "--replicas=2")
        admitting.cluster.kubectl(*place, "rollout", "status", WEBHOOK, "--timeout=180s")
    wait_until(lambda: "access" in refusal(admitting, pod), "the API server asks again", seconds=60)
