"""Check files that wait for containers: which pods they match, and what follows for each."""

import json
from itertools import permutations
from typing import Any

import pytest

from agent_manifests import (
    HANDLE,
    check,
    confd,
    env,
    idle_codes,
    pod,
    references,
    resolved_by,
    secrets_of,
    target,
)

SKIPS = env(DD_SECRET_BACKEND_SKIP_CHECKS="true")
PER_NAMESPACE = "ENC[k8s_secret@%%kube_namespace%%/a/key]"
OPEN = target(crossNamespace=True)


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        pytest.param("cluster-agent", "not-resolved", id="the Cluster Agent watches no containers"),
        pytest.param("cluster-checks-runner", "not-resolved", id="nor does a runner"),
        pytest.param("agent", "no-match", id="a node Agent waits for one"),
    ],
)
def test_identifiers_without_a_match(component: str, expected: str) -> None:
    """Identifiers match containers of pods, on node Agents only."""
    pods = [pod()] if component != "agent" else []

    found = references(*confd({"a.yaml": check(HANDLE, ad_identifiers=["redis"])}, component), *pods)

    assert idle_codes(found) == [expected]


@pytest.mark.parametrize(
    ("identifier", "options", "expected"),
    [
        pytest.param("redis", {"image": "redis:8"}, True, id="the short name"),
        pytest.param("redis", {"image": "r.example:5000/lib/redis@sha256:00"}, True, id="behind a registry"),
        pytest.param(
            "r.example:5000/lib/redis", {"image": "r.example:5000/lib/redis:8"}, True, id="the long name"
        ),
        pytest.param("lib/redis", {"image": "r.example/lib/redis:8"}, False, id="not the middle of it"),
        pytest.param("redis:8", {"image": "redis:8"}, True, id="the image as it is written"),
        pytest.param("redis", {"image": "redis-exporter"}, False, id="not the beginning of a name"),
        pytest.param(
            "mine",
            {"image": "redis", "annotations": {"ad.datadoghq.com/app.check.id": "mine"}},
            True,
            id="the check.id",
        ),
        pytest.param(
            "redis",
            {"image": "redis", "annotations": {"ad.datadoghq.com/app.check.id": "mine"}},
            True,
            id="a check.id comes beside the image's names",
        ),
        pytest.param(
            "redis",
            {"image": "redis", "annotations": {"ad.stackstate.com/app.check.id": "mine"}},
            True,
            id="another flavour's check.id does not",
        ),
        pytest.param(
            "docker://00",
            {"annotations": {"ad.datadoghq.com/app.check.id": "docker://00"}},
            False,
            id="a check.id in the form of a container's identifier",
        ),
        pytest.param(
            "",
            {"image": "", "annotations": {"ad.datadoghq.com/app.check.id": ""}},
            False,
            id="an empty identifier",
        ),
        pytest.param(
            "setup", {"initContainers": [{"name": "s", "image": "x/setup:1"}]}, True, id="an init container"
        ),
    ],
)
def test_identifiers(identifier: str, options: dict[str, Any], expected: bool) -> None:  # noqa: FBT001
    """An identifier names a container by its check.id, and by its image as written, without tag, and by its last part."""
    texts = confd({"a.yaml": check(HANDLE, ad_identifiers=[identifier, 5])})

    (found,) = references(*texts, pod(**options), OPEN)

    assert found.live is expected
    assert len(found.matches) == expected


def test_matches_of_one_secret() -> None:
    """Pods that lead to the same Secret make one reference with all of them, in one order."""
    texts = confd({"a.yaml": check(HANDLE, ad_identifiers=["redis"])})
    pods = [pod(name="b"), pod(name="a", serviceAccountName="x"), pod(name="c", namespace="apps")]

    orders = {tuple(references(*texts, OPEN, *order)[0].matches) for order in permutations(pods)}

    assert [[(match.object.name, match.referrer.namespace) for match in order] for order in orders] == [
        [("c", "apps"), ("a", "shop"), ("b", "shop")]
    ]
    assert len(references(*texts, OPEN, *pods)) == 1


def test_matches_of_several_secrets() -> None:
    """`%%kube_namespace%%` is each matched pod's own."""
    texts = confd({"a.yaml": check(PER_NAMESPACE, ad_identifiers=["redis"])})

    found = references(*texts, pod(), pod(namespace="apps"), pod(namespace="dd"))

    assert sorted(secrets_of(found)) == ["apps/a/key", "dd/a/key", "shop/a/key"]
    assert resolved_by(found) == ["node"] * 3


def test_text_that_no_pod_makes_a_handle() -> None:
    """A template's other strings are no references."""
    text = json.dumps(
        {"ad_identifiers": ["redis"], "instances": [{"host": "%%host%%", "p": "EN%%kube_namespace%%"}]}
    )

    assert references(*confd({"a.yaml": text}), pod()) == []
    assert references(*confd({"a.yaml": text})) == []


@pytest.mark.parametrize(
    ("variables", "value", "expected"),
    [
        pytest.param({}, HANDLE, "scope-refused", id="another namespace than the pod's"),
        pytest.param({}, PER_NAMESPACE, None, id="the pod's own namespace"),
        pytest.param(
            {"DD_SECRET_IMAGE_TO_HANDLE": '{"nginx": ["x"]}'}, PER_NAMESPACE, "scope-refused", id="the image"
        ),
        pytest.param(
            {"DD_SECRET_BACKEND_TYPE": "aws.secrets", "DD_SECRET_ALLOWED_K8S_NAMESPACE": "shop"},
            "ENC[name;key]",
            "scope-refused",
            id="another backend's handle that looks like a namespace",
        ),
    ],
)
def test_limits(variables: dict[str, str], value: str, expected: str | None) -> None:
    """A template that waits for containers is under the Agent's own limits."""
    texts = confd({"a.yaml": check(value, ad_identifiers=["redis"])}, env=env(**variables))

    (found,) = references(*texts, pod())

    assert (found.idle and found.idle.code) == expected


def test_no_limits_for_plain_files() -> None:
    """A file that waits for no container is under none."""
    texts = confd({"a.yaml": check("ENC[k8s_secret@other/a/key]")})

    assert resolved_by(references(*texts)) == ["node"]


def test_templates_of_an_agent_that_skips_checks() -> None:
    """An Agent that skips checks resolves no template either; what stands beside the checks is not resolved anyway."""
    text = json.dumps({"ad_identifiers": ["redis"], "instances": [{"p": HANDLE}], "x": HANDLE})

    assert idle_codes(references(*confd({"a.yaml": text}, env=SKIPS), pod())) == ["not-resolved"] * 2


def test_shadowed_in_a_template() -> None:
    """A value that a later duplicate key hides is judged in templates too."""
    text = f"ad_identifiers: [redis]\ninstances:\n- p: {HANDLE}\n  p: plain\n"

    found = references(*confd({"a.yaml": text}), pod())

    assert [(item.live, secrets_of([item])) for item in found] == [(False, ["dd/a/key"])]


def test_unmatched_template() -> None:
    """Without a pod a template's Secret is listed as far as it is known; a wrong handle is said all the same."""
    values = [HANDLE, PER_NAMESPACE, "ENC[k8s_secret@x]"]
    text = json.dumps({"ad_identifiers": ["redis"], "instances": [{"p": value} for value in values]})

    found = references(*confd({"a.yaml": text}))

    assert idle_codes(found) == ["no-match"] * 3
    assert [item.problem and item.problem.code for item in found] == [None, None, "handle-malformed"]
    assert secrets_of(found) == ["dd/a/key"]
