"""What reviews leave behind in a server that lasts: nothing that could be counted."""

import gc
import json
import sys
from collections.abc import Callable

import pytest
import urllib3

from enc_operator.core.admission.world import World
from enc_operator.webhook.judging import CoreJudge
from reviewing import FOREIGN, OWN, document, pod, world
from serving_reviews import Served

_REVIEWS = 1000  # what a busy machine allocates beside them, some 250 blocks, is far from half as many


class Facts:
    """One world for ever."""

    def __init__(self) -> None:
        self._world = world()

    def world(self) -> World:
        """Return it."""
        return self._world

    def is_current(self, world: World) -> bool:
        """Know of no other."""
        return world is self._world


@pytest.mark.parametrize(
    ("asked", "cut"),
    [(OWN, 0), (FOREIGN, 0), (OWN, 9)],
    ids=["what is allowed", "what is refused", "what is no review"],
)
def test_no_object_outlives_its_review(serving: Callable[..., Served], asked: str, cut: int) -> None:
    """After many reviews there are not even half as many blocks of memory more than before."""
    judge = CoreJudge(Facts())
    body = json_of(asked)
    body = body[: len(body) - cut]
    served = serving(looks=())
    served.judge.begin, served.judge.quick = judge.begin, True  # type: ignore[method-assign]
    with served.client() as client:
        send(client, body)
        before = blocks()
        send(client, body)
        after = blocks()

    assert after - before < _REVIEWS / 2


def send(client: urllib3.HTTPSConnectionPool, body: bytes) -> None:
    """Send the same review many times."""
    for _ in range(_REVIEWS):
        assert client.request("POST", "/validate", body=body).status in {200, 400}


def json_of(handle: str) -> bytes:
    """Return a pod's review."""
    return json.dumps(document(pod(handle))).encode()


def blocks() -> int:
    """Count what is allocated and not garbage."""
    gc.collect()
    return sys.getallocatedblocks()
