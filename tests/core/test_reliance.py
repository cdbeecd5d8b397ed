"""On what Agents rely beyond what is given to them, from manifests."""

import pytest

from assessing import CLUSTER_AGENT, NODE_AGENT, assess_texts, inventory_of, pod
from enc_operator.core.assessment import Assessment
from enc_operator.core.inventory import Question
from enc_operator.core.judgement import Judged
from enc_operator.core.rbac.planning import Need
from enc_operator.core.reliance import (
    Cause,
    Reliance,
    find_uncovered,
    global_question,
    questions_of_reliance,
    relying,
    resolves_today,
)

ACCOUNT = ("dd", "node")
BACKEND = "{name: DD_SECRET_BACKEND_COMMAND, value: /readsecret_multiple_providers.sh}"
WITH_BACKEND = NODE_AGENT.replace("agent:7}", f"agent:7, env: [{BACKEND}]}}")
DENIED = "ENC[k8s_secret@db/orders/password]"
NEED = Need("shop", "dd", "node", "db")


def judged_of(*texts: str) -> tuple[Judged, ...]:
    """Judge what an Agent with the built-in script resolves."""
    found: Assessment = assess_texts(WITH_BACKEND, *texts)
    assert inventory_of(*texts).pods
    return found.judged


def rely(judged: tuple[Judged, ...], *given: Need) -> Reliance:
    """Return on what it relies with a permission for the whole cluster."""
    return relying(find_uncovered(judged, set(given)), [ACCOUNT], {global_question(ACCOUNT): True})


def test_what_is_given_is_covered() -> None:
    """And what is not breaks, for whatever reason."""
    judged = judged_of(pod(), pod(DENIED, name="other"))

    found = rely(judged, NEED)

    assert (found.wide, found.covered, found.open) == ((ACCOUNT,), 1, 0)
    assert [each.cause for each in found.breaks] == [Cause.DENIED]
    assert list(questions_of_reliance(find_uncovered(judged, {NEED}), [ACCOUNT])) == [
        global_question(ACCOUNT),
        Question(*ACCOUNT, "db", "orders"),
    ]


@pytest.mark.parametrize(
    "handle",
    ["ENC[file@/etc/passwd]", "ENC[file@/var/run/secrets/kubernetes.io/serviceaccount/token]", "ENC[what@ever]"],
    ids=["a file", "a token", "an unknown provider"],
)  # fmt: skip
def test_what_no_permission_on_secrets_lets_it_resolve(handle: str) -> None:
    """It neither breaks nor is covered."""
    found = rely(judged_of(pod(handle)))

    assert found == Reliance((ACCOUNT,))


def test_an_agent_that_nobody_shows_asks_for_nothing() -> None:
    """Nor one that has no part in it."""
    [item] = assess_texts(CLUSTER_AGENT, pod()).judged

    assert not resolves_today(item.reference)
    assert relying(find_uncovered([item], set()), [], {}) == Reliance()
