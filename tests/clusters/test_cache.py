"""What is kept outside the checkout: found again by content, never half made, not for ever."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.cluster.cache import cached, content_hash


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def _writing(text: str) -> Callable[[Path], None]:
    def build(folder: Path) -> None:
        (folder / "result").write_text(text)

    return build


def test_what_was_built_once_is_found_again() -> None:
    """The second call does not build."""
    first = cached("programs", "a", _writing("first"))

    second = cached("programs", "a", _writing("second"))

    assert first == second
    assert (second / "result").read_text() == "first"


def test_another_hash_is_another_result() -> None:
    """Nothing is taken for something else."""
    assert cached("programs", "a", _writing("a")) != cached("programs", "b", _writing("b"))


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """The next call builds anew instead of finding half a result."""

    def fail(folder: Path) -> None:
        (folder / "half").write_text("done")
        raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        cached("programs", "a", fail)

    assert [path.name for path in (tmp_path / "enc-operator/programs").iterdir() if path.is_dir()] == []
    assert (cached("programs", "a", _writing("whole")) / "result").read_text() == "whole"


def test_the_oldest_results_are_forgotten() -> None:
    """A cache that only grows fills somebody's disk."""
    results = [cached("programs", f"{number}", _writing("x")) for number in range(8)]
    for age, result in enumerate(reversed(results)):
        os.utime(result, (1_000_000 - age, 1_000_000 - age))

    cached("programs", "new", _writing("x"))

    assert [result.exists() for result in results] == [False] + [True] * 7


def test_a_hash_depends_on_texts_bytes_and_files_and_where_one_ends(tmp_path: Path) -> None:
    """No two lists of parts look the same."""
    (tmp_path / "file").write_text("ab")

    hashes = {
        content_hash("ab"),
        content_hash("a", "b"),
        content_hash("", "ab"),
        content_hash("ab", ""),
        content_hash("ba"),
    }

    assert len(hashes) == 5
    assert content_hash(tmp_path / "file") == content_hash("ab") == content_hash(b"ab")
