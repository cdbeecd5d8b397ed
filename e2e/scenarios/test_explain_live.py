"""`encctl explain --live` and what `encctl uninstall` says before it does anything, on a real API server."""

from collections.abc import Iterator

import pytest

from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.running_encctl import Ran, run_encctl
from e2e.scenarios.running_operator import Install, within


@pytest.fixture(scope="module")
def bank(install: Install, tenants: Clusterful) -> Iterator[Clusterful]:
    """Have a Secret of the bank that a pod of the shop is admitted to, and one of the operator's that is not."""
    tenants.apply(tenants.target())
    with install.operator() as operator:
        operator.ready().leading()
        tenants.open()
        spy = tenants.pod("spy", tenants.handle("bank", "db"), namespace="operator")
        tenants.apply(spy)
        within(60, "it is counted", lambda: tenants.status().get("references", {}).get("residual") == 1)
        yield tenants
    tenants.clear()


def explain(tenants: Clusterful, subject: str, *arguments: str) -> Ran:
    """Explain something of the cluster."""
    return run_encctl(tenants.cluster, "explain", "--live", subject, *arguments)


def test_a_secret(bank: Clusterful) -> None:
    """It is said who is admitted by which grant, which Role lets the Agent read it, since when, and for whom."""
    names = bank.names

    ran = explain(bank, f"secret/{names['bank']}/db")

    assert ran.returncode == 0, ran.stderr
    assert (
        f"open to pods and Services of namespace {names['shop']} (all keys) by SecretGrant {names['bank']}/g"
        in ran.stdout
    )
    assert (
        f"read by {names['agents']}/node today: get on Secret db of namespace {names['bank']}, by Role {names['bank']}/enc-"
        in ran.stdout
    )
    assert f"allowed: SecretGrant {names['bank']}/g" in ran.stdout
    handle = f"ENC[{bank.handle('bank', 'db')}]"
    assert (
        f"residual: {handle} of Pod {names['operator']}/spy is denied and resolves all the same" in ran.stdout
    )
    assert ", which is there since 20" in ran.stdout
    assert f"    which it has for Pod {names['shop']}/web" in ran.stdout
    assert "Secrets are not read" in ran.stdout


def test_a_handle(bank: Clusterful) -> None:
    """What it means is said, and who refers to it."""
    ran = explain(bank, f"ENC[{bank.handle('bank', 'db')}]")

    assert ran.returncode == 0, ran.stderr
    assert "References (2)" in ran.stdout
    assert f"in Pod {bank.names['shop']}/web metadata.annotations" in ran.stdout


def test_a_pod(bank: Clusterful) -> None:
    """Every handle of it has its verdict; of a namespace that is not named it is looked for in that of -n."""
    ran = explain(bank, "pod/web", "-n", bank.names["shop"])

    assert ran.returncode == 0, ran.stderr
    assert "References (1)\n" in ran.stdout
    assert f"resolved by node Agent {bank.names['agents']}/node" in ran.stdout
    assert ":1:1" not in ran.stdout


def test_no_rights(bank: Clusterful) -> None:
    """Who may read nothing is told so, and the exit code says that this is no answer."""
    ran = explain(bank, "pod/web", f"--as=system:serviceaccount:{bank.names['shop']}:default")

    assert ran.returncode == 2
    assert "encctl: pods may not be listed" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_what_an_uninstall_stops(bank: Clusterful, install: Install) -> None:
    """Before anything goes each handle is named by Agent and namespace, the one that was denied too."""
    ran = run_encctl(bank.cluster, "uninstall", "-n", install.namespace, "--dry-run")

    names = bank.names
    handle = f"ENC[{bank.handle('bank', 'db')}]"
    agent = f"node Agent {names['agents']}/node"
    assert ran.returncode == 0, ran.stderr
    expected = [
        "  these handles stop resolving, as soon as their Agent restarts or refreshes:",
        f"    {agent}: 1 handle in namespace {names['operator']}",
        f"      {handle} of Pod {names['operator']}/spy",
        f"    {agent}: 1 handle in namespace {names['shop']}",
        f"      {handle} of Pod {names['shop']}/web",
    ]
    assert ran.stdout.splitlines()[1:6] == expected


def test_what_an_uninstall_stops_without_rights(bank: Clusterful, install: Install) -> None:
    """Who may not read pods is told how many Secrets each Agent can no longer read."""
    names, who = bank.names, f"{install.namespace}-remover"
    taken_back = [
        "roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io", "agenttargets.enc-operator.io", "configmaps",
        "daemonsets.apps", "deployments.apps", "statefulsets.apps",
    ]  # fmt: skip
    bank.cluster.kubectl("create", "clusterrole", who, "--verb=list", f"--resource={','.join(taken_back)}")
    bank.cluster.kubectl("create", "clusterrolebinding", who, f"--clusterrole={who}", f"--user={who}")
    command = ("uninstall", "-n", install.namespace, "--dry-run", f"--as={who}")
    within(30, "the rights have taken effect", lambda: not run_encctl(bank.cluster, *command).returncode)

    ran = run_encctl(bank.cluster, *command)

    bank.cluster.kubectl("delete", "clusterrolebinding,clusterrole", who)
    told = f"    {names['agents']}/node can no longer read 1 Secret of namespace {names['bank']}: db"
    assert told in ran.stdout.splitlines()
    assert "which handles stop resolving is not known: you may not list" in ran.stderr
