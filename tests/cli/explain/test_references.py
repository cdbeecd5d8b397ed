"""What is known of references, Secrets and Agents, as lines."""

from agent_manifests import agent, confd, secret, target
from agent_manifests import pod as any_pod
from assessing import CLUSTER_AGENT, NODE_AGENT, inventory_of, pod
from chart_shapes import bound, rule
from enc_operator.cli.explain.references import (
    agent_lines,
    reference_lines,
    secret_lines,
    to_secret,
    with_handle,
    within,
)
from enc_operator.cli.loading import assess_inventory
from enc_operator.core.audit.auditing import audit
from enc_operator.core.findings import ObjectRef
from granting import ELSEWHERE, GRANT

CLUSTER_GRANT = """
apiVersion: enc-operator.io/v1alpha1
kind: ClusterSecretGrant
metadata: {name: wide}
spec:
  from: [{namespaceSelector: {matchLabels: {team: blue}}, serviceAccounts: ["*"]}, {agent: {namespace: dd}}]
  to:
  - {secretName: orders, keys: ["*"], namespaceSelector: {matchLabels: {a: b}}}
  - {secretName: other, keys: [k], namespaces: [db]}
"""
MATCHING = '{"ad_identifiers": ["redis"], "instances": [{"password": "ENC[k8s_secret@dd/a/k]"}]}'


def known_of(*texts: str, name: str = "orders") -> list[str]:
    """Return what is known of a Secret of namespace db."""
    inventory = inventory_of(*texts)
    assessment = assess_inventory(inventory)
    return list(secret_lines(inventory, assessment, audit(inventory, assessment), "db", name))


def test_lines_of_references() -> None:
    """A reference's lines say where it stands, who resolves it, and the decision with its fix."""
    judged = assess_inventory(inventory_of(NODE_AGENT, pod(ELSEWHERE))).judged

    first, where, resolved, denied, fix = reference_lines(judged)
    assert first.startswith("file1.yaml:8:")
    assert first.endswith(": ENC[k8s_secret@db/orders/password]")
    assert where.startswith('    in Pod shop/web metadata.annotations["ad.datadoghq.com/app.checks"] → ')
    assert resolved.startswith(
        "    resolved by node Agent dd/node (from the pod); not as things stand: the plan keeps"
    )
    assert denied == "    denied: pods of ServiceAccount shop/web may not use Secret db/orders"
    assert fix.startswith(
        "    fix: in namespace db, apply a SecretGrant with spec: {from: [{namespace: shop,"
    )


def test_nobody_resolves() -> None:
    """A reference that no Agent of the input resolves says so."""
    judged = assess_inventory(inventory_of(pod())).judged

    assert any(line.startswith("    resolved by nobody (node Agent)") for line in reference_lines(judged))


def test_spoofable() -> None:
    """Pods that an Agent's own template reaches and that may not use the Secret are listed."""
    judged = assess_inventory(inventory_of(*confd({"redis.yaml": MATCHING}), any_pod())).judged

    assert list(reference_lines(judged))[-1].startswith("    spoofable: it also reaches Pod shop/web: ")


def test_choosing() -> None:
    """References are found by handle, by their object, and by their Secret."""
    assessment = assess_inventory(inventory_of(pod(ELSEWHERE, name="a"), pod(name="b")))

    assert [
        item.reference.where.ref.name for item in with_handle(assessment, "k8s_secret@db/orders/password")
    ] == ["a"]
    assert [item.reference.where.ref.name for item in within(assessment, ObjectRef("Pod", "shop", "b"))] == [
        "b"
    ]
    assert [item.reference.where.ref.name for item in to_secret(assessment, "shop", "db")] == ["b"]


def test_handle_with_variables() -> None:
    """A handle is found as it is written and as it is resolved."""
    assessment = assess_inventory(inventory_of(pod("ENC[k8s_secret@%%kube_namespace%%/db/k]")))

    assert len(with_handle(assessment, "k8s_secret@%%kube_namespace%%/db/k")) == 1
    assert len(with_handle(assessment, "k8s_secret@shop/db/k")) == 1


def test_secret() -> None:
    """Of a Secret there are its keys, whom grants admit, and the Agents that read it by the plan and by RBAC; no value."""
    held = secret("orders", {"password": "canary-5150", "user": "canary"}, namespace="db")
    role = bound("db", "r", [rule("get", names=["orders"]), rule("list")], "node", labels={}, home="dd")
    cross = target(crossNamespace=True)

    selected = "by ClusterSecretGrant wide where its namespaceSelector matches"
    wide = "pods and Services of namespaces by label; the Agents' configuration in namespace dd (all keys)"
    assert known_of(NODE_AGENT, held, GRANT, CLUSTER_GRANT, cross, pod(ELSEWHERE), *role) == [
        "keys in the input: password, user",
        "open to what stands in namespace db",
        "open to pods of ServiceAccount web of namespace shop (keys password) by SecretGrant db/g",
        f"open to {wide} {selected}",
        "read by dd/node by the plan: Role db/enc-7erqwocobdgfzqm5lvb2x5zpc3",
        "read by dd/node today: list on every Secret of namespace db, by Role db/r",
        "read by dd/node today: get on Secret orders of namespace db, by Role db/r",
    ]


def test_secret_that_nobody_shows() -> None:
    """A Secret that the input does not hold, or that holds nothing, says so."""
    empty = secret("orders", {}, namespace="db")

    assert known_of(pod())[0] == "the input does not hold the Secret itself"
    assert known_of(empty)[0] == "keys in the input: none"
    assert known_of(CLUSTER_GRANT, name="gone")[1:] == ["open to what stands in namespace db"]


def test_expired() -> None:
    """A grant that is over says so."""
    found = known_of(GRANT + "  expires: 2020-01-01T00:00:00Z\n")

    assert found[-1].endswith("by SecretGrant db/g (expired: it opens nothing)")


def test_read_by_other_means() -> None:
    """A permission that amounts to reading is one."""
    role = bound("", "r", [rule("impersonate", resources=["users"])], "node", labels={}, home="dd")

    assert known_of(NODE_AGENT, *role)[-1] == (
        "read by dd/node today: by other means on every Secret of the cluster, by ClusterRole r"
    )


def test_agents() -> None:
    """Of an Agent there are its workload, its backend, its limits and its references."""
    scoped = agent(
        name="node",
        env=[
            {"name": "DD_SECRET_BACKEND_COMMAND", "value": "/own"},
            {"name": "DD_SECRET_ALLOWED_K8S_NAMESPACE", "value": "shop"},
        ],
    )
    assessment = assess_inventory(inventory_of(scoped, CLUSTER_AGENT, pod(), pod(ELSEWHERE, name="b")))
    node, cluster = (list(agent_lines(item, assessment)) for item in reversed(assessment.agents))

    assert node == [
        "node Agent dd/node",
        "    runs as DaemonSet dd/node (file0.yaml:1:1)",
        "    secret backend: /own",
        "    resolves for pods only Secrets of shop",
        "    2 references, 1 denied",
    ]
    assert cluster[3] == "    resolves for a pod only Secrets of the pod's namespace (by the plan)"


def test_agents_own_limit() -> None:
    """A limit that the Agent's own configuration sets is not the plan's."""
    scoped = agent(env=[{"name": "DD_SECRET_SCOPE_INTEGRATION_TO_THEIR_K8S_NAMESPACE", "value": "true"}])
    assessment = assess_inventory(inventory_of(scoped))

    assert "    resolves for a pod only Secrets of the pod's namespace" in agent_lines(
        assessment.agents[0], assessment
    )
