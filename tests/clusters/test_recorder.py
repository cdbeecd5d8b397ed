"""The recorder of the adoption's scenario: what it calls a loss, and what not."""

import pytest

from e2e.cluster.existing import ExistingCluster
from e2e.scenarios.check_recorder import Recorder

ONE, TWO = ("pod/shop/a/app", "k8s_secret@shop/db/key"), ("pod/shop/b/app", "k8s_secret@bank/db/key")
GOOD = {ONE: "resolved 1a", TWO: "resolved 2b"}


@pytest.mark.parametrize(
    ("seen", "losses"),
    [
        ([GOOD, GOOD], 0),
        ([{}, {ONE: GOOD[ONE]}, GOOD], 0),
        ([GOOD, {ONE: GOOD[ONE]}], 1),
        ([GOOD, {**GOOD, TWO: "failed"}], 1),
        ([GOOD, {**GOOD, TWO: "resolved 3c"}], 1),
        ([{ONE: "failed"}], 1),
        ([{("pod/shop/c/app", "k8s_secret@bank/other/key"): "failed"}], 0),
    ],
    ids=[
        "the same again is none",
        "what comes one by one is none",
        "what is gone is one",
        "what fails after it resolved is one",
        "another value is one",
        "what fails in a new pod is one",
        "a handle that nobody asked about is none",
    ],
)
def test_losses(seen: list[dict[tuple[str, str], str]], losses: int) -> None:
    """Each pod is compared with itself."""
    cluster = ExistingCluster.__new__(ExistingCluster)
    recorder = Recorder(cluster, "agents", {})

    for each in seen:
        recorder.note("agent-0", each, frozenset(handle for _, handle in GOOD))

    assert len(recorder.losses) == losses
    assert recorder.samples == {"agent-0": len(seen)}
    assert ("agent-0" in recorder.complete) == (GOOD in seen)
