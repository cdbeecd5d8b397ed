"""Who wrote an object last, and when."""

from typing import Any

import pytest

from enc_operator.controller.managers import UNKNOWN, other_manager, written_at


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], UNKNOWN),
        ([{"manager": "helm", "time": "1"}, {"manager": "argocd", "time": "2"}], "argocd"),
        ([{"manager": "helm", "time": "1"}, {"manager": "enc-operator", "time": "2"}], "helm"),
        (
            [{"manager": "helm", "time": "1"}, {"manager": "kcm", "time": "2", "subresource": "status"}],
            "helm",
        ),
    ],
    ids=["nobody is named", "the last one", "not ourselves", "not who writes the status"],
)
def test_who_wrote_last(fields: list[dict[str, Any]], expected: str) -> None:
    """As the object's managedFields say."""
    assert other_manager({"metadata": {"managedFields": fields}}) == expected


def test_who_only_took_away_is_not_named() -> None:
    """A workload's managedFields name those who set something: who did so before the injection did not undo it."""
    fields = [{"manager": "helm", "time": "2026-01-01T00:00:01Z"}]

    assert other_manager({"metadata": {"managedFields": fields}}, "2026-01-01T00:00:02Z") == UNKNOWN
    assert other_manager({"metadata": {"managedFields": fields}}, "2026-01-01T00:00:01Z") == "helm"


def test_when_this_operator_wrote() -> None:
    """By the API server's clock."""
    fields = [{"manager": "enc-operator", "time": "1"}, {"manager": "helm", "time": "2"}]

    assert written_at({"metadata": {"managedFields": fields}}) == "1"
    assert written_at({}) == ""
