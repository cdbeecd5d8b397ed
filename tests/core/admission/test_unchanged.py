"""The same handle in another text is another reference: what of an object must be equal for it to stand."""

from typing import Any

import pytest

from reviewing import MAY_MAKE_PODS, OWN, checks, codes, document, finished, pod, service, world

KEY = "ad.datadoghq.com/app.checks"


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        pytest.param(pod(OWN), pod(OWN), [], id="nothing"),
        pytest.param(
            pod(OWN), pod(annotations={KEY: checks(OWN, host="evil")}), ["requester-denied"], id="the host"
        ),
        pytest.param(pod(OWN), pod(annotations={KEY: checks(OWN) + " "}), ["requester-denied"], id="a blank"),
        pytest.param(pod(OWN), pod(OWN, account="other"), ["requester-denied"], id="the ServiceAccount"),
        pytest.param(
            pod(OWN),
            pod(annotations={KEY: checks(OWN), "ad.datadoghq.com/app.logs": "[]"}),
            ["requester-denied"],
            id="another annotation beside it",
        ),
        pytest.param(
            pod(OWN),
            pod(annotations={KEY: checks(OWN), "example.com/a": "b"}),
            [],
            id="an annotation that is none of ours",
        ),
    ],
)
def test_a_pod_that_is_annotated_anew(old: dict[str, Any], new: dict[str, Any], found: list[str]) -> None:
    """The same handle in another text is a new reference, which somebody who makes no pods may not write."""
    assert codes(finished(document(new, old), world())) == found
    assert codes(finished(document(new, old), world(), MAY_MAKE_PODS)) == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        pytest.param(None, service(), ["requester-denied"], id="a new one"),
        pytest.param(service(), service(), [], id="nothing"),
        pytest.param(service(), service(selector={"app": "evil"}), ["requester-denied"], id="the selector"),
        pytest.param(service(), service(ports=[{"port": 1}]), [], id="a port"),
    ],
)
@pytest.mark.parametrize("resource", ["services", "services/status"])
def test_services(old: Any, new: dict[str, Any], found: list[str], resource: str) -> None:
    """A Service's text is judged with whose address it reaches."""
    assert codes(finished(document(new, old, resource=resource), world())) == found
