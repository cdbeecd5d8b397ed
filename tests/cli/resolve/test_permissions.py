"""The Agent's check of its executable's permissions, on real files."""

from pathlib import Path

import pytest

from enc_operator.cli.resolve.permissions import (
    WINDOWS_RULES,
    Permissions,
    decide_faults,
    read_permissions,
)


@pytest.mark.parametrize(
    ("mode", "allow_group", "whats"),
    [
        pytest.param(0o500, False, [], id="the owner alone may read and execute"),
        pytest.param(0o700, False, [], id="the owner may write too"),
        pytest.param(0o550, True, [], id="the group may execute where that is allowed"),
        pytest.param(0o550, False, ["its group has rights on it (r-x)"], id="a group that may execute"),
        pytest.param(0o520, False, ["its group has rights on it (-w-)"], id="a group that may write"),
        pytest.param(
            0o570, True, ["its group may write to it (rwx)"], id="a group that may write where r-x is allowed"
        ),
        pytest.param(0o504, False, ["others have rights on it (r--)"], id="others that may read"),
        pytest.param(
            0o755,
            False,
            ["others have rights on it (r-x)", "its group has rights on it (r-x)"],
            id="what chmod +x gives",
        ),
        pytest.param(0o400, False, ["nobody may execute it"], id="a file that nobody may execute"),
        pytest.param(
            0o644,
            True,
            ["others have rights on it (r--)", "nobody may execute it"],
            id="the mode of a ConfigMap's file",
        ),
    ],
)
def test_modes(mode: int, allow_group: bool, whats: list[str], tmp_path: Path) -> None:  # noqa: FBT001
    """Every right that the Agent refuses is a fault, and the fix makes it go away."""
    file = tmp_path / "an executable"
    file.write_text("")
    file.chmod(mode)

    found = read_permissions(str(file), allow_group=allow_group)

    assert [fault.what for fault in found.faults] == whats
    wanted = "0550" if allow_group else "0500"
    assert all(fault.fix.startswith(f"chmod {wanted} '{file}'") for fault in found.faults)
    assert dict(found.details)["File mode"] == f"100{mode:o}"


def test_group_rights_name_the_setting_that_allows_them() -> None:
    """The Agent's image allows its group, so the fix names that setting; it would not help against a group that writes."""
    for mode, helps in ((0o100550, True), (0o100570, False)):
        [fault] = decide_faults("f", mode, allow_group=False, executable=True, mounted=False)
        assert ("secret_backend_command_allow_group_exec_perm" in fault.fix) is helps


def test_a_file_of_a_volume_is_fixed_in_the_volume(tmp_path: Path) -> None:
    """A ConfigMap's file is a link of the kubelet's: chmod does not last, defaultMode does."""
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data/fetch").write_text("")
    (tmp_path / "..data/fetch").chmod(0o644)
    (tmp_path / "fetch").symlink_to("..data/fetch")

    found = read_permissions(str(tmp_path / "fetch"), allow_group=False)

    assert {fault.fix.partition(";")[0] for fault in found.faults} == {"defaultMode: 0500 in the volume"}


def test_somebody_elses_executable() -> None:
    """One that its owner may execute and we may not is checked as the Agent's user."""
    [fault] = decide_faults("f", 0o100500, allow_group=False, executable=False, mounted=False)

    assert (fault.what, fault.fix) == (
        "you may not execute it",
        "run this as the Agent's user (sudo -u dd-agent …), or chown it",
    )


@pytest.mark.parametrize(
    ("path", "what"),
    [
        pytest.param("gone", "cannot be looked at: No such file or directory", id="no file"),
        pytest.param(".", "is no file", id="a folder"),
    ],
)
def test_no_file(path: str, what: str, tmp_path: Path) -> None:
    """What is no file is a fault of its own."""
    assert read_permissions(str(tmp_path / path), allow_group=False).faults[0].what == what


def test_on_windows_the_rules_are_listed(tmp_path: Path) -> None:
    """Access control lists are not read: what the Agent checks there is said."""
    assert read_permissions(str(tmp_path), allow_group=False, windows=True) == Permissions(
        str(tmp_path), rules=WINDOWS_RULES
    )
    assert "ddagentuser" in WINDOWS_RULES[0]


def test_owner_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container users often have no name: the number is shown."""

    def unknown(_: int) -> None:
        raise KeyError

    (tmp_path / "f").write_text("")
    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.setattr("grp.getgrgid", unknown)

    details = dict(read_permissions(str(tmp_path / "f"), allow_group=False).details)

    status = (tmp_path / "f").stat()
    assert (details["Owner"], details["Group"]) == (str(status.st_uid), str(status.st_gid))
