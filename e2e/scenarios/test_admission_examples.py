"""The example shop applied with kubectl to a cluster whose webhook enforces: the bad manifest is refused, the good ones are not."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from e2e.cluster.existing import ExistingCluster
from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.webhooked_world import Webhooked, webhooked

_ROOT = Path(__file__).parents[2]
EXAMPLES = _ROOT / "manifests/examples"
_REFUSED = _ROOT / "tests/golden/shop/refused.txt"
_NAMES = {"agents": "datadog", "shop": "shop", "bank": "payments", "operator": "enc-examples-webhook"}
_ACCOUNTS = ("datadog-agent", "datadog-cluster-agent")


@pytest.fixture(scope="module")
def shop(api_server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Webhooked]:
    """Have the examples' namespaces and Agents, and a webhook that their AgentTarget has enforce."""
    if isinstance(api_server, ExistingCluster):
        pytest.skip("the examples' namespaces have names that may be somebody's here")
    spaces = _spaces()
    for name in spaces:
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        api_server.kubectl("apply", "-f", "-", text=json.dumps(space))
    tenants = Clusterful(api_server, _NAMES)
    with webhooked(tenants, tmp_path_factory.mktemp("webhook"), accounts=_ACCOUNTS) as world:
        install = str(EXAMPLES / "agents/install.yaml")
        api_server.kubectl("apply", "--server-side", "-f", install)
        target = yaml.safe_load((EXAMPLES / "agents/agenttarget.yaml").read_text())
        tenants.apply({**target, "spec": {**target["spec"], "enforcement": "enforce"}})
        wait_until(lambda: not world.try_foreign().accepted, "the webhook enforces", seconds=20)
        yield world
        api_server.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", install)
        api_server.kubectl("delete", "--ignore-not-found", "-f", str(EXAMPLES / "shop/grants.yaml"))
    # Whoever applies the examples next finds none of these ending.
    api_server.kubectl("delete", "namespace", "--ignore-not-found", *spaces)


def test_the_good_are_accepted_and_the_bad_is_refused_as_expected(shop: Webhooked) -> None:
    """What kubectl prints holds the golden text, whole; nothing of the refused file is stored."""
    for name in ("grants", "cart", "orders", "payments"):
        said = shop.kubectl("admin", "apply", "-f", str(EXAMPLES / f"shop/{name}.yaml"))
        assert said.accepted, said.message

    said = shop.kubectl("admin", "apply", "-f", str(EXAMPLES / "shop/reports.yaml"))

    assert not said.accepted
    assert f'"workloads.enc-operator.io" denied the request: {_REFUSED.read_text()}' in f"{said.message}\n"
    assert shop.kubectl("admin", "-n", "reports", "get", "deployments", "-o", "name").message == ""


def _spaces() -> list[str]:
    found = [each for each in yaml.safe_load_all((EXAMPLES / "shop/namespaces.yaml").read_text()) if each]
    return [*_NAMES.values(), *(each["metadata"]["name"] for each in found)]
