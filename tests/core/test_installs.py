"""One truth for every install: other names, namespaces, labels, images and installers lead to the same permissions."""

from collections.abc import Callable

import pytest
import yaml

from assessing import EXAMPLES, assess_texts, codes, granted
from enc_operator.core.assessment import Assessment

SHOP = tuple(file.read_text() for file in sorted((EXAMPLES / "shop").glob("*.yaml")))
INSTALL = (EXAMPLES / "agents/install.yaml").read_text()
TARGET = (EXAMPLES / "agents/agenttarget.yaml").read_text()
EXPECTED = {
    "node": ["database/orders-db", "database/scores", "shop/cart-db", "shop/redis-auth"],
    "cluster": ["database/database-secret", "payments/gateway"],
}


def unlabelled(text: str) -> str:
    """Take the component labels away."""
    return (
        text.replace("labels: {agent.datadoghq.com/component: agent}", "labels: {}")
        .replace(", agent.datadoghq.com/component: ", ", app.kubernetes.io/part-of: ")
        .replace("labels: {agent.datadoghq.com/component: cluster-agent}", "labels: {}")
    )


def template_labels_only(text: str) -> str:
    """Leave the component label on the pods' template alone."""
    for component in ("agent", "cluster-agent"):
        text = text.replace(
            f"  labels: {{agent.datadoghq.com/component: {component}}}\nspec:", "  labels: {}\nspec:"
        )
    return text


def elsewhere(text: str) -> str:
    """Put everything into another namespace."""
    return text.replace("namespace: datadog", "namespace: observability").replace(
        "name: datadog\n", "name: observability\n"
    )


def by_others(text: str) -> str:
    """Use another release's names."""
    return text.replace("name: datadog-cluster-agent", "name: obs-dca").replace(
        "name: datadog-agent", "name: obs-node"
    )


VARIANTS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "labels on the template only": template_labels_only,
    "no labels, the vendor's images": unlabelled,
    "no labels, a mirror's images": lambda text: unlabelled(text).replace(
        "registry.datadoghq.com", "mirror.corp.example/dd"
    ),
    "images by digest": lambda text: text.replace(":7.81.1", "@sha256:" + "0" * 64),
    "the public hub's image names": lambda text: unlabelled(text).replace(
        "registry.datadoghq.com/", "datadog/"
    ),
}


def permissions(
    install: str, namespace: str, node: str, cluster: str, shop: tuple[str, ...] = SHOP
) -> Assessment:
    """Assess the shop beside an install and check who is given what."""
    assessment = assess_texts(*shop, install, TARGET.replace("namespace: datadog", f"namespace: {namespace}"))

    assert granted(assessment) == {
        f"{namespace}/{node}": EXPECTED["node"],
        f"{namespace}/{cluster}": EXPECTED["cluster"],
    }
    return assessment


@pytest.mark.parametrize("variant", VARIANTS)
def test_labels_and_images(variant: str) -> None:
    """Agents are known by label or by shape, and the permissions are the same."""
    permissions(VARIANTS[variant](INSTALL), "datadog", "datadog-agent", "datadog-cluster-agent")


def test_other_names() -> None:
    """The ServiceAccounts are those of the workloads, whatever they are called."""
    permissions(
        by_others(INSTALL)
        .replace("AccountName: datadog-agent", "AccountName: obs-node")
        .replace("AccountName: datadog-cluster-agent", "AccountName: obs-dca"),
        "datadog",
        "obs-node",
        "obs-dca",
    )


def test_other_namespace() -> None:
    """In another namespace the grants must name that one; then the permissions are the same."""
    shop = tuple(
        text.replace("agent: {namespace: datadog}", "agent: {namespace: observability}") for text in SHOP
    )

    permissions(elsewhere(INSTALL), "observability", "datadog-agent", "datadog-cluster-agent", shop)


def test_grants_for_other_agents_do_not_count() -> None:
    """A grant to the Agents of one namespace opens nothing to those of another."""
    assessment = assess_texts(*SHOP, elsewhere(INSTALL))

    assert "database/database-secret" not in str(granted(assessment))
    assert "access-denied" in codes(assessment)


def test_two_installs() -> None:
    """Two installs in one cluster each get what they resolve, and no more."""
    both = granted(assess_texts(*SHOP, INSTALL, TARGET, elsewhere(INSTALL)))

    assert both["datadog/datadog-cluster-agent"] == EXPECTED["cluster"]
    assert both["observability/datadog-cluster-agent"] == ["payments/gateway"]
    assert both["observability/datadog-agent"] == ["shop/cart-db"]


def test_the_workload_that_runs_is_the_one_that_counts() -> None:
    """A pod of the DaemonSet in the input is no second Agent."""
    daemonset = next(item for item in yaml.safe_load_all(INSTALL) if item["kind"] == "DaemonSet")
    template = daemonset["spec"]["template"]
    running = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**template["metadata"], "name": "datadog-agent-x", "namespace": "datadog"},
        "spec": template["spec"],
    }

    assessment = assess_texts(*SHOP, INSTALL, TARGET, yaml.safe_dump(running))

    assert len(assessment.agents) == 2
