"""Mounted files: what is read, and every way out that is closed."""

import os
import socket
from pathlib import Path

import pytest

from enc_resolver.files import FileRefusedError, find_root, read_below


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Lay out a folder as the kubelet mounts a Secret, with some things beside it."""
    root = tmp_path / "root"
    (root / "..2024_01" / "sub").mkdir(parents=True)
    (root / "..2024_01" / "pw").write_text("from-kubelet")
    (root / "..2024_01" / "sub" / "key").write_text("nested")
    (root / "..data").symlink_to("..2024_01")
    (root / "pw").symlink_to("..data/pw")
    (root / "sub").symlink_to("..data/sub")
    (root / "plain").write_bytes(b" bytes\xff\n")
    (root / "team").mkdir()
    (root / "team" / "own").write_text("own")
    (root / "team" / "up").symlink_to("../plain")
    (root / "team" / "abs").symlink_to(root / "team" / "own")
    (root / "team" / "abs-up").symlink_to(root / "plain")
    (root / "team" / "self").symlink_to(".")
    (tmp_path / "outside").write_text("canary")
    (root / "out").symlink_to("../outside")
    (root / "abs-out").symlink_to(tmp_path / "outside")
    (root / "prefix-out").symlink_to(f"{root}-other/pw")
    (root / "loop").symlink_to("loop")
    (root / "dangling").symlink_to("nowhere")
    os.mkfifo(root / "fifo")
    (root / "limit").write_bytes(b"x" * 8192)
    (root / "large").write_bytes(b"x" * 8193)
    (root / "device").symlink_to("/dev/zero")
    (root / "process").symlink_to("/proc/self/environ")
    return root


@pytest.mark.parametrize(
    ("path", "whole_root", "expected"),
    [
        pytest.param("plain", False, b" bytes\xff\n", id="a plain file, byte for byte"),
        pytest.param("/./team//own", False, b"own", id="a spelling that only readsecret's users have"),
        pytest.param("pw", False, b"from-kubelet", id="the kubelet's ..data form"),
        pytest.param("sub/key", False, b"nested", id="the kubelet's form with a path"),
        pytest.param("team/self/own", False, b"own", id="a link to its own folder"),
        pytest.param("team/abs", False, b"own", id="an absolute link inside its folder"),
        pytest.param("team/up", True, b" bytes\xff\n", id="a link inside the root, where that is the rule"),
        pytest.param("team/abs-up", True, b" bytes\xff\n", id="an absolute link inside the root"),
        pytest.param("limit", False, b"x" * 8192, id="as large as allowed"),
    ],
)
def test_file_is_read(root: Path, path: str, whole_root: bool, expected: bytes) -> None:  # noqa: FBT001
    """A regular file below the root is read as it is."""
    assert read_below(str(root), path, whole_root=whole_root) == expected


@pytest.mark.parametrize(
    ("path", "whole_root", "message"),
    [
        pytest.param("absent", False, "secret does not exist", id="absent"),
        pytest.param("dangling", False, "secret does not exist", id="a dangling link"),
        pytest.param("plain/x", False, "cannot be read: Not a directory", id="a file as a folder"),
        pytest.param("team", False, "is not a regular file", id="a folder"),
        pytest.param("team/self", False, "is a folder, not a file", id="a link to a folder"),
        pytest.param("fifo", False, "is not a regular file", id="a FIFO, without waiting for its writer"),
        pytest.param("socket", False, "is not a regular file", id="a socket"),
        pytest.param("large", False, "secret exceeds max allowed size", id="a byte too large"),
        pytest.param(
            "team/up", False, "not following symlink outside of '{root}/team'", id="out of its folder"
        ),
        pytest.param(
            "team/abs-up", False, "not following symlink outside of '{root}/team'", id="absolutely so"
        ),
        pytest.param("out", True, "not following symlink outside of '{root}'", id="out of the root"),
        pytest.param(
            "abs-out", True, "not following symlink outside of '{root}'", id="absolutely out of the root"
        ),
        pytest.param(
            "prefix-out", True, "not following symlink outside of '{root}'", id="to a namesake of the root"
        ),
        pytest.param("device", True, "not following symlink outside of '{root}'", id="a device"),
        pytest.param(
            "process", True, "not following symlink outside of '{root}'", id="a process's environment"
        ),
        pytest.param(
            "../outside", True, "not following symlink outside of '{root}'", id="a path that climbs"
        ),
        pytest.param("loop", False, "more than 8 symlinks on the way", id="a loop of links"),
    ],
)
def test_file_is_refused(root: Path, path: str, whole_root: bool, message: str) -> None:  # noqa: FBT001
    """Everything else is refused, in secret-helper's words where it has some."""
    with socket.socket(socket.AF_UNIX) as server:
        folder = os.open(root, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{folder}/socket")
        os.close(folder)
        with pytest.raises(FileRefusedError) as caught:
            read_below(str(root), path, whole_root=whole_root)
    assert str(caught.value) == message.format(root=root)


@pytest.mark.parametrize(
    ("root", "path"),
    [
        ("/", "proc/self/environ"),
        ("/proc", "version"),
        ("/proc/self/root", "proc/version"),
        ("/", "dev/null"),
    ],
)
def test_system_folders_are_closed_whatever_the_root(root: str, path: str) -> None:
    """A root that holds /proc or /dev, or is in it, opens neither."""
    with pytest.raises(FileRefusedError, match="nothing there is a secret"):
        read_below(root, path)


def test_root_of_the_file_system_can_be_one(tmp_path: Path) -> None:
    """With the root of the file system as root, absolute links stay inside it."""
    (tmp_path / "real").write_text("value")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert read_below("/", str(tmp_path / "link"), whole_root=True) == b"value"


def test_absent_root(tmp_path: Path) -> None:
    """A root that is not there is a file that is not there."""
    with pytest.raises(FileRefusedError, match="secret does not exist"):
        read_below(str(tmp_path / "none"), "x")


def test_permission_denied(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be opened is told from one that is not there."""

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FileRefusedError, match="permission denied; the file must be readable"):
        read_below(str(root), "plain")


def test_exchange_behind_our_back_is_noticed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A FIFO that takes a file's place between the look and the opening is refused, not waited for."""
    real = os.stat
    monkeypatch.setattr(os, "stat", lambda *_, **__: real(root / "plain"))
    with pytest.raises(FileRefusedError, match="is not a regular file"):
        read_below(str(root), "fifo")


def test_kubelets_swap_is_followed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Secret that the kubelet replaces while we stand in its old folder is read in its new one."""
    real = os.readlink
    swapped: list[str] = []

    def swap(name: str, **options: int) -> str:
        target = real(name, **options)
        if name == "..data" and not swapped:
            swapped.append(name)
            (root / "..2024_02").mkdir()
            (root / "..2024_02" / "pw").write_text("newer")
            (root / "..2024_01" / "pw").unlink()
            (root / "..tmp").symlink_to("..2024_02")
            (root / "..tmp").rename(root / "..data")
        return target

    monkeypatch.setattr(os, "readlink", swap)
    assert read_below(str(root), "pw") == b"newer"


def test_no_descriptor_is_left_open(root: Path) -> None:
    """However a reading ends, everything is closed."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in ("pw", "out", "fifo", "large", "absent", "loop"):
        try:
            read_below(str(root), path)
        except FileRefusedError:
            continue
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/a/x", "/a"), ("/a/b/x", "/a/b"), ("/ab/x", None), ("/a", None), ("/c/d/x", "/c/")],
)
def test_innermost_root(path: str, expected: str | None) -> None:
    """A path belongs to the innermost root that it lies below, by whole folders."""
    assert find_root(path, ("/a", "/a/b", "/c/")) == expected
