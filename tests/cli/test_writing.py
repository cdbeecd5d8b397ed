"""`--output-dir`: files for GitOps, the same every time, and nobody else's."""

from pathlib import Path

import pytest
import yaml

from assessing import NODE_AGENT, pod
from enc_operator.cli.main import main

GOOD = f"{NODE_AGENT}\n---\n{pod()}"


def test_output_folder(good: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--output-dir` writes files that GitOps can take, a kustomization included, and the same ones again."""
    folder = tmp_path / "out"

    for _ in range(2):
        assert main(["plan", good, "--output-dir", str(folder)]) == 0
        names = sorted(file.name for file in folder.iterdir())
        assert names == [
            "agent-daemonset-node-dd.yaml",
            "kustomization.yaml",
            "rbac-shop.yaml",
            "resolver-dd.yaml",
        ]
        listed = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
        assert listed == ["agent-daemonset-node-dd.yaml", "rbac-shop.yaml", "resolver-dd.yaml"]
    assert "4 files written" in capsys.readouterr().err


def test_output_folder_forgets(good: str, bad: str, tmp_path: Path) -> None:
    """What is no longer planned is taken away; what somebody else wrote there stays."""
    folder = tmp_path / "out"
    main(["plan", good, "--output-dir", str(folder)])
    (folder / "mine.yaml").write_text("mine: yes\n")

    main(["plan", bad, "--output-dir", str(folder)])

    assert sorted(file.name for file in folder.iterdir()) == ["kustomization.yaml", "mine.yaml"]
    assert yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"] == []


def test_output_folder_in_the_input(tmp_path: Path) -> None:
    """A plan that is written below its own input is the same every time."""
    (tmp_path / "a.yaml").write_text(GOOD)
    folder = tmp_path / "out"
    written = []

    for _ in range(3):
        main(["plan", str(tmp_path), "--output-dir", str(folder)])
        written.append({file.name: file.read_text() for file in folder.iterdir()})

    assert len(written[0]) == 4
    assert written[0] == written[1] == written[2]


def test_output_folder_that_cannot_be_written(good: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that cannot be made is a clear error, and no traceback."""
    assert main(["plan", good, "--output-dir", "/proc/enc"]) == 2
    assert "choose a folder that can be written" in capsys.readouterr().err


def test_output_folder_overwrites_nobody(
    good: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file of somebody else's in the way is an error, and nothing is written."""
    (tmp_path / "rbac-shop.yaml").write_text("mine: yes\n")

    assert main(["plan", good, "--output-dir", str(tmp_path)]) == 2
    assert "was not written by encctl" in capsys.readouterr().err
    assert not (tmp_path / "kustomization.yaml").exists()


def test_output_folder_is_a_file(good: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A file cannot be the folder."""
    assert main(["plan", good, "--output-dir", good]) == 2
    assert "is no folder" in capsys.readouterr().err
