"""Running the scripts that are delivered: the shells there are, and a clean environment."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

SHELLS = [
    pytest.param(command, id=command[0])
    for command in (["sh"], ["dash"], ["bash", "--posix"], ["busybox", "sh"])
    if shutil.which(command[0])
]
QUESTION = json.dumps({"version": "1.1", "secrets": ["pw"]}).encode()
Ran = subprocess.CompletedProcess[bytes]


def run(command: Sequence[str | Path], data: bytes = b"", **environment: str) -> Ran:
    """Run a command with nothing in its environment but what is given."""
    variables = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(command, input=data, capture_output=True, check=False, env=variables, timeout=60)


def write_program(path: Path, text: str) -> Path:
    """Write an executable file."""
    path.write_text(text)
    path.chmod(0o500)
    return path
