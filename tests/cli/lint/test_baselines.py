"""Baseline files: which file is written and which is not, and what is said of old entries."""

import json
from pathlib import Path

import pytest

from assessing import pod
from enc_operator.cli.main import main

DENIED = pod("ENC[k8s_secret@db/orders/password]")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Start in a folder with two files that have findings."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/a.yaml").write_text(DENIED)
    (tmp_path / "shop/b.yaml").write_text(DENIED.replace("name: web", "name: b"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(file: str = "known.json") -> list[dict[str, str]]:
    """Return the entries of a baseline."""
    return list(json.loads(Path(file).read_text())["findings"])


def lint(*arguments: str) -> int:
    """Run encctl lint."""
    return main(["lint", *arguments])


def test_wherever_it_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are named below the baseline's folder, so that it holds from every folder and every way to write a path."""
    lint("--write-baseline", "known.json", "shop")
    text = Path("known.json").read_text()
    lint("--write-baseline", "known.json", "./shop/../shop")

    assert Path("known.json").read_text() == text
    assert {entry["file"] for entry in written()} == {"shop/a.yaml", "shop/b.yaml"}
    assert lint("--baseline", str(Path("known.json").absolute()), str(Path("shop").absolute())) == 0
    monkeypatch.chdir("shop")
    assert lint("--baseline", "../known.json", ".") == 0


def test_written_anew(capsys: pytest.CaptureFixture[str]) -> None:
    """A baseline that is written anew keeps what still occurs, and forgets the rest."""
    lint("--write-baseline", "known.json", "shop")
    Path("shop/b.yaml").write_text(pod(name="b"))
    capsys.readouterr()

    assert lint("--baseline", "known.json", "--write-baseline", "known.json", "shop") == 0
    assert capsys.readouterr().err == "2 findings written to known.json\n"
    denied = [entry for entry in written() if entry["code"] == "access-denied"]
    assert [entry["file"] for entry in denied] == ["shop/a.yaml"]
    assert lint("--baseline", "known.json", "--write-baseline", "other.json", "shop/a.yaml") == 0
    assert [entry for entry in written("other.json") if entry["code"] == "access-denied"] == denied


def test_written_below_another_folder() -> None:
    """A baseline made of another in a different folder names files its own way."""
    lint("--write-baseline", "known.json", "shop")
    lint("--baseline", "known.json", "--write-baseline", "shop/known.json", "shop/a.yaml")

    assert {entry["file"] for entry in written("shop/known.json")} == {"a.yaml"}
    assert lint("--baseline", "shop/known.json", "shop/a.yaml") == 0


def test_old_entries(capsys: pytest.CaptureFixture[str]) -> None:
    """Entries that no longer occur are said and fail nothing; of files that were not read nothing is said."""
    lint("--write-baseline", "known.json", "shop")
    Path("shop/b.yaml").write_text(pod(name="b"))
    capsys.readouterr()

    assert lint("--baseline", "known.json", "shop/a.yaml") == 0
    assert capsys.readouterr().err == ""
    assert lint("--baseline", "known.json", "shop") == 0
    assert capsys.readouterr().err == (
        "encctl: 1 finding of known.json no longer occurs (access-denied in shop/b.yaml): "
        "write it anew with --write-baseline\n"
    )
    Path("shop/a.yaml").unlink()
    assert lint("--baseline", "known.json", "shop/b.yaml") == 0
    assert "2 findings of known.json no longer occur (" in capsys.readouterr().err


def test_ignored_is_not_written() -> None:
    """What is ignored has its own reason, and needs no place in the baseline."""
    marked = DENIED.replace("    ad.", "    # encctl: ignore[access-denied] because it is meant\n    ad.")
    Path("shop/a.yaml").write_text(marked)
    lint("--write-baseline", "known.json", "shop/a.yaml")

    assert [entry["code"] for entry in written()] == ["no-agent"]


def test_unread_input(capsys: pytest.CaptureFixture[str]) -> None:
    """What could not be read can be in no baseline, and nothing is written while a file is missing."""
    Path("shop/c.yaml").write_text("a: [")

    assert lint("--write-baseline", "known.json", "shop") == 1
    assert "yaml-invalid" in capsys.readouterr().out
    assert "yaml-invalid" not in {entry["code"] for entry in written()}
    assert lint("--write-baseline", "other.json", "shop", "gone.yaml") == 2
    assert "other.json was not written: some input could not be read" in capsys.readouterr().err
    assert not Path("other.json").exists()
    assert lint("--baseline", "known.json", "gone.yaml", "shop/a.yaml") == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(None, "No such file or directory; write a baseline first", id="no file"),
        pytest.param("{", "line 1: not JSON", id="not JSON"),
        pytest.param('{"version": 9, "findings": []}', "its version is not 1", id="another version"),
        pytest.param(b"\xff", "not UTF-8", id="not UTF-8"),
    ],
)
def test_bad_baseline(text: str | bytes | None, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A baseline that cannot be read is an error, never as if it were empty."""
    if text is not None:
        Path("known.json").write_bytes(text.encode() if isinstance(text, str) else text)

    assert lint("--baseline", "known.json", "shop") == 2
    assert capsys.readouterr().err.startswith(f"encctl: known.json: {message}")


@pytest.mark.parametrize(
    "file",
    [
        pytest.param("shop/a.yaml", id="a manifest"),
        pytest.param("shop", id="a folder"),
        pytest.param("gone/known.json", id="in no folder"),
    ],
)
def test_what_is_not_overwritten(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Only a baseline is written over; what was there stays."""
    assert lint("--write-baseline", file, "shop") == 2
    assert capsys.readouterr().err.startswith(f"encctl: {file}: ")
    assert Path("shop/a.yaml").read_text() == DENIED
    assert not list(Path().rglob(".*.new"))


def test_empty_file() -> None:
    """An empty file, as mktemp makes one, is no loss."""
    Path("known.json").touch()

    assert lint("--write-baseline", "known.json", "shop") == 0
    assert len(written()) == 3
