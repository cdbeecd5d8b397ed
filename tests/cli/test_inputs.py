"""Reading input: files, folders, standard input, and everything that cannot be read."""

import io
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from enc_operator.cli import inputs
from enc_operator.cli.inputs import read_paths


def test_folder(tmp_path: Path) -> None:
    """A folder's YAML and JSON files are read in order; hidden ones, other files and vendored folders are not."""
    for name in ("b.yaml", "a.yml", "c.json", ".hidden.yaml", "notes.txt", "x.yaml.default"):
        (tmp_path / name).write_text("a: 1")
    for folder in ("sub", ".git", "node_modules"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "d.yaml").write_text("a: 1")

    found = read_paths([str(tmp_path)])

    names = [str(Path(text.file).relative_to(tmp_path)) for text in found.texts]
    assert names == ["a.yml", "b.yaml", "c.json", "x.yaml.default", "sub/d.yaml"]
    assert found.errors == []
    assert not any(text.named for text in found.texts)


def test_named_file(tmp_path: Path) -> None:
    """A file that is named is read whatever it is called."""
    file = tmp_path / "manifest.txt"
    file.write_text("a: 1")

    assert [(text.text, text.named) for text in read_paths([str(file)]).texts] == [("a: 1", True)]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash is standard input."""
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"a: 1")))

    assert [(text.file, text.text) for text in read_paths(["-"]).texts] == [("<stdin>", "a: 1")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("\ufeffa: 1".encode(), "a: 1", id="UTF-8 with a byte order mark"),
        pytest.param("a: ü".encode("utf-16"), "a: ü", id="UTF-16 as Windows writes it"),
        pytest.param(b"", "", id="an empty file"),
    ],
)
def test_encodings(tmp_path: Path, content: bytes, expected: str) -> None:
    """Byte order marks are understood."""
    (tmp_path / "a.yaml").write_bytes(content)

    assert [text.text for text in read_paths([str(tmp_path)]).texts] == [expected]


def test_bad_files_do_not_stop_the_rest(tmp_path: Path) -> None:
    """What is no UTF-8, gone or a broken link is named with its place; the rest is read."""
    (tmp_path / "bad.yaml").write_bytes(b"a: 1\nb: \xff\n")
    (tmp_path / "good.yaml").write_text("a: 1")
    (tmp_path / "broken.yaml").symlink_to(tmp_path / "gone")

    found = read_paths([str(tmp_path), str(tmp_path / "gone.yaml")])

    assert [Path(text.file).name for text in found.texts] == ["good.yaml"]
    messages = [error.message.replace(f"{tmp_path}/", "") for error in found.errors]
    assert messages == [
        "bad.yaml:2: not UTF-8 (byte 0xff at offset 8)",
        "broken.yaml: No such file or directory",
        "gone.yaml: No such file or directory",
    ]


def test_pipes_in_folders_do_not_block(tmp_path: Path) -> None:
    """A named pipe in a folder is left out: reading it would wait for ever."""
    os.mkfifo(tmp_path / "pipe.yaml")

    assert read_paths([str(tmp_path)]).texts == []


def test_size_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file over the limit is refused before it fills the memory."""
    monkeypatch.setattr(inputs, "MAX_BYTES", 3)
    (tmp_path / "a.yaml").write_text("a: 1")

    assert "larger than 0 MiB" in read_paths([str(tmp_path)]).errors[0].message


def test_folder_without_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that cannot be listed is named."""

    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)

    assert read_paths([str(tmp_path)]).errors[0].message == f"{tmp_path}: Permission denied"


def test_a_file_that_is_named_twice(tmp_path: Path) -> None:
    """A file below a folder that is named too counts once."""
    file = tmp_path / "a.yaml"
    file.write_text("a: 1")

    assert len(read_paths([str(tmp_path), str(file), str(tmp_path)]).texts) == 1


def test_earlier_plans_are_output(tmp_path: Path) -> None:
    """Files that an earlier plan wrote below the input are left out; named, they are read."""
    file = tmp_path / "a.yaml"
    file.write_text(inputs.GENERATED + "a: 1")

    assert read_paths([str(tmp_path)]).texts == []
    assert len(read_paths([str(file)]).texts) == 1
