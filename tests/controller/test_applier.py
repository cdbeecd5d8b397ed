"""Writes of a namespace: in order, with what was seen, and known before the watch tells."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from enc_operator.cluster.calls import ApiError, Call
from enc_operator.cluster.writes import Writer
from enc_operator.controller.applier import Applier, Done, Overlay
from enc_operator.core.rbac.convergence import Write, Written, converge, read_written
from enc_operator.core.rbac.planning import Need, plan_permissions

PERMISSION = plan_permissions([(Need("shop", "dd", "node", "db"), 1)])[0]


class Recorded(Writer):
    """A writer that notes what it is asked for, and fails where it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Any]] = []
        self.failing: dict[tuple[str, str], Exception] = {}
        self.stored: dict[str, Any] = {}

    def create(self, manifest: Mapping[str, Any], *, dry_run: bool = False) -> Mapping[str, Any]:
        """Note a creation."""
        del dry_run
        return self._done("create", manifest["kind"], manifest)

    def replace(
        self, manifest: Mapping[str, Any], uid: str, resource_version: str, *, dry_run: bool = False
    ) -> Mapping[str, Any]:
        """Note a replacement."""
        del dry_run, uid, resource_version
        return self._done("replace", manifest["kind"], manifest)

    def delete(
        self, kind: str, namespace: str, name: str, uid: str, resource_version: str, *, dry_run: bool = False
    ) -> bool:
        """Note a deletion."""
        del namespace, name, dry_run
        self._done("delete", kind, {"metadata": {"uid": uid, "resourceVersion": resource_version}})
        return True

    def get(self, kind: str, namespace: str, name: str) -> Mapping[str, Any]:
        """Return what there is."""
        del namespace, name
        if ("get", kind) in self.failing:
            raise self.failing["get", kind]
        found: Mapping[str, Any] = self.stored[kind]
        return found

    def _done(self, method: str, kind: str, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
        if (method, kind) in self.failing:
            raise self.failing[method, kind]
        self.calls.append((method, kind, manifest))
        return {**manifest, "metadata": {"uid": "u", "resourceVersion": "5", **manifest["metadata"]}}


class Applied:
    """An applier, what it did, and how to wait for it."""

    def __init__(self, epoch: int | None) -> None:
        self.writer, self.done, self._came = Recorded(), list[Done](), threading.Semaphore(0)
        self.applier = Applier(self.writer, lambda: epoch, self._hear, "here")

    def run(self, *steps: tuple[Write, ...]) -> Done:
        """Write, and wait for the end."""
        self.applier.submit("shop", steps)
        assert self._came.acquire(timeout=10)
        assert self.applier.busy == set()
        return self.done[-1]

    def _hear(self, done: Done) -> None:
        self.done.append(done)
        self._came.release()


@pytest.fixture
def applied() -> Iterator[Applied]:
    """Make an applier of a leader."""
    found = Applied(7)
    yield found
    found.applier.close()


def error(status: int) -> ApiError:
    """Make an answer of the API server."""
    return ApiError(Call("POST", "/x"), status, "", f"{status} said so")


def creation() -> tuple[Write, ...]:
    """Return the step that makes the pair."""
    return next(converge([PERMISSION], [], "here"))


def test_every_write_carries_the_epoch(applied: Applied) -> None:
    """And counts as known from then on."""
    done = applied.run(creation())

    assert (done.writes, done.refused) == (2, ())
    assert [call[:2] for call in applied.writer.calls] == [("create", "Role"), ("create", "RoleBinding")]
    notes = [call[2]["metadata"]["annotations"]["enc-operator.io/epoch"] for call in applied.writer.calls]
    assert notes == ["7", "7"]
    known = applied.applier.overlay.over("shop", [])
    assert list(converge([PERMISSION], known, "here")) == []
    assert applied.applier.overlay.over("bank", []) == []


def test_who_does_not_lead_writes_nothing() -> None:
    """Deletions neither."""
    applied = Applied(None)
    written = [read_written(write.kind, _stored(write)) for write in creation()]

    refused = applied.run(*converge([], written, "here")).refused + applied.run(creation()).refused

    assert [each.message for each in refused] == ["this process is not the leader any more"] * 2
    assert applied.writer.calls == []
    applied.applier.close()


def test_a_binding_is_not_made_over_a_role_that_was_refused(applied: Applied) -> None:
    """The step ends there."""
    applied.writer.failing["create", "Role"] = error(403)

    done = applied.run(creation())

    assert done.writes == 0
    assert [(each.status, each.conflict) for each in done.refused] == [(403, False)]
    assert applied.writer.calls == []


def test_deletions_name_what_was_seen(applied: Applied) -> None:
    """And of one that is gone already the watch will tell: should it not, it is still there."""
    written = [read_written(write.kind, _stored(write)) for write in creation()]
    applied.writer.failing["delete", "Role"] = error(404)

    done = applied.run(*converge([], written, "here"))

    assert [(each.status, each.conflict) for each in done.refused] == [(404, True)]
    assert applied.writer.calls[0][2]["metadata"] == {"uid": "uid", "resourceVersion": "3"}
    assert applied.applier.overlay.over("shop", written) == written[:1]


def test_an_answer_that_is_no_role_ends_nothing(applied: Applied) -> None:
    """The namespace is free again, and the write counts as refused."""
    applied.writer.failing["create", "Role"] = KeyError("metadata")

    done = applied.run(creation())

    assert [each.message for each in done.refused] == ["KeyError in the answer to the write"]
    assert applied.applier.busy == set()


def test_a_name_that_somebody_else_has_is_said(applied: Applied) -> None:
    """It is not adopted, and no binding is made over it."""
    applied.writer.failing["create", "Role"] = error(409)
    applied.writer.stored["Role"] = {"metadata": {"name": PERMISSION.name}}

    refused = applied.run(creation()).refused

    assert "is somebody else's" in refused[0].message
    assert not refused[0].conflict
    assert applied.writer.calls == []


def test_what_is_ours_after_all_is_known_from_then_on(applied: Applied) -> None:
    """An answer was lost, or the watch is late: the next try builds on it."""
    role = creation()[0]
    applied.writer.failing["create", "Role"] = error(409)
    applied.writer.stored["Role"] = _stored(role)

    refused = applied.run(creation()).refused

    assert refused[0].conflict
    known = applied.applier.overlay.over("shop", [])
    assert [write.kind for step in converge([PERMISSION], known, "here") for write in step] == ["RoleBinding"]


@pytest.mark.parametrize(
    ("status", "said"), [(503, 503), (404, 409)], ids=["nobody answers", "it has gone meanwhile"]
)
def test_who_has_the_name_may_be_unknown(applied: Applied, status: int, said: int) -> None:
    """Then that is what is said; what has gone is in nobody's way."""
    applied.writer.failing["create", "Role"] = error(409)
    applied.writer.failing["get", "Role"] = error(status)

    assert applied.run(creation()).refused[0].status == said


def test_a_conflict_of_another_kind_is_tried_again(applied: Applied) -> None:
    """The object was changed meanwhile."""
    old = read_written("Role", _stored(creation()[0]))
    spoilt = Written(old.kind, old.namespace, old.name, old.uid, old.version, "other", old.role)
    applied.writer.failing["replace", "Role"] = error(409)

    done = applied.run(*converge([PERMISSION], [spoilt], "here"))

    assert done.refused[0].conflict


@pytest.mark.parametrize(
    ("uid", "version", "shown"),
    [("u", "4", "9"), ("u", "9", "9"), ("u", "10", "10"), ("v", "2", "9"), ("v", "10", "10")],
    ids=["an older version", "the same version", "a newer version", "its predecessor", "its successor"],
)
def test_the_watch_wins_once_it_knows_as_much(uid: str, version: str, shown: str) -> None:
    """Versions are numbers of one kind's history."""
    overlay = Overlay()
    overlay.written(_written("u", "9"))

    assert [each.version for each in overlay.over("shop", [_written(uid, version)])] == [shown]


def test_what_was_deleted_is_gone_until_another_comes() -> None:
    """The watch may still show it, or what was there before it."""
    overlay = Overlay()
    overlay.deleted(_written("u", "4"))

    assert overlay.over("shop", [_written("t", "2")]) == []
    assert overlay.over("shop", [_written("u", "4")]) == []
    assert [each.uid for each in overlay.over("shop", [_written("v", "6")])] == ["v"]


def test_what_is_only_marked_as_deleted_is_there() -> None:
    """A finalizer holds it, and RBAC counts it."""
    overlay = Overlay()
    overlay.deleted(_written("u", "4"))

    assert [each.version for each in overlay.over("shop", [_written("u", "5")])] == ["5"]


@pytest.mark.parametrize(
    ("told", "left"),
    [({}, 1), ({"Role": 8}, 1), ({"Role": 9}, 0), ({"RoleBinding": 10}, 1)],
    ids=["nothing was told", "it was written later", "it has ended since", "another kind was told"],
)
def test_what_is_not_there_any_more_has_ended(told: dict[str, int], left: int) -> None:
    """The watch may tell of the end before the answer to the write has come, or not at all, being blind."""
    overlay = Overlay()
    overlay.written(_written("u", "9"))

    assert len(overlay.over("shop", [], told)) == left


def test_an_end_that_was_told_is_not_kept() -> None:
    """Nothing stays of objects that are gone."""
    overlay = Overlay()
    overlay.deleted(_written("u", "4"))

    overlay.over("shop", [], {"Role": 5})

    assert len(overlay.over("shop", [_written("u", "4")])) == 1


def _written(uid: str, version: str) -> Written:
    return Written("Role", "shop", PERMISSION.name, uid, version, "content")


def _stored(write: Write) -> dict[str, Any]:
    manifest = dict(write.manifest or {})
    return {**manifest, "metadata": {**manifest["metadata"], "uid": "uid", "resourceVersion": "3"}}
