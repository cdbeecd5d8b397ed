"""A cluster's data folder: what was started from it, and how all of that is ended, by its maker or by whoever finds it after a crash."""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import IO

_PREFIX = "enc-e2e-"
_CGROUPS = Path("/sys/fs/cgroup")


@dataclass
class Started:
    """What has to be ended: processes as [pid, start time], so that a pid which was given anew is left alone."""

    detached: bool = False
    processes: list[tuple[int, int]] = field(default_factory=list)
    namespace: str = ""
    """The process namespace of a node's sandbox, as /proc names it."""


class Folder:
    """The folder of one cluster, locked as long as its maker lives (a detached one belongs to nobody)."""

    def __init__(self, path: Path, started: Started, lock: IO[str] | None) -> None:
        self.path = path
        self.started = started
        self._lock = lock
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    @classmethod
    def make(cls, *, detached: bool = False) -> "Folder":
        """Make a new folder, after clearing what crashed makers left."""
        for leftover in abandoned():
            leftover.clear()
        path = Path(tempfile.gettempdir()) / f"{_PREFIX}{secrets.token_hex(3)}"
        path.mkdir(mode=0o700)
        folder = cls(path, Started(detached=detached), _lock(path))
        folder.save()
        return folder

    @classmethod
    def find(cls, path: Path) -> "Folder":
        """Read what was started from a folder that somebody else made."""
        state = json.loads((path / "state.json").read_text())
        known = {each.name: state[each.name] for each in fields(Started) if each.name in state}
        return cls(path, Started(**known), None)

    @property
    def identity(self) -> str:
        """Six characters that name this cluster's things outside the folder: its link and its cgroup."""
        return self.path.name.removeprefix(_PREFIX)

    @property
    def cgroup(self) -> str:
        """The cgroup below which everything of the node's pods runs."""
        return self.path.name

    def file(self, name: str, text: str, mode: int = 0o600) -> Path:
        """Write a file of the folder."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def remember(self, process: "subprocess.Popen[bytes] | int") -> None:
        """Note a process that `clear` is to end."""
        pid = process if isinstance(process, int) else process.pid
        if isinstance(process, subprocess.Popen):
            self._children[pid] = process
        self.started.processes.append((pid, start_time(pid) or 0))
        self.save()

    def save(self) -> None:
        """Write down what was started, before anything can go wrong."""
        unfinished = self.path / "state.new"
        unfinished.write_text(json.dumps(asdict(self.started)))
        unfinished.rename(self.path / "state.json")

    def release(self) -> None:
        """Let go of a detached cluster: it goes on when its maker ends."""
        for child in self._children.values():
            child.returncode = 0  # it is not ours to wait for any more
        if self._lock:
            self._lock.close()

    def clear(self) -> None:
        """End the processes, newest first, and remove cgroups and files."""
        for pid, started in reversed(self.started.processes):
            end_process(pid, started)
            if pid in self._children:
                self._children[pid].communicate()
        wait_until(
            lambda: not processes_in(self.started.namespace), "the node's processes have ended", seconds=30
        )
        for cgroup in [*sorted(_CGROUPS.glob(f"*/{self.cgroup}")), _CGROUPS / self.cgroup]:
            _remove_cgroup(cgroup)
        wait_until(lambda: not mounts_below(self.path), f"nothing is mounted below {self.path}", seconds=10)
        shutil.rmtree(self.path)
        if self._lock:
            self._lock.close()


def abandoned() -> Iterator[Folder]:
    """Find the folders whose maker has gone without clearing them."""
    for folder in _folders():
        if not folder.started.detached and (lock := _lock(folder.path)):
            folder._lock = lock  # noqa: SLF001
            yield folder


def detached() -> list[Folder]:
    """Find the clusters that were started to outlive their maker."""
    return [folder for folder in _folders() if folder.started.detached]


def _folders() -> Iterator[Folder]:
    for path in sorted(Path(tempfile.gettempdir()).glob(f"{_PREFIX}*")):
        with contextlib.suppress(OSError, ValueError):
            if path.stat().st_uid == os.getuid():
                yield Folder.find(path)


def _lock(path: Path) -> IO[str] | None:
    file = (path / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def processes_in(namespace: str) -> list[int]:
    """List the processes of a process namespace, such as `pid:[4026532000]`."""
    found = []
    for link in Path("/proc").glob("[0-9]*/ns/pid"):
        with contextlib.suppress(OSError):
            if namespace and str(link.readlink()) == namespace:
                found.append(int(link.parts[2]))
    return found


def start_time(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot (proc(5), stat's field 22), or None where it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def end_process(pid: int, started: int) -> None:
    """Kill a process unless its id belongs to another one by now; a test cluster's data needs no orderly end."""
    if started and start_time(pid) == started:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: start_time(pid) != started, f"process {pid} has ended", seconds=20)


def wait_until(condition: Callable[[], object], what: str, *, seconds: float, every: float = 0.05) -> None:
    """Wait for a condition; raises TimeoutError, which says what did not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(every)


def mounts_below(path: Path) -> list[str]:
    """List this mount namespace's mount points below a folder."""
    mounted = (line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())
    return [point for point in mounted if Path(point).is_relative_to(path)]


def _remove_cgroup(path: Path) -> None:
    """Remove a cgroup and those in it; one stays busy for a moment after its last process was killed."""
    if path.exists():
        for child in [each for each in path.iterdir() if each.is_dir()]:
            _remove_cgroup(child)
        wait_until(lambda: _removed(path), f"the cgroup {path} is empty", seconds=20)


def _removed(path: Path) -> bool:
    try:
        path.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
