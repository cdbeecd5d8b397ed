"""What all sources share: the Agent's own limits, and what is said once for all Agents."""

import json

import pytest

from agent_manifests import agent, env, gathered, idle_codes, pod, references, resolved_by, service, target

OTHER = "ENC[k8s_secret@other/a/key]"
OWN = "ENC[k8s_secret@shop/a/key]"
OPEN = target(crossNamespace=True)
IMAGES = json.dumps({"redis": ["k8s_secret@shop/a/key"]})


@pytest.mark.parametrize(
    ("value", "variables", "texts", "expected"),
    [
        pytest.param(OTHER, {}, [], ["scope-refused"], id="after the injection another namespace"),
        pytest.param(OWN, {}, [], [], id="after the injection the pod's own"),
        pytest.param(OTHER, {}, [OPEN], [], id="with crossNamespace another namespace"),
        pytest.param(
            OTHER,
            {"DD_SECRET_ALLOWED_K8S_NAMESPACE": "shop db"},
            [OPEN],
            ["scope-refused"],
            id="not in the list",
        ),
        pytest.param(OTHER, {"DD_SECRET_ALLOWED_K8S_NAMESPACE": "shop other"}, [OPEN], [], id="in the list"),
        pytest.param(
            OTHER, {"DD_SECRET_ALLOWED_K8S_NAMESPACE": '["other"]'}, [OPEN], [], id="in the list as JSON"
        ),
        pytest.param(OWN, {"DD_SECRET_IMAGE_TO_HANDLE": IMAGES}, [], [], id="a handle of the image"),
        pytest.param(
            "ENC[k8s_secret@shop/b/key]",
            {"DD_SECRET_IMAGE_TO_HANDLE": IMAGES},
            [],
            ["scope-refused"],
            id="another handle",
        ),
        pytest.param(
            OWN, {"DD_SECRET_IMAGE_TO_HANDLE": '{"nginx": []}'}, [], ["scope-refused"], id="another image"
        ),
        pytest.param(
            "ENC[kube;shop/a;key]",
            {"DD_MULTI_SECRET_BACKENDS": '{"kube": {"type": "k8s.secrets"}}'}
            | {"DD_SECRET_ALLOWED_K8S_NAMESPACE": "shop"},
            [],
            [],
            id="the namespace behind a backend's ID",
        ),
    ],
)
def test_limits(value: str, variables: dict[str, str], texts: list[str], expected: list[str]) -> None:
    """What the Agent's own settings refuse stays literal text, although it is well written."""
    assert idle_codes(references(pod(value), agent(env=env(**variables)), *texts)) == expected


def test_no_limits_for_services() -> None:
    """The Agent has neither a pod's namespace nor an image for Services."""
    limits = env(DD_SECRET_IMAGE_TO_HANDLE=IMAGES, DD_SECRET_ALLOWED_K8S_NAMESPACE="shop")

    assert resolved_by(references(service(OTHER), agent("cluster-agent", env=limits))) == ["cluster"]


def test_each_agent_by_itself() -> None:
    """One Agent's limits say nothing about another's."""
    open_one = [agent(namespace="b", name="open"), target("b", crossNamespace=True)]

    found = references(pod(OTHER), agent(), *open_one)

    assert resolved_by(found) == ["open"]
    assert idle_codes(found) == ["scope-refused"]


def test_findings_are_said_once() -> None:
    """What is odd about a template does not depend on how many Agents read it."""
    broken = pod(annotations={"ad.datadoghq.com/app.checks": "{", "ad.datadoghq.com/app.logs": '["enc[x]"]'})

    found = gathered(broken, agent(), agent(namespace="b"))

    assert [finding.code for finding in found.findings] == ["json-invalid", "handle-case"]


def test_void_annotation() -> None:
    """Where the whole annotation is void, its handles are judged and the fault is said once."""
    text = json.dumps({"a": {"instances": [{"p": OWN}, 5]}})

    found = gathered(pod(annotations={"ad.datadoghq.com/app.checks": text}), agent())

    assert [finding.code for finding in found.findings] == ["template-invalid"]
    assert [(item.live, item.idle and item.idle.code) for item in found.references] == [(False, "")]
