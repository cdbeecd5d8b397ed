"""The webhook's configuration, its CA, its Service, and what the answer to a trial means."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme

from doctoring import FORBIDDEN, INSTALL
from enc_operator.cli.doctor.admission import check_configuration, check_service, service_of
from enc_operator.cli.doctor.bundles import read_bundle
from enc_operator.cli.doctor.model import Found, Status, Unreadable
from enc_operator.cli.doctor.trial import read_trial, try_webhook
from enc_operator.cli.kubectl.arguments import Kubectl
from enc_operator.process.settings import Probe, Webhook
from enc_operator.webhook.certificates import Lives, plan_certificates
from kubectl_stand_in import StandIn

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REFUSED = Unreadable("get it", "you may not")
NAMES = (
    "configmaps", "consents", "cronjobs", "instrumentations", "pods", "podtemplates", "services", "workloads",
)  # fmt: skip


def bundle(until: datetime) -> str:
    """Return the caBundle of a CA that ends then."""
    begin = until - timedelta(days=730)
    return base64.b64encode(plan_certificates(None, ["a"], begin, Lives()).bundle).decode()


FRESH = bundle(NOW + timedelta(days=365))


def configuration(
    written: str = FRESH, policy: str = "Ignore", names: tuple[str, ...] = NAMES
) -> dict[str, Any]:
    """Return a configuration whose webhooks are alike, and its trial."""
    client = {"caBundle": written, "service": {"namespace": "ops", "name": "hook"}}
    asked = [
        {"name": f"{name}.enc-operator.io", "failurePolicy": policy, "clientConfig": client} for name in names
    ]
    probe = {"name": "probe.enc-operator.io", "failurePolicy": "Fail", "clientConfig": client}
    return {"webhooks": [*asked, probe]}


def told(found: Found, mode: str = "audit") -> list[tuple[Status, str]]:
    """Return what is said of a configuration."""
    return [(each.status, each.what) for each in check_configuration(INSTALL, Webhook(mode), found, NOW)]


def test_a_clean_configuration() -> None:
    """It is counted, and its CA's end is said, and that the certificate's own is not read."""
    assert told(configuration()) == [
        (Status.OK, "9 webhooks, mode audit"),
        (
            Status.OK,
            "the caBundle is valid until 2027-01-01; the certificate's own end is in a Secret, which is not read",
        ),
    ]


@pytest.mark.parametrize(
    ("found", "mode", "expected"),
    [
        pytest.param(None, "audit", (Status.FAIL, "it does not exist: nobody is asked, everything comes in"), id="gone"),
        pytest.param(REFUSED, "audit", (Status.UNKNOWN, "could not be looked at: you may not"), id="unreadable"),
        pytest.param(
            configuration(names=NAMES[1:]), "audit", (Status.WARN, "it asks nothing about configmaps"), id="less is asked"
        ),
        pytest.param(
            configuration(names=("pods",) * 8), "enforce", (Status.WARN, "it asks nothing about configmaps, consents, cronjobs, instrumentations, podtemplates, services, workloads"), id="much less is asked",
        ),
        pytest.param(configuration(""), "audit", (Status.FAIL, "the caBundle is empty: the API server does not trust the webhook"), id="no bundle"),
        pytest.param(configuration("eA=="), "audit", (Status.FAIL, "the caBundle holds no certificate"), id="no certificate"),
        pytest.param(configuration("~"), "audit", (Status.FAIL, "the caBundle holds no certificate"), id="no base64"),
        pytest.param(configuration(bundle(NOW)), "audit", (Status.FAIL, "the caBundle ended on 2026-01-01"), id="ended"),
        pytest.param(
            configuration(bundle(NOW + timedelta(days=9))), "audit", (Status.WARN, "the caBundle ends on 2026-01-10"), id="ends soon"
        ),
    ],
)  # fmt: skip
def test_what_is_wrong(found: Found, mode: str, expected: tuple[Status, str]) -> None:
    """Each is said."""
    assert expected in told(found, mode)


def test_failure_policies() -> None:
    """With enforce what comes while nobody answers has to be refused; what each policy means is said."""
    names = ", ".join(NAMES)
    expected = (
        f"failurePolicy of {names} is Ignore with mode enforce: what comes while no replica answers comes in"
    )

    assert (Status.WARN, expected) in told(configuration(), "enforce")
    assert told(configuration(policy="Fail"), "enforce")[0] == (Status.OK, "9 webhooks, mode enforce")


def test_two_bundles() -> None:
    """Where webhooks trust different CAs it is said whose each is."""
    found = configuration()
    found["webhooks"][0]["clientConfig"] = {"caBundle": ""}

    assert (Status.FAIL, "the caBundle of configmaps is empty: the API server does not trust the webhook") in told(found)  # fmt: skip


def test_a_certificate_that_is_no_ca() -> None:
    """The API server may trust it, and its end cannot be told: that is no failure, and no good end."""
    leaf = trustme.CA().issue_cert("a.example").cert_chain_pems[0].bytes()
    written = base64.b64encode(leaf).decode()

    found = read_bundle(written)

    assert found is not None
    assert (found.certificates, found.ends) == (1, None)
    assert told(configuration(written))[1][0] is Status.UNKNOWN


def test_a_mutating_configuration() -> None:
    """Its failurePolicy is its own; only its CA is looked at."""
    found = configuration(names=("injection",))

    checks = list(
        check_configuration(INSTALL, Webhook("enforce"), found, NOW, "MutatingWebhookConfiguration")
    )

    assert [each.status for each in checks] == [Status.OK, Status.OK]


def test_services() -> None:
    """The Service is that of the configuration; none where the API server reaches the webhook by URL."""
    assert service_of(configuration()) == ("ops", "hook")
    assert service_of({"webhooks": [{"clientConfig": {"url": "https://example.com"}}]}) is None
    assert service_of(REFUSED) is None


@pytest.mark.parametrize(
    ("service", "slices", "expected"),
    [
        pytest.param(None, [], (Status.FAIL, "it does not exist: the API server reaches no replica"), id="gone"),
        pytest.param(REFUSED, [], (Status.UNKNOWN, "could not be looked at: you may not"), id="unreadable"),
        pytest.param({}, REFUSED, (Status.UNKNOWN, "could not be looked at: you may not"), id="endpoints unreadable"),
        pytest.param({}, [], (Status.FAIL, "no replica is ready behind it"), id="no endpoints"),
        pytest.param(
            {}, [{"endpoints": [{"conditions": {"ready": False}}]}], (Status.FAIL, "no replica is ready behind it"), id="none ready"
        ),
        pytest.param({}, [{"endpoints": [{}, {"conditions": {"ready": True}}]}], (Status.OK, "2 ready endpoints"), id="two"),
        pytest.param({}, [{"endpoints": [{}]}, {}], (Status.OK, "1 ready endpoint"), id="one"),
    ],
)  # fmt: skip
def test_endpoints(service: Found, slices: Any, expected: tuple[Status, str]) -> None:
    """Somebody has to stand behind it; an endpoint that says nothing of it is ready (EndpointSlice `conditions.ready`)."""
    (check,) = check_service(("ops", "hook"), service, slices)

    assert (check.status, check.what) == expected


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        pytest.param(None, Status.FAIL, "nobody asks the webhook", id="let through"),
        pytest.param('admission webhook "probe.enc-operator.io" denied the request: x', Status.OK, "reaches", id="refused"),
        pytest.param('failed calling webhook "probe.enc-operator.io": no route', Status.FAIL, "no route", id="not reached"),
        pytest.param("cannot impersonate", Status.UNKNOWN, "cannot impersonate", id="not allowed"),
    ],
)  # fmt: skip
def test_trials(said: str | None, status: Status, words: str) -> None:
    """Only the webhook's own refusal shows that it is reached."""
    check = read_trial(INSTALL, said)

    assert check.status is status
    assert words in check.what


def test_how_it_is_tried(kubectl: StandIn) -> None:
    """A grant is created as the webhook's ServiceAccount, on trial; who impersonates already cannot."""
    (kubectl.folder / "reviews.err").write_text(FORBIDDEN)

    check = try_webhook(Kubectl(groups=("g",)), INSTALL, Probe("enc-operator-trial"))

    (asked,) = kubectl.asked
    assert check.status is Status.UNKNOWN
    assert "--as=system:serviceaccount:enc-operator:enc-operator-webhook create --dry-run=server" in asked
    assert "--as-group" not in asked
    assert try_webhook(Kubectl(impersonated="jane"), INSTALL, Probe("a")).status is Status.UNKNOWN
    assert try_webhook(Kubectl(), INSTALL, None).status is Status.UNKNOWN
