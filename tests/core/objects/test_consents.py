"""Grants and AgentTargets, whose schema found no fault."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml

from assessing import ROOT
from enc_operator.core.inventory import (
    Component,
    Flavour,
    GrantFrom,
    GrantTo,
    SecretVolume,
    Selector,
)
from reading_objects import read

VALID = ROOT / "tests/valid"
INVALID = ROOT / "tests/invalid"


def valid(kind: str, name: str) -> str:
    """Return a valid resource's text."""
    return (VALID / kind / f"{name}.yaml").read_text()


def test_grants() -> None:
    """A SecretGrant admits pods by namespace or by label, or Agents, to keys of its own namespace's Secrets."""
    (grant,) = read(valid("secretgrant", "every-form")).grants
    labels = Selector(
        {"kubernetes.io/metadata.name": "billing"},
        (("team", "In", ("billing", "")), ("example.com/frozen", "DoesNotExist", ())),
    )
    assert grant.admits == (
        GrantFrom("shop", None, ("*",)),
        GrantFrom(None, labels, ("web", "worker.v2")),
        GrantFrom(agent_namespace="monitoring"),
    )
    assert grant.opens == (
        GrantTo("postgres", ("*",), ("default",)),
        GrantTo("ca.internal", (".dockerconfigjson", "tls.crt", "a..b"), ("default",)),
    )
    assert grant.expires == datetime(2030, 2, 28, 23, 59, 59, 123000, timezone(timedelta(hours=1)))


def test_cluster_grants() -> None:
    """A ClusterSecretGrant says in which namespaces the Secrets are."""
    (grant,) = read(valid("clustersecretgrant", "every-namespace")).grants
    assert (grant.namespace, grant.expires) == ("", None)
    assert grant.opens == (GrantTo("mysql-dd", ("password",), ("*",)),)


def test_cluster_grants_by_label() -> None:
    """… by name or by label."""
    manifest = yaml.safe_load(valid("clustersecretgrant", "every-namespace"))
    opens = {"secretName": "a", "keys": ["k"], "namespaceSelector": {"matchLabels": {"team": "db"}}}
    manifest["spec"] |= {"to": [opens], "expires": "2030-01-01T00:00:00Z"}
    (grant,) = read(manifest).grants
    assert grant.opens == (GrantTo("a", ("k",), (), Selector({"team": "db"})),)
    assert grant.expires == datetime(2030, 1, 1, tzinfo=UTC)


def test_targets() -> None:
    """An AgentTarget names workloads, a resolver and secret volumes."""
    (target,) = read(valid("agenttarget", "usual")).targets
    assert (target.namespace, target.name, target.flavour) == ("monitoring", "datadog", Flavour.DATADOG)
    assert target.workloads == (("DaemonSet", "datadog", Component.NODE),)
    assert (target.mode, target.refresh_interval, target.timeout) == ("bundled", 3600, 20)
    shop = GrantFrom("shop", None, ("*",))
    assert target.volumes == (SecretVolume("shared", "mail", ("user", "password"), (shop,)),)
    assert target.volumes[0].mount_path == "/etc/enc/secrets/shared"
    assert not target.cross_namespace


def test_the_defaults_are_those_of_the_crd() -> None:
    """What an AgentTarget does not say is as the API server would fill it in."""
    (target,) = read(valid("agenttarget", "minimal")).targets
    text = (ROOT / "charts/enc-operator/crds/agenttargets.yaml").read_text()
    schema = yaml.safe_load(text)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    fields = schema["properties"]
    resolver = fields["resolver"]["properties"]
    assert target.flavour == fields["flavour"]["default"]
    assert target.mode == resolver["mode"]["default"]
    assert target.refresh_interval == resolver["refreshInterval"]["default"]
    assert target.timeout == resolver["timeout"]["default"]
    assert target.cross_namespace is fields["crossNamespace"]["default"]
    assert (target.workloads, target.volumes) == ((), ())


@pytest.mark.parametrize(
    "file", sorted(VALID.rglob("*.yaml")), ids=lambda path: f"{path.parent.name} {path.stem}"
)
def test_valid_resources_are_read(file: Path) -> None:
    """Whatever is valid becomes a grant or a target."""
    inventory = read(file.read_text())
    assert len(inventory.grants) + len(inventory.targets) == 1
    assert inventory.faults == []


@pytest.mark.parametrize(
    "file", sorted(INVALID.rglob("*.yaml")), ids=lambda path: f"{path.parent.name} {path.stem}"
)
def test_invalid_resources_are_ignored(file: Path) -> None:
    """Whatever is not valid is a finding, and neither grant nor target."""
    inventory = read(file.read_text())
    assert inventory.grants + inventory.targets == []
    assert {fault.code for fault in inventory.faults} == {"resource-invalid"}
    assert all("counts for nothing until it is corrected" in fault.what for fault in inventory.faults)
