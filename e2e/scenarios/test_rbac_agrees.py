"""The core's RBAC evaluator answers as the authorizer of a real API server does, for generated worlds and questions."""

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
import yaml

from e2e.cluster.existing import ExistingCluster
from e2e.cluster.interface import Cluster
from e2e.scenarios.applied_rbac import Answer, applied
from e2e.scenarios.generated_rbac import Asked, Object, generate_world
from enc_operator.cli.inputs import Text
from enc_operator.cli.loading import Options, load
from enc_operator.core.inventory import Question
from enc_operator.core.rbac.evaluation import Evaluator

SEEDS = range(8)
QUESTIONS = 1200
_KINDS = "clusterroles,clusterrolebindings,roles,rolebindings"


@dataclass(frozen=True)
class Compared:
    """The questions of a world with the API server's answers."""

    asked: tuple[Asked, ...]
    answers: tuple[Answer, ...]
    accepted: int
    refused: int


@pytest.fixture(scope="module")
def owned(api_server: Cluster) -> Cluster:
    """Take a cluster only if it is the tests' own: generated bindings give rights to every ServiceAccount that there is."""
    if isinstance(api_server, ExistingCluster):
        pytest.skip(
            "generated ClusterRoleBindings would give rights to strangers: this cluster is somebody's"
        )
    return api_server


@pytest.fixture(scope="module")
def run() -> str:
    """Make the id that the names of this run's objects begin with."""
    return f"enc-rbac-{secrets.token_hex(3)}"


@pytest.fixture(scope="module")
def compared() -> dict[int, Compared]:
    """Keep what was compared in each world so far."""
    return {}


@pytest.fixture(scope="module")
def built_in(owned: Cluster) -> list[Object]:
    """Read the API server's own roles and bindings, as a user does."""
    return read_back(owned)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"world {seed}")
def test_the_evaluator_answers_as_the_authorizer(
    seed: int, owned: Cluster, run: str, built_in: list[Object], compared: dict[int, Compared]
) -> None:
    """Fed with the manifests or with what the API server makes of them, encctl's evaluator gives the server's answers."""
    world = generate_world(seed, run, QUESTIONS)
    with applied(owned, world) as server:
        answers = server.ask(world.questions)
        now = read_back(owned)
    compared[seed] = Compared(world.questions, tuple(answers), len(server.accepted), len(server.refused))

    for how, objects in (("as written", [*built_in, *server.accepted]), ("as read back", now)):
        wrong = list(differences(objects, world.questions, answers))
        assert not wrong, f"{how}, {len(wrong)} differ; the first:\n{explain(*wrong[0], objects)}"


def test_the_worlds_are_worth_asking_about(compared: dict[int, Compared]) -> None:
    """Thousands of questions, a good share of each answer, and most of what is generated gets in."""
    if set(compared) != set(SEEDS):
        pytest.skip("only after all worlds")
    answers = [answer.allowed for each in compared.values() for answer in each.answers]
    accepted = sum(each.accepted for each in compared.values())
    refused = sum(each.refused for each in compared.values())

    assert len(answers) > 4000
    assert 0.2 < sum(answers) / len(answers) < 0.8
    assert accepted > 600
    assert 20 < refused < accepted / 4


def read_back(cluster: Cluster) -> list[Object]:
    """Return every role and binding as kubectl prints them."""
    found: list[Object] = json.loads(cluster.kubectl("get", _KINDS, "--all-namespaces", "--output=json"))[
        "items"
    ]
    return found


def evaluator(objects: Sequence[Object]) -> Evaluator:
    """Return encctl's evaluator over a file of these objects."""
    inventory = load(
        [Text("rbac.json", json.dumps({"kind": "List", "items": objects}), named=True)], Options()
    ).inventory
    replaced = "object-duplicate"  # meant here: an object that was sent twice
    assert not [fault for fault in inventory.faults if fault.code != replaced]
    return Evaluator(inventory.roles, inventory.bindings)


def offline(found: Evaluator, asked: Asked) -> bool:
    """Answer as encctl does, which asks for `get` only."""
    if asked.verb == "get":
        return found.may_get(Question(*asked.account, asked.namespace, asked.secret))
    return found.may(asked.verb, asked.account, asked.namespace, asked.secret)


def differences(
    objects: Sequence[Object], questions: Sequence[Asked], answers: Sequence[Answer]
) -> Iterator[tuple[Asked, Answer]]:
    """Yield the questions that the evaluator answers otherwise, with the API server's answers."""
    found = evaluator(objects)
    for asked, answer in zip(questions, answers, strict=True):
        if offline(found, asked) != answer.allowed:
            yield asked, answer


def explain(asked: Asked, answer: Answer, objects: Sequence[Object]) -> str:
    """Show a difference with the objects that it hangs on: those that the server names, or those that the evaluator needs."""
    if answer.allowed:
        shown = [each for each in objects if f'"{each["metadata"]["name"]}' in answer.reason]
    else:
        shown = needed(asked, objects)
    return f"{asked}\nthe API server: {answer}\n{yaml.safe_dump_all(shown)}"


def needed(asked: Asked, objects: Sequence[Object]) -> list[Object]:
    """Return few objects with which the evaluator still says yes."""
    kept = list(objects)
    size = len(kept) // 2
    while size:
        start = 0
        while start < len(kept):
            less = kept[:start] + kept[start + size :]
            if offline(evaluator(less), asked):
                kept = less
            else:
                start += size
        size //= 2
    return kept
