"""What a test run says of a cluster that cannot be had: never nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("ci", "code"),
    [
        pytest.param("", 0, id="a person's machine leaves the level out"),
        pytest.param("true", 1, id="in CI that is a failure"),
    ],
)
def test_a_level_that_cannot_run_is_named_with_the_reason(tmp_path: Path, ci: str, code: int) -> None:
    """The last lines of the run name level and reason, whether it fails or not."""
    environment = {**os.environ, "ENC_E2E_CLUSTER": "kind", "PATH": str(tmp_path), "CI": ci}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--no-cov",
        "-p",
        "no:cacheprovider",
        "e2e/scenarios/test_node.py",
    ]

    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert ran.returncode == code
    assert "level node: NOT RUN on this machine: kind needs docker, which is not installed" in ran.stdout
