"""Kinds that are not read, for which somebody has the webhook called."""

from typing import Any

import pytest

from enc_operator.core.admission.model import Answer, Verdict
from enc_operator.core.admission.review import review
from reviewing import FOREIGN, checks, codes, document, finished, message, world


def rollout(annotations: Any, **rest: Any) -> dict[str, Any]:
    """Return an object of a kind that this project does not know, which makes pods."""
    template = {"metadata": {"annotations": annotations}}
    return {
        "kind": "Rollout",
        "metadata": {"namespace": "shop", "name": "web"},
        "spec": {"template": template, **rest},
    }


BAD = rollout({"ad.datadoghq.com/app.checks": checks(FOREIGN)})


@pytest.mark.parametrize(
    ("manifest", "old", "found"),
    [
        pytest.param(BAD, None, ["not-read"], id="a template with a handle"),
        pytest.param(BAD, BAD, [], id="one that stands there already"),
        pytest.param(BAD, rollout({}), ["not-read"], id="one that is added"),
        pytest.param(
            rollout({"ad.datadoghq.com/app.checks": "{}"}), None, [], id="a template without a handle"
        ),
        pytest.param(rollout({"example.com/a": checks(FOREIGN)}), None, [], id="a handle under another key"),
        pytest.param(rollout([7, None, {"a": True}]), None, [], id="any shape"),
    ],
)
def test_templates(manifest: dict[str, Any], old: Any, found: list[str]) -> None:
    """What looks like a template with a handle is refused wherever it stands; all else goes through."""
    assert codes(finished(document(manifest, old), world())) == found


def test_the_message() -> None:
    """The refusal says where it stands and what to do, and nothing of its text."""
    text = message(finished(document(BAD), world()))

    assert 'in Rollout shop/web spec.template.metadata.annotations["ad.datadoghq.com/app.checks"]' in text
    assert "take the kind out of the webhook's rules" in text
    assert "ENC[" not in text


def test_what_lies_too_deep() -> None:
    """What could not be read whole could hold anything."""
    answer = review(document(rollout({})), world(), {}, whole=False)

    assert isinstance(answer, Answer)
    assert codes(answer) == ["json-depth"]


@pytest.mark.parametrize(
    "kind",
    [
        {"group": "", "version": "v1", "kind": "PodExecOptions"},
        {"group": "policy", "version": "v1", "kind": "Eviction"},
        {"group": "autoscaling", "version": "v1", "kind": "Scale"},
    ],
)
def test_other_subresources(kind: dict[str, str]) -> None:
    """Subresources that change no text are nothing to judge."""
    asked = document(rollout({}), kind=kind, namespace="")

    assert finished(asked, world()).verdict is Verdict.NOT_JUDGED
