"""What replicas find out about the way from a real API server to them, and what becomes of their readiness.

The webhook audits: everything comes in while it is away, and nobody but the trial is told why.
"""

import json
from collections.abc import Iterator
from math import isnan

import pytest

from e2e.cluster.native import NativeCluster
from e2e.scenarios.fenced_install import authority
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.running_operator import within
from e2e.scenarios.running_webhook import ACCOUNT, AdmissionInstall, WebhookReplica, admission, quiet_port
from e2e.scenarios.webhook_way import (
    CONFIGURATION,
    TRIAL,
    grants,
    in_service,
    may,
    tried,
    without_repair,
    without_trials,
    write_bundles,
)

REACHED = "enc_admission_reached"
IN_SERVICE = {**TRIAL, "service": ACCOUNT}


@pytest.fixture(scope="module")
def auditing(tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdmissionInstall]:
    """Install the chart with a webhook that audits."""
    if not isinstance(tenants.cluster, NativeCluster):
        pytest.skip("its API server does not run on this machine, where the webhook does")
    with admission(tenants, tmp_path_factory.mktemp("webhook")) as found:
        yield found


@pytest.fixture
def replica(auditing: AdmissionInstall) -> Iterator[WebhookReplica]:
    """Run a replica that the API server reaches."""
    with auditing.replica("webhook") as found:
        found.ready()
        found.reaching(REACHED, 1, 20)
        yield found


def test_a_replica_that_is_reached_says_so_and_counts_no_trial(
    auditing: AdmissionInstall, replica: WebhookReplica
) -> None:
    """Trials are no decisions, and their refusals no refused calls."""
    assert "the API server reaches the webhook" in replica.log.read_text()
    assert replica.decisions() == {}
    assert 'method="POST"' not in replica.get("/metrics")[1]
    assert not grants(auditing)


def test_who_is_shown_a_foreign_ca_is_not_ready_until_it_is_ours_again(
    auditing: AdmissionInstall, replica: WebhookReplica
) -> None:
    """The replica may not repair it; the API server's own words are said, with what to do, and all is well when it may again."""
    before = replica.log.read_text().count("the API server does not reach")
    with without_repair(auditing):
        write_bundles(auditing, authority())

        took = within(60, "it is not ready", lambda: replica.get("/readyz")[0] == 503)

        said = replica.get("/readyz")[1]
        assert "the API server does not reach the webhook" in said
        assert "x509" in said
        assert "caBundle" in said
        assert took > 15  # three trials
        assert replica.metric(REACHED) == 0
    within(40, "it is ready again", lambda: replica.get("/readyz")[0] == 200)
    assert replica.log.read_text().count("the API server does not reach") == before + 1


def test_where_nobody_listens_a_new_replica_waits(auditing: AdmissionInstall) -> None:
    """It is ready when the API server reaches any replica: whoever takes another's place knows that the way is open.

    Grants come in meanwhile without a word, since the webhook audits: they could prove nothing.
    """
    assert auditing.refusal(auditing.tenants.grant("g", "bank", "db")) == ""
    with auditing.replica("new", quiet_port(), probe=TRIAL) as new:
        within(30, "it says why", lambda: "connection refused" in new.get("/readyz")[1])
        assert "port 8443" in new.get("/readyz")[1]
        assert new.metric(REACHED) == 0
        with auditing.replica("webhook") as first:
            first.ready()
            new.ready(10)


def test_the_first_replica_waits_for_nobody(auditing: AdmissionInstall) -> None:
    """Nobody listens, as before any replica of a new install is ready; beside a replica that is, the next one waits."""
    with auditing.replica("first", quiet_port(), probe=IN_SERVICE) as first:
        first.ready()
        assert "no replica is in the Service yet" in first.log.read_text()
        assert first.metric(REACHED) == 0
        with in_service(auditing), auditing.replica("second", quiet_port(), probe=IN_SERVICE) as second:
            within(30, "it waits", lambda: "connection refused" in second.get("/readyz")[1])
        with auditing.replica("third", quiet_port(), probe=IN_SERVICE) as third:
            third.ready()


def test_that_nobody_is_asked_any_more_is_said(auditing: AdmissionInstall, replica: WebhookReplica) -> None:
    """With its configuration deleted a replica stays ready, as it must be when there is one again."""
    kept = next(each for each in auditing.install.manifests if each["kind"].startswith("ValidatingWebhook"))
    auditing.cluster.kubectl("delete", CONFIGURATION, auditing.configuration)

    replica.reaching(REACHED, 0, 40)

    assert "nobody asks the webhook" in replica.log.read_text()
    assert replica.get("/readyz")[0] == 200
    auditing.cluster.kubectl("apply", "--server-side", "-f", "-", text=json.dumps(kept))
    replica.reaching(REACHED, 1, 40)


def test_who_may_not_try_is_ready_and_knows_nothing(auditing: AdmissionInstall) -> None:
    """An install with permissions of its own is not worse off than before."""
    with without_trials(auditing), auditing.replica("new") as new:
        new.ready()
        within(10, "it says so", lambda: "it is not known whether" in new.log.read_text())
        assert isnan(new.metric(REACHED))


def test_the_token_can_try_one_grant_and_create_none(
    auditing: AdmissionInstall, replica: WebhookReplica, mighty: None
) -> None:
    """Whatever RBAC allows: the fence lets the trial alone pass, and the webhook refuses it even of who may read every Secret."""
    del mighty
    names = auditing.tenants.names
    own, dry = auditing.install.namespace, "?dryRun=All"
    other = {**TRIAL, "name": "another"}

    assert 'webhook "probe.enc-operator.io" denied the request' in tried(auditing, own, dry, TRIAL)
    for namespace, query, metadata in ((own, "", TRIAL), (own, dry, other), (names["bank"], dry, TRIAL)):
        assert "enc-operator fence" in tried(auditing, namespace, query, metadata)
    assert "enc-operator fence" in tried(auditing, own, dry, TRIAL, account="enc-operator")
    assert "enc-operator fence" in tried(auditing, own, dry, TRIAL, kind="AgentTarget")
    assert replica.process.poll() is None
    assert not grants(auditing)


@pytest.fixture
def mighty(auditing: AdmissionInstall) -> Iterator[None]:
    """Have RBAC allow everything to the install's accounts."""
    name = f"{auditing.install.namespace}-mighty"
    accounts = [f"--serviceaccount={auditing.install.namespace}:{each}" for each in (ACCOUNT, "enc-operator")]
    auditing.cluster.kubectl("create", "clusterrolebinding", name, "--clusterrole=cluster-admin", *accounts)
    within(10, "RBAC allows it", lambda: may(auditing, "get", "secrets"))
    yield
    auditing.cluster.kubectl("delete", "clusterrolebinding", name)
    within(10, "RBAC allows it no more", lambda: not may(auditing, "get", "secrets"))
