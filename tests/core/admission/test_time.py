"""Who writes an object to keep the webhook busy waits himself, and not long."""

import json
import sys
import time
from typing import Any

import pytest

from enc_operator.core.admission.predicate import MOST_HANDLES
from living import Manifest
from reviewing import MAY_MAKE_PODS, checks, codes, document, finished, pod, service, world

SIZE = 1 << 16
FACTOR = 12
LEAST = 2.0 if sys.gettrace() else 0.8  # seconds: what is faster on any machine is no attack; coverage traces
KNOWN = world()


def annotated(key: str, text: str, *, containers: int = 1) -> Manifest:
    """Return a pod with as many annotations as have room, whose keys are numbered."""
    number = SIZE // (len(key) + len(text) + 30)
    found = pod(annotations={f"ad.datadoghq.com/{key.format(index)}": text for index in range(number)})
    found["spec"]["containers"] = [{"name": f"c{index}", "image": "redis"} for index in range(containers)]
    return found


def filled(piece: str) -> Manifest:
    """Return a pod with one long annotation."""
    return pod(
        annotations={
            "ad.datadoghq.com/app.checks": checks("").replace('""', f'"{piece * (SIZE // len(piece))}"')
        }
    )


def seconds(manifest: Any) -> float:
    """Measure the processor's time, so that a busy machine does no harm."""
    start = time.process_time()
    finished(document(manifest), KNOWN, MAY_MAKE_PODS)
    return time.process_time() - start


@pytest.fixture(scope="module")
def usual() -> float:
    """Measure what a benign pod of this size takes."""
    return seconds(
        annotated("c{}.checks", '{"redisdb": {"instances": [{"host": "%%host%%", "port": "6379"}]}}')
    )


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param(annotated("a{}.checks", "["), id="many texts that are no JSON"),
        pytest.param(annotated("a{}.checks", '["ENC[x@y]"]'), id="many texts with a handle"),
        pytest.param(annotated("a{}.logs", "[]", containers=5000), id="many containers"),
        pytest.param(annotated("a{}.check.id", "docker://a"), id="many identifiers"),
        pytest.param(annotated("a{}.chekcs", "["), id="many misspelt keys"),
        pytest.param(filled("%%host%%"), id="many variables"),
        pytest.param(filled("‰a_‰"), id="many marks"),
        pytest.param(filled("ENC["), id="many beginnings of a handle"),
        pytest.param(filled(r"\\u0045"), id="many escapes"),
        pytest.param(filled("["), id="many brackets"),
        pytest.param(filled('ENC[k8s_secret@bank/a/b]", "'), id="many handles"),
    ],
)
def test_hostile_objects(manifest: Manifest, usual: float) -> None:
    """A hostile object takes no longer than a benign one of its size, but for a factor."""
    assert seconds(manifest) < max(LEAST, FACTOR * usual)


MANY = json.dumps(["ENC[k8s_secret@shop/a/b]"] * (MOST_HANDLES + 1))
ANNOTATIONS = {f"ad.datadoghq.com/a{number}.checks": "{}" for number in range(MOST_HANDLES + 1)}
SPEC = {"config": {"checks": [{"instances": ["%%host%%"] * MOST_HANDLES}]}}


def many_of_a_service() -> Manifest:
    """Return a Service with more handles than are read."""
    found = service()
    found["metadata"]["annotations"] = {"ad.datadoghq.com/service.checks": MANY}
    return found


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param(pod(annotations={"ad.datadoghq.com/app.checks": MANY}), id="a pod"),
        pytest.param(
            {**pod(annotations={"ad.datadoghq.com/app.checks": MANY}), "kind": "Binding"}, id="a Binding"
        ),
        pytest.param(pod(annotations=ANNOTATIONS), id="a pod with as many annotations"),
        pytest.param(many_of_a_service(), id="a Service"),
        pytest.param(
            {**pod(), "kind": "DatadogInstrumentation", "spec": SPEC}, id="a DatadogInstrumentation"
        ),
    ],
)
def test_too_many_handles(manifest: Manifest) -> None:
    """What holds more handles than can be read in time is refused unread."""
    assert codes(finished(document(manifest), KNOWN)) == ["handles-too-many"]
