"""The vendor's Helm chart: what is named, and that the values that are named make it clean."""

import json
from typing import Any

import pytest

from auditing import audited
from chart_shapes import CLUSTER, LEDGER, NODE, RUNNER, chart
from enc_operator.core.audit.data import as_data
from enc_operator.core.audit.rendering import settings
from granting import GRANT

CONSENT = (
    GRANT.replace("orders", "ledger")
    .replace("namespace: db", "namespace: base")
    .replace("{namespace: shop, serviceAccounts: [web]}", "{agent: {namespace: watch}}")
)


def test_components() -> None:
    """The default names the ClusterRoles that read all Secrets for all three components."""
    found = {
        (held.account.name, str(held.given.role.where.ref))
        for held in audited(chart()).surplus
        if held.gets and not held.names
    }

    assert found == {
        (NODE, "ClusterRole one-datadog"),
        (RUNNER, "ClusterRole one-datadog"),
        (CLUSTER, "ClusterRole one-datadog-cluster-agent"),
    }


def test_listed_by_hand() -> None:
    """A Role listed by hand has verbs that nobody needs, a Secret that its subject does not refer to, and a subject too few."""
    found = audited(chart())
    [held] = [held for held in found.surplus if held.names]
    [missing] = found.missing

    assert (held.verbs, held.surplus_verbs, held.unused) == (
        ("get", "list", "watch"),
        ("get", "list", "watch"),
        ("ledger",),
    )
    assert held.change.setting == "datadog.secretBackend.roles"
    assert (missing.account.name, missing.secret, missing.role) == (CLUSTER, "ledger", "")
    assert missing.named == held
    assert [item.given.role.name for item in missing.now] == [CLUSTER]


def test_breaks() -> None:
    """What resolves today only by the ClusterRole is named, also where it is denied."""
    found = audited(chart())

    broken = {held.given.role.name: held.breaks for held in found.surplus if held.breaks}
    assert [item.reference.title for item in broken[CLUSTER]] == [LEDGER]
    assert list(broken) == [CLUSTER]


def test_values() -> None:
    """The values that are named make the next rendering clean."""
    [(owner, values)] = settings(audited(chart())).items()

    assert owner == "the values of Helm release one (chart datadog-9.9.9)"
    assert values == {
        "datadog": {
            "secretBackend": {"enableGlobalPermissions": False, "roles": []},
            "kubeStateMetricsCore": {"collectSecretMetrics": False},
        }
    }
    after = audited(chart(values))
    assert after.surplus == ()
    assert after.missing == ()
    assert [held.given.role.name for held in after.own] == [
        "one-datadog-cluster-agent-main",
        "one-datadog-dca-flare",
    ]


ON: dict[str, Any] = {
    "datadog": {"helmCheck": {"enabled": True}},
    "clusterAgent": {"privateActionRunner": {"enabled": True}},
}


@pytest.mark.parametrize("strict", [False, True], ids=["as it is", "strict"])
def test_everything_on(*, strict: bool) -> None:
    """With every feature on, the values that are named make it clean too; --strict leaves the Agents nothing at all."""
    values: dict[str, Any] = json.loads(json.dumps(ON))
    [changed] = settings(audited(chart(values), strict=strict)).values()

    assert changed["datadog"]["helmCheck"] == {"enabled": False}
    after = audited(chart({**values, **changed}), strict=strict)
    assert after.surplus == ()
    assert len(after.own) == (0 if strict else 3)


def test_after_consent() -> None:
    """Once the owner consents, the Secret is needed: the plan's Role is named, and what breaks is no longer denied."""
    found = audited(chart(), CONSENT)
    [missing] = found.missing

    assert missing.role.startswith("base/enc-")
    assert [item.needs for item in found.accounts] == [(), ("base/ledger",), ()]


def test_data() -> None:
    """The data holds the same, with the place of each rule."""
    data = as_data(audited(chart()))

    assert {item["setting"] for item in data["surplus"]} == {
        "datadog.secretBackend.enableGlobalPermissions",
        "datadog.secretBackend.roles",
        "datadog.kubeStateMetricsCore.collectSecretMetrics",
    }
    assert all(item["file"] == "file0.yaml" and item["line"] > 1 for item in data["surplus"])
    assert data["missing"][0]["listedIn"] == "Role base/one-datadog-secret-reader-base"
    assert data["unseen"] == []
