"""Writing a corrected text: what a file is besides its text stays as it is."""

import codecs
import os
from pathlib import Path

import pytest

from enc_operator.cli.fixing.files import write_text
from enc_operator.errors import InputError


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        pytest.param(b"", "utf-8", id="UTF-8"),
        pytest.param(codecs.BOM_UTF8, "utf-8", id="UTF-8 with a byte order mark"),
        pytest.param(codecs.BOM_UTF16_LE, "utf-16-le", id="UTF-16, little end first"),
        pytest.param(codecs.BOM_UTF16_BE, "utf-16-be", id="UTF-16, big end first"),
    ],
)
def test_encoding(mark: bytes, encoding: str, tmp_path: Path) -> None:
    """Encoding, byte order mark and line ends stay."""
    file = tmp_path / "a.yaml"
    file.write_bytes(mark + "é: 1\r\n".encode(encoding))

    write_text(str(file), "é: 1\r\n", "é: 2\r\n")

    assert file.read_bytes() == mark + "é: 2\r\n".encode(encoding)
    assert os.listdir(tmp_path) == ["a.yaml"]  # noqa: PTH208 - with the names that begin with a dot


def test_mode_and_link(tmp_path: Path) -> None:
    """A link stays one, and the file behind it keeps its mode."""
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real/a.yaml", tmp_path / "link.yaml"
    real.write_text("a: 1\n")
    real.chmod(0o640)
    link.symlink_to("real/a.yaml")

    write_text(str(link), "a: 1\n", "a: 2\n")

    assert link.is_symlink()
    assert real.read_text() == "a: 2\n"
    assert real.stat().st_mode & 0o777 == 0o640


def test_changed_meanwhile(tmp_path: Path) -> None:
    """What somebody else has written since is not overwritten."""
    file = tmp_path / "a.yaml"
    file.write_text("a: 3\n")

    with pytest.raises(InputError, match="changed while it was read"):
        write_text(str(file), "a: 1\n", "a: 2\n")

    assert file.read_text() == "a: 3\n"


def test_no_file(tmp_path: Path) -> None:
    """What cannot be read or written is said with the file's name."""
    with pytest.raises(InputError, match=r"gone\.yaml: No such file or directory; not fixed"):
        write_text(str(tmp_path / "gone.yaml"), "a", "b")
