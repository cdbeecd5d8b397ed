"""Denied references as what is asked of each namespace's owner, and those that no grant allows."""

import pytest

from agent_manifests import confd, target
from agent_manifests import pod as any_pod
from assessing import NODE_AGENT, assess_texts, pod
from enc_operator.cli.grant.planning import Admitted, Opened, plan_asked
from granting import ELSEWHERE

SERVICE = """
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  annotations:
    ad.datadoghq.com/service.checks: '{"http_check": {"instances": [{"password": "ENC[k8s_secret@db/orders/password]"}]}}'
"""


def checks(handle: str) -> tuple[str, str]:
    """Return a node Agent with a check file that has a handle."""
    return confd({"a.yaml": f'{{"instances": [{{"password": "{handle}"}}]}}'})


@pytest.mark.parametrize(
    ("texts", "who", "opened"),
    [
        pytest.param([pod(ELSEWHERE)], Admitted("shop", "web"), Opened("orders", "password"), id="a pod"),
        pytest.param(
            [any_pod(ELSEWHERE)],
            Admitted("shop", "default"),
            Opened("orders", "password"),
            id="a pod without a name",
        ),
        pytest.param([SERVICE], Admitted("shop", "*"), Opened("orders", "password"), id="a Service"),
        pytest.param(
            checks(ELSEWHERE), Admitted("dd", agent=True), Opened("orders", "password"), id="an Agent's file"
        ),
        pytest.param(
            [pod("ENC[k8s_secret@db/orders/%%host%%]")],
            Admitted("shop", "web"),
            Opened("orders", "*"),
            id="a key that only the pod decides",
        ),
    ],
)
def test_asked(texts: tuple[str, ...], who: Admitted, opened: Opened) -> None:
    """Who is to be admitted is as narrow as the referrer has a name, and what is opened is one key."""
    [asked], refused = plan_asked(assess_texts(*texts).judged)

    assert asked.namespace == "db"
    assert dict(asked.wanted) == {who: {opened}}
    assert refused == []


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        pytest.param(
            [pod("ENC[k8s_secret@db/%%host%%/k]")], "is only known when the pod runs", id="an unknown name"
        ),
        pytest.param(
            [pod("ENC[k8s_secret@%%host%%/a/k]")], "may not stand in the namespace", id="a variable"
        ),
        pytest.param([pod("ENC[k8s_secret@db/a]")], "has three parts, here are 2", id="no handle"),
        pytest.param(
            [NODE_AGENT, pod("ENC[file@/var/run/secrets/kubernetes.io/serviceaccount/token]")],
            "nothing under /var/run/secrets/kubernetes.io/serviceaccount",
            id="the token of the Agent's ServiceAccount",
        ),
        pytest.param(
            [any_pod(ELSEWHERE, serviceAccountName="*")],
            "has a name that the API server refuses",
            id="a ServiceAccount's name that would admit all",
        ),
        pytest.param(
            [any_pod(ELSEWHERE, namespace="*")],
            "has a name that the API server refuses",
            id="a namespace's name that is none",
        ),
        pytest.param(
            [
                NODE_AGENT,
                target(secretVolumes=[{"name": "v", "secretName": "s", "keys": ["k"]}]),
                pod("ENC[file@/etc/enc/secrets/v/k]"),
            ],
            "the secret volume v is not open to",
            id="a volume that does not admit the pod",
        ),
    ],
)
def test_refused(texts: list[str], why: str) -> None:
    """What no grant can allow is refused with the reason."""
    asked, [refused] = plan_asked(assess_texts(*texts).judged)

    assert asked == []
    assert why in refused.why
    assert refused.fix


def test_allowed_is_not_asked() -> None:
    """What is allowed asks for nothing."""
    assert plan_asked(assess_texts(pod()).judged) == ([], [])


def test_groups() -> None:
    """Referrers that ask for the same are one group; another key is another group."""
    texts = [
        any_pod(ELSEWHERE, name="a", serviceAccountName="a"),
        any_pod(ELSEWHERE, name="b", serviceAccountName="b"),
        any_pod("ENC[k8s_secret@db/orders/user]", name="c", serviceAccountName="c"),
    ]
    [asked], _ = plan_asked(assess_texts(*texts).judged)

    assert asked.groups() == [
        (
            frozenset({Admitted("shop", "a"), Admitted("shop", "b")}),
            frozenset({Opened("orders", "password")}),
        ),
        (frozenset({Admitted("shop", "c")}), frozenset({Opened("orders", "user")})),
    ]
