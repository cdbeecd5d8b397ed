"""The questions that references raise, and what the RBAC in the input answers."""

import pytest

from assessing import CLUSTER_AGENT, NODE_AGENT, assess_texts, inventory_of, pod
from enc_operator.cli.can_i.questions import Answer, Can, answer_by_input, find_asks, find_undetermined
from enc_operator.core.inventory import Question

ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: shop}
rules: [{apiGroups: [""], resources: [secrets], resourceNames: [db], verbs: [get]}]
"""
BINDING = """
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reading, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: node, namespace: dd}]
"""
CLUSTER_WIDE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: all}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: everyone}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: all}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:serviceaccounts:dd"}]
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata:
  name: front
  namespace: shop
  annotations:
    ad.datadoghq.com/service.checks: '{"http_check": {"instances": [{"p": "ENC[k8s_secret@shop/db/password]"}]}}'
"""
ASKED = Question("dd", "node", "shop", "db")


def test_each_question_once() -> None:
    """What two pods refer to, by two keys, is one question with both places."""
    texts = (NODE_AGENT, pod(), pod("ENC[k8s_secret@shop/db/user]", name="b"))

    [ask] = find_asks(assess_texts(*texts))

    assert ask.question == ASKED
    assert ask.referrers == ("Pod shop/b (file2.yaml:8)", "Pod shop/web (file1.yaml:8)")
    assert ask.fix.startswith("apply Role and RoleBinding enc-")


def test_every_agent_that_asks() -> None:
    """A Secret that two Agents ask for is two questions."""
    asks = find_asks(assess_texts(NODE_AGENT, CLUSTER_AGENT, pod(), SERVICE))

    assert [ask.question.service_account for ask in asks] == ["cluster", "node"]


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param((NODE_AGENT,), id="no reference"),
        pytest.param((pod(),), id="no Agent"),
        pytest.param((NODE_AGENT, pod("ENC[file@/x/y]")), id="a file"),
        pytest.param((NODE_AGENT, pod("ENC[k8s_secret@x]")), id="a handle that names no Secret"),
    ],
)
def test_no_question(texts: tuple[str, ...]) -> None:
    """What no Agent would get from the API raises no question."""
    assessment = assess_texts(*texts)

    assert find_asks(assessment) == []
    assert find_undetermined(assessment) == []


def test_undetermined_names() -> None:
    """A Secret's name that only the running pod decides is listed, not asked for."""
    assessment = assess_texts(NODE_AGENT, pod("ENC[k8s_secret@shop/%%host%%/k]"))

    assert find_asks(assessment) == []
    assert find_undetermined(assessment) == [("shop/…/k", "Pod shop/web (file1.yaml:8)")]


def test_denied_references_are_asked_for() -> None:
    """An Agent asks for what is denied too; the fix is the grant, not a Role."""
    [ask] = find_asks(assess_texts(NODE_AGENT, TARGET, pod("ENC[k8s_secret@other/db/k]")))

    assert ask.fix.startswith(
        "no Role is planned, since the reference is denied: in namespace other, apply a SecretGrant"
    )


TARGET = """
apiVersion: enc-operator.io/v1alpha1
kind: AgentTarget
metadata: {name: t, namespace: dd}
spec: {crossNamespace: true}
"""
TEMPLATE = """
apiVersion: v1
kind: ConfigMap
metadata: {name: confd, namespace: dd}
data:
  redisdb.yaml: |
    ad_identifiers: [redis]
    instances: [{password: "ENC[k8s_secret@dd/db/k]"}]
"""


def test_templates_whose_pods_are_refused() -> None:
    """A template that no pod may use has the fix of the first pod that it reaches."""
    mounted = NODE_AGENT.replace(
        "agent:7}",
        "agent:7, volumeMounts: [{name: c, mountPath: /conf.d}]}\n      volumes: [{name: c, configMap: {name: confd}}]",
    )

    [ask] = find_asks(assess_texts(mounted, TARGET, TEMPLATE, pod("x")))

    assert "from: [{namespace: shop, serviceAccounts: [web]}]" in ask.fix


@pytest.mark.parametrize(
    ("rbac", "answer"),
    [
        pytest.param((), Answer(Can.UNKNOWN, "the input holds no RBAC"), id="no RBAC"),
        pytest.param(
            (ROLE,), Answer(Can.NO, "by the RBAC in the input"), id="a Role that nobody is bound to"
        ),
        pytest.param(
            (ROLE, BINDING),
            Answer(Can.YES, "by Role reader (RoleBinding reading)"),
            id="a Role that is bound",
        ),
        pytest.param(
            (BINDING,), Answer(Can.NO, "by the RBAC in the input"), id="a binding to a Role that is not there"
        ),
        pytest.param(
            (CLUSTER_WIDE, BINDING),
            Answer(Can.YES, "by ClusterRole all (ClusterRoleBinding everyone)"),
            id="a group of ServiceAccounts",
        ),
    ],
)
def test_answers(rbac: tuple[str, ...], answer: Answer) -> None:
    """The RBAC in the input answers, and names the binding that says yes; without any, nothing is known."""
    texts = (NODE_AGENT, pod(), *rbac)

    assert answer_by_input(inventory_of(*texts), find_asks(assess_texts(*texts))) == {ASKED: answer}
