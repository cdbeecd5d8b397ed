"""Slow results kept outside the checkout, each below the hash of everything that it was made from."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_KEPT = 8


def cache_folder() -> Path:
    """Return where results are kept (the XDG base directory specification's cache)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "enc-operator"


def content_hash(*parts: str | bytes | Path) -> str:
    """Hash texts and files (a Path stands for its content), each with its length, so that no two lists look the same."""
    digest = hashlib.sha256()
    for part in parts:
        data = (
            part.read_bytes() if isinstance(part, Path) else part.encode() if isinstance(part, str) else part
        )
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:32]


def cached(kind: str, digest: str, build: Callable[[Path], None]) -> Path:
    """Return the folder that `build` filled for this hash, building it unless it is there.

    A build that fails or is interrupted leaves nothing; two that want the same wait for each other.
    """
    folder = cache_folder() / kind
    result = folder / digest
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / f"{digest}.lock"):
        if not result.exists():
            _build(folder, result, build)
    os.utime(result)
    _forget_old(folder)
    return result


def _build(folder: Path, result: Path, build: Callable[[Path], None]) -> None:
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=folder))
    unfinished.chmod(0o755)
    try:
        build(unfinished)
        unfinished.rename(result)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _forget_old(folder: Path) -> None:
    for result in _newest_first(folder)[_KEPT:]:
        shutil.rmtree(result, ignore_errors=True)


def _newest_first(folder: Path) -> list[Path]:
    results: Iterable[Path] = (path for path in folder.iterdir() if path.is_dir() and "-" not in path.name)
    return sorted(results, key=lambda path: path.stat().st_mtime, reverse=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
