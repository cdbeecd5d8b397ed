"""The Pythons that can be found: the running one, those on PATH, and pyenv's."""

import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MINORS = range(8, 15)  # of Python 3, which the resolver runs on
_QUESTION = "import os, ssl, sys; print(*sys.version_info[:2], os.path.realpath(sys.executable))"


def _candidates() -> Iterator[Path]:
    yield Path(sys.executable)
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        yield from (Path(folder) / name for name in ("python3", *(f"python3.{minor}" for minor in MINORS)))
    root = os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv"
    yield from sorted((Path(root) / "versions").glob("3.*/bin/python3"))


@functools.cache
def find_interpreters() -> dict[Path, int]:
    """Return each interpreter that starts with TLS, by its real path, and its minor version."""
    found: dict[Path, int] = {}
    for candidate in dict.fromkeys(_candidates()):
        try:
            ran = subprocess.run(
                [candidate, "-IS", "-c", _QUESTION], capture_output=True, check=True, text=True
            )
        except (OSError, subprocess.CalledProcessError):
            continue  # not there, or pyenv's stand-in for a version that is not chosen
        major, minor, path = ran.stdout.rstrip("\n").split(" ", 2)
        if major == "3" and int(minor) in MINORS:
            found[Path(path)] = int(minor)
    return found
