"""Grants as files: one for each owner; nothing of an earlier run is lost, nothing of the user's is overwritten."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from enc_operator.cli.grant.merging import Grant
from enc_operator.cli.grant.planning import Admitted, Opened
from enc_operator.cli.grant.rendering import HEADER
from enc_operator.cli.grant.writing import write_files
from enc_operator.errors import UsageError

ONE = Grant("db", "one", (Admitted("shop", "web"),), (Opened("orders", "password"),), None, ())
TWO = replace(ONE, name="two", opens=(Opened("orders", "user"),))
OTHER = replace(ONE, namespace="pay")


def names(file: Path) -> list[str]:
    """Return the names of the grants in a file."""
    return [item["metadata"]["name"] for item in yaml.safe_load_all(file.read_text())]


def test_one_file_for_each_owner(tmp_path: Path) -> None:
    """Each namespace has a file of its own; the folder is made."""
    files = write_files([ONE, TWO, OTHER], tmp_path / "new")

    assert [file.name for file in files] == ["secretgrants-db.yaml", "secretgrants-pay.yaml"]
    assert [names(file) for file in files] == [["one", "two"], ["one"]]
    assert len(list((tmp_path / "new").iterdir())) == 2


def test_earlier_grants_stay(tmp_path: Path) -> None:
    """A grant of an earlier run stays, as its reviewer left it; one that is written again is replaced."""
    [file] = write_files([ONE, TWO], tmp_path)
    file.write_text(file.read_text().replace("    - user\n", "    - user # agreed\n"))

    write_files([replace(ONE, opens=(Opened("orders", "other"),))], tmp_path)
    assert names(file) == ["one", "two"]
    assert "user # agreed" in file.read_text()
    assert "- password" not in file.read_text()


def test_again(tmp_path: Path) -> None:
    """Written again, a file is the same."""
    [file] = write_files([ONE, TWO], tmp_path)
    before = file.read_text()

    write_files([ONE, TWO], tmp_path)
    assert file.read_text() == before


def test_unreadable_rest_stays(tmp_path: Path) -> None:
    """What cannot be read in an earlier file stays as it stands."""
    file = tmp_path / "secretgrants-db.yaml"
    file.write_text(HEADER + "a: [\n---\nb: 1\n")

    write_files([ONE], tmp_path)
    assert file.read_text().endswith(f"---\n{HEADER}a: [\n---\nb: 1\n")


def test_foreign_file(tmp_path: Path) -> None:
    """A file that encctl did not write is left alone, and no other is written."""
    (tmp_path / "secretgrants-pay.yaml").write_text("mine: true\n")

    with pytest.raises(UsageError, match="was not written by encctl grant"):
        write_files([ONE, OTHER], tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["secretgrants-pay.yaml"]


def test_no_folder(tmp_path: Path) -> None:
    """A folder that cannot be made is said."""
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="file"):
        write_files([ONE], tmp_path / "file")
