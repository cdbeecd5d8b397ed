"""Coverage-guided fuzzing of what reads foreign bytes, for a bounded time, where atheris has a build for this Python."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
_SECONDS = 10


@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris has no build for this Python or machine"
)
def test_arbitrary_bytes_are_read_or_refused(tmp_path: Path) -> None:
    """No input makes the readers of questions, answers and handles raise anything but their own refusals."""
    question = {"version": "1.1", "secrets": ["k8s_secret@ns/db/pw", "ns/db;pw", "file@/a/b", "pw"]}
    (tmp_path / "question").write_text(json.dumps(question))
    (tmp_path / "answer").write_bytes(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    )
    command = [
        sys.executable,
        str(HERE / "fuzzed_by_atheris.py"),
        f"-max_total_time={_SECONDS}",
        "-seed=1",
        "-max_len=4096",
        str(tmp_path),
    ]

    ran = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(HERE.parents[1] / "operator")},
    )

    assert ran.returncode == 0, ran.stderr[-3000:]
    assert "Done " in ran.stderr
