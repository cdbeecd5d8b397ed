"""The admission webhook on a real API server, with the chart's own configuration, rights and fence: who is asked about, and refused."""

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.cluster.interface import CommandFailed
from e2e.cluster.native import NativeCluster
from e2e.scenarios.fenced_install import send
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.running_operator import within
from e2e.scenarios.running_webhook import (
    ACCOUNT,
    SECRET,
    AdmissionInstall,
    WebhookReplica,
    admission,
    quiet_port,
)

JSON_PATCH = "application/json-patch+json"
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def admitting(tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdmissionInstall]:
    """Install the chart with a webhook that enforces."""
    if not isinstance(tenants.cluster, NativeCluster):
        pytest.skip("its API server does not run on this machine, where the webhook does")
    with admission(tenants, tmp_path_factory.mktemp("webhook"), mode="enforce") as found:
        yield found


@pytest.fixture(scope="module")
def serving(admitting: AdmissionInstall) -> Iterator[WebhookReplica]:
    """Run a replica that the API server asks; one more stands by."""
    with admitting.replica("webhook") as replica:
        yield admitting.serving(replica)


@pytest.fixture
def webhook(serving: WebhookReplica, tenants: Clusterful) -> Iterator[WebhookReplica]:
    """Clear away what a test leaves."""
    yield serving
    tenants.clear()


def test_a_handle_that_may_not_be_used_is_refused_with_what_would_allow_it(
    webhook: WebhookReplica, admitting: AdmissionInstall, tenants: Clusterful
) -> None:
    """The message names the handle and the grant; with that grant, applied in the same breath, the pod comes in."""
    handle = tenants.handle("bank", "db")
    pod = tenants.pod("web", handle)

    refused = admitting.refusal(pod)

    assert "enc-operator.io" in refused
    assert "Forbidden" in refused
    assert f"ENC[{handle}]" in refused
    assert "SecretGrant" in refused
    assert webhook.decisions()['{code="access-denied",decision="denied"}'] >= 1
    tenants.apply(tenants.grant("g", "bank", "db"), pod)
    assert admitting.refusal(tenants.pod("other", tenants.handle("bank", "else"))) != ""


def test_what_may_be_used_comes_in(webhook: WebhookReplica, tenants: Clusterful) -> None:
    """A Secret of the pod's own namespace needs no grant; it is asked about once."""
    before = webhook.decisions().get('{code="",decision="approved"}', 0)

    tenants.apply(tenants.pod("web", tenants.handle("shop", "db")))

    assert webhook.decisions()['{code="",decision="approved"}'] == before + 1


def test_what_holds_no_handle_costs_no_call(webhook: WebhookReplica, tenants: Clusterful) -> None:
    """Neither pods without a template, nor templates without a handle, nor changes that leave judged text as it is."""
    tenants.apply(tenants.pod("judged", tenants.handle("shop", "db")))
    before = webhook.decisions()
    plain = tenants.pod("plain", tenants.handle("shop", "db"))
    plain["metadata"]["annotations"] = {"example.com/text": "ENC[k8s_secret@bank/db/password]"}
    template = tenants.pod("template", "x")
    template["metadata"]["annotations"] = {
        "ad.datadoghq.com/app.checks": json.dumps({"http": {"instances": [{"url": "http://%%host%%"}]}})
    }
    many = [{**plain, "metadata": {**plain["metadata"], "name": f"plain-{number}"}} for number in range(20)]

    tenants.apply(template, *many)
    shop = ["-n", tenants.names["shop"]]
    tenants.cluster.kubectl(*shop, "label", "pod", "judged", "a=b")
    tenants.cluster.kubectl(
        *shop,
        "patch",
        "pod",
        "judged",
        "--subresource=status",
        "--type=merge",
        '-p={"status": {"message": "a"}}',
    )

    assert webhook.decisions() == before


@pytest.mark.parametrize(
    "written",
    [r"\u0045NC[k8s_secret@{}/db/password]", "E%%env_X%%NC[k8s_secret@{}/db/password]", "EN‰hostname‰C[k8s_secret@{}/db/password]"],
    ids=["an escape of JSON", "a variable that may be empty", "the Agent's own mark of a variable"],
)  # fmt: skip
def test_no_other_spelling_slips_by(
    webhook: WebhookReplica, admitting: AdmissionInstall, tenants: Clusterful, written: str
) -> None:
    """Whatever an Agent would make a handle of is asked about, and refused."""
    pod = tenants.pod("web", "x")
    text = (
        '{"redisdb": {"instances": [{"password": "' + written.replace("{}", tenants.names["bank"]) + '"}]}}'
    )
    pod["metadata"]["annotations"] = {"ad.datadoghq.com/app.checks": text}

    assert "enc-operator.io" in admitting.refusal(pod)
    assert webhook.process.poll() is None


def test_an_annotation_that_comes_later_is_refused(webhook: WebhookReplica, tenants: Clusterful) -> None:
    """As are workloads, whose pods would be refused, and a check's name that borrows another container's."""
    assert webhook.process.poll() is None
    pod = tenants.pod("web", tenants.handle("shop", "db"))
    tenants.apply(pod)
    other = tenants.pod("web", tenants.handle("bank", "db"))["metadata"]["annotations"]
    changes = [f"{key}={value}" for key, value in other.items()]
    deployment = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": tenants.names["shop"]},
        "spec": {"selector": {"matchLabels": {"a": "b"}},
                 "template": {"metadata": {"labels": {"a": "b"}, "annotations": other}, "spec": pod["spec"]}},
    }  # fmt: skip

    with pytest.raises(CommandFailed, match=r"pods\.enc-operator\.io"):
        tenants.cluster.kubectl(
            "-n", tenants.names["shop"], "annotate", "--overwrite", "pod", "web", *changes
        )
    with pytest.raises(CommandFailed, match=r"workloads\.enc-operator\.io"):
        tenants.apply(deployment)


def test_while_nobody_answers_what_was_judged_lives_on(webhook: WebhookReplica, tenants: Clusterful) -> None:
    """A kubelet's status updates of an annotated pod pass; what changes judged text waits for an answer, and is refused without."""
    tenants.apply(tenants.pod("web", tenants.handle("shop", "db")))
    shop = ["-n", tenants.names["shop"]]
    status = [
        "patch",
        "pod",
        "web",
        "--subresource=status",
        "--type=merge",
        '-p={"status": {"message": "a"}}',
    ]
    webhook.signal(signal.SIGSTOP)
    try:
        tenants.cluster.kubectl(*shop, *status)
        tenants.cluster.kubectl(*shop, "label", "pod", "web", "a=b")
        with pytest.raises(CommandFailed, match="failed calling webhook"):
            tenants.cluster.kubectl(*shop, "annotate", "pod", "web", "example.com/a=b")
    finally:
        webhook.signal(signal.SIGCONT)
    tenants.cluster.kubectl(*shop, "annotate", "pod", "web", "example.com/a=b")


def test_replicas_that_start_at_the_same_moment_share_what_they_show(
    webhook: WebhookReplica, admitting: AdmissionInstall
) -> None:
    """However many start, there is one certificate and one bundle, and the Secret is written once for all."""
    place = ["-n", admitting.install.namespace]
    empty = [{"op": "remove", "path": "/data"}]
    assert admitting.secret().keys() == {"ca.crt", "ca.key", "tls.crt", "tls.key"}
    admitting.cluster.kubectl(*place, "patch", "secret", SECRET, "--type=json", f"-p={json.dumps(empty)}")

    with admitting.replica("one", quiet_port()) as one, admitting.replica("two", quiet_port()) as two:
        one.ready()
        two.ready()

        expiry = "enc_certificate_expiry_timestamp_seconds"
        within(10, "one bundle is trusted", lambda: admitting.bundles() == {admitting.secret()["ca.crt"]})
        within(
            10, "all show the same", lambda: len({each.metric(expiry) for each in (one, two, webhook)}) == 1
        )
    admitting.serving(webhook)


def test_a_bundle_that_somebody_overwrites_is_back_within_seconds(
    webhook: WebhookReplica, admitting: AdmissionInstall
) -> None:
    """Nobody has to notice."""
    before = admitting.bundles()
    broken = [{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]

    admitting.cluster.kubectl(
        "patch",
        "validatingwebhookconfiguration",
        admitting.configuration,
        "--type=json",
        f"-p={json.dumps(broken)}",
    )

    within(5, "it is repaired", lambda: admitting.bundles() == before)
    assert webhook.process.poll() is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}, "only its caBundle"),
        ({"op": "add", "path": "/webhooks/0/namespaceSelector", "value": {"matchLabels": {"a": "b"}}}, "only its caBundle"),
        ({"op": "add", "path": "/metadata/finalizers", "value": ["example.com/a"]}, "metadata"),
    ],
    ids=["what happens without an answer", "who is asked about", "its metadata"],
)  # fmt: skip
def test_the_fence_lets_the_webhook_change_its_bundle_alone(
    webhook: WebhookReplica, admitting: AdmissionInstall, change: Manifest, said: str
) -> None:
    """RBAC lets it patch its configuration; a stolen token cannot switch anything off by that."""
    path = f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{admitting.configuration}"
    assert webhook.process.poll() is None

    with admitting.cluster.api_of(admitting.install.namespace, ACCOUNT) as stolen:
        status, message = send(stolen, "PATCH", path, [change], JSON_PATCH)

    assert status == 403
    assert "enc-operator fence" in message
    assert said in message


def test_the_fence_lets_the_webhook_change_the_data_of_its_secret_alone(admitting: AdmissionInstall) -> None:
    """Not its labels, and no other Secret, which RBAC does not show it either."""
    path = f"/api/v1/namespaces/{admitting.install.namespace}/secrets"
    with admitting.cluster.api_of(admitting.install.namespace, ACCOUNT) as stolen:
        labelled = {"metadata": {"name": SECRET, "labels": {"a": "b"}}}
        status, message = send(stolen, "PUT", f"{path}/{SECRET}", labelled)
        assert (status, "only the data" in message) == (403, True)
        assert send(stolen, "GET", path)[0] == 403
        assert send(stolen, "DELETE", f"{path}/{SECRET}")[0] == 403


def test_auditing_lets_everything_in_and_counts_it(admitting: AdmissionInstall, tenants: Clusterful) -> None:
    """The same pod that is refused elsewhere comes in, with no more than a note."""
    port = quiet_port()
    with admitting.replica("auditing", port, mode="audit") as replica:
        replica.ready()

        said = admitting.ask(port, tenants.pod("web", tenants.handle("bank", "db")))

        assert said["allowed"]
        assert "warnings" not in said
        assert "access-denied" in json.dumps(said["auditAnnotations"])
        assert replica.decisions() == {'{code="access-denied",decision="approved"}': 1}


def test_a_replica_that_is_told_to_end_ends_in_good_order(admitting: AdmissionInstall) -> None:
    """It is not ready first, and then gone without a complaint."""
    with admitting.replica("ending", quiet_port(), drainSeconds=3) as replica:
        replica.ready()
        replica.signal(signal.SIGTERM)
        within(3, "it is not ready", lambda: replica.get("/readyz")[0] == 503)
        assert replica.process.wait(20) == 0
        assert "Traceback" not in replica.log.read_text()
