"""A cluster leaves nothing behind: not when it is closed, not when its maker is killed, not when it outlives its maker."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cluster import choice
from e2e.cluster.folder import Folder, abandoned, end_process, processes_in, start_time, wait_until
from e2e.cluster.interface import Level, Unavailable
from e2e.cluster.native import NativeCluster, require

ROOT = Path(__file__).parents[2]
_MAKER = """
import sys
from e2e.cluster.interface import Level
from e2e.cluster.native import NativeCluster
cluster = NativeCluster(Level(sys.argv[1]))
print(cluster.folder.path, flush=True)
sys.stdin.read()
"""
LEVELS = [pytest.param(level, id=level.value) for level in Level]


@pytest.fixture(autouse=True)
def _native_is_used_here() -> None:
    """Where another kind of cluster was chosen, taking it back is that program's business."""
    if choice.chosen() != "native":
        pytest.skip(f"{choice.chosen()} clusters are taken back by kind or belong to somebody else")


@pytest.mark.parametrize("level", LEVELS)
def test_closing_leaves_no_process_mount_link_cgroup_or_file(level: Level) -> None:
    """Everything that was there while the cluster ran is gone when `close` returns."""
    cluster = NativeCluster(level) if _can(level) else pytest.skip("named in the summary")
    folder = cluster.folder
    assert all(_traces(folder, level).values())

    cluster.close()

    assert not any(_traces(folder, level).values())


@pytest.mark.parametrize("level", LEVELS)
def test_a_killed_maker_takes_its_processes_along_and_the_next_one_clears_the_rest(level: Level) -> None:
    """The kernel ends the processes of a cluster whose maker was killed; files and cgroups go with the next cluster."""
    if not _can(level):
        pytest.skip("named in the summary")
    with _maker(level) as maker:
        folder = _folder_of(maker)
        assert all(_traces(folder, level).values())
        maker.send_signal(signal.SIGKILL)
        maker.wait()

    wait_until(lambda: not _traces(folder, level)["processes"], "the processes are gone", seconds=30)
    for leftover in abandoned():
        leftover.clear()

    wait_until(lambda: not any(_traces(folder, level).values()), "all is gone", seconds=30)


def test_a_process_id_that_was_given_anew_is_left_alone() -> None:
    """What is ended is the process that was started, not a later one with its number."""
    with subprocess.Popen(["sleep", "60"]) as stranger:
        end_process(stranger.pid, started=(start_time(stranger.pid) or 0) - 1)

        assert stranger.poll() is None
        stranger.kill()


def test_people_get_a_cluster_with_one_command_and_end_it_with_another(tmp_path: Path) -> None:
    """`make cluster` prints a kubeconfig that works after the command has ended; `make cluster-down` takes it back."""
    command = [sys.executable, "-m", "e2e.cluster"]
    variables = {**os.environ, "TMPDIR": str(tmp_path)}
    printed = subprocess.run(
        [*command, "up", "--level=api-server"],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    kubeconfig = next(
        line.partition("=")[2] for line in printed.splitlines() if line.startswith("export KUBECONFIG=")
    )
    assert json.loads(Path(kubeconfig).read_text())["kind"] == "Config"
    folder = Path(kubeconfig).parent
    pids = [pid for pid, _ in json.loads((folder / "state.json").read_text())["processes"]]
    assert all(map(start_time, pids))

    subprocess.run([*command, "down"], cwd=ROOT, env=variables, capture_output=True, text=True, check=True)

    assert not any(map(start_time, pids))
    assert not folder.exists()


def _can(level: Level) -> bool:
    try:
        require(level)
    except Unavailable:
        return False
    return True


def _maker(level: Level) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", _MAKER, level.value], cwd=ROOT, stdin=pipe, stdout=pipe, text=True
    )


def _folder_of(maker: "subprocess.Popen[str]") -> Folder:
    assert maker.stdout
    return Folder.find(Path(maker.stdout.readline().strip()))


def _traces(folder: Folder, level: Level) -> dict[str, list[str]]:
    """List what there is of a cluster on this machine; of a node there is more."""
    started = [pid for pid, began in folder.started.processes if start_time(pid) == began]
    found = {"processes": [str(pid) for pid in {*started, *processes_in(folder.started.namespace)}]}
    found["files"] = [str(folder.path)] if folder.path.exists() else []
    if level is Level.NODE:
        found["links"] = [name for name in os.listdir("/sys/class/net") if name == f"enc{folder.identity}"]  # noqa: PTH208
        found["cgroups"] = [str(each) for each in _cgroups(folder)]
        found["mounts"] = _mounts_anywhere(folder) if found["processes"] else []
    return found


def _cgroups(folder: Folder) -> Iterator[Path]:
    root = Path("/sys/fs/cgroup")
    yield from (path for path in (*root.glob(f"*/{folder.cgroup}"), root / folder.cgroup) if path.exists())


def _mounts_anywhere(folder: Folder) -> list[str]:
    """List the mount points below the folder in the namespace of each of its processes."""
    lines: list[str] = []
    for pid in processes_in(folder.started.namespace):
        with contextlib.suppress(OSError):  # it ends while we look
            lines += Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
    return [line for line in lines if str(folder.path) in line]
