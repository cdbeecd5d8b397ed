"""Starting a cluster's programs in their folder, on the machine itself or in a sandbox, and watching that they live."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from e2e.cluster.folder import Folder, wait_until

_END_SECONDS = 60  # kube-apiserver lets requests come to their end first


class Ended(Exception):  # noqa: N818 - a fact on a process
    """A program ended that was to go on; the text has the end of its log."""


class Processes:
    """The programs of one cluster; `prefix` is the command that enters its sandbox."""

    def __init__(self, folder: Folder, prefix: Sequence[str] = ()) -> None:
        self._folder = folder
        self._prefix = [*prefix]
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        (folder.path / "logs").mkdir(exist_ok=True)

    def start(self, command: Sequence[str | Path], variables: Mapping[str, str] | None = None) -> None:
        """Start a program that runs until the cluster ends, its output in `logs/<program>.log`."""
        name = Path(command[0]).name
        with self._log(name).open("ab") as log:
            process = subprocess.Popen(
                [*self._dying_with_us(), *self._prefix, *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder.path,
                env={**_environment(), **(variables or {})},
                start_new_session=True,
            )
        self._running[name] = process
        self._folder.remember(process)

    def end(self, name: str, number: signal.Signals) -> None:
        """End a program by a signal and wait until it has; one in a sandbox cannot be, its signals reach what entered it."""
        if self._prefix:
            raise ValueError(f"{name} runs in a sandbox and ends with it")
        process = self._running.pop(name)
        process.send_signal(number)
        process.wait(_END_SECONDS)

    def run(self, *command: str | Path) -> str:
        """Run a program in the sandbox to its end and return what it prints."""
        ran = subprocess.run(
            [*self._prefix, *map(str, command)],
            capture_output=True,
            text=True,
            check=False,
            env=_environment(),
        )
        if ran.returncode:
            raise Ended(
                f"{' '.join(map(str, command))} ended with {ran.returncode}: {ran.stderr.strip()[-2000:]}"
            )
        return ran.stdout

    def fails(self, *command: str | Path) -> bool:
        """Tell whether a program, run in the sandbox, ends with an exit code other than 0."""
        try:
            self.run(*command)
        except Ended:
            return True
        return False

    def wait(self, name: str, condition: Callable[[], object], what: str, *, seconds: float) -> None:
        """Wait for what a program is to bring about; raises Ended at once where it dies first."""
        try:
            wait_until(lambda: self._alive(name) and condition(), what, seconds=seconds)
        except TimeoutError as timeout:
            raise Ended(f"{timeout}; the end of {name}'s log:\n{self._tail(name)}") from None

    def _alive(self, name: str) -> bool:
        code = self._running[name].poll()
        if code is not None:
            raise Ended(f"{name} ended with {code}; the end of its log:\n{self._tail(name)}")
        return True

    def _dying_with_us(self) -> list[str]:
        """Have the kernel end a program with its maker, so that even a killed test run leaves none (PR_SET_PDEATHSIG)."""
        setpriv = None if self._folder.started.detached else shutil.which("setpriv")
        return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []

    def _log(self, name: str) -> Path:
        return self._folder.path / "logs" / f"{name}.log"

    def _tail(self, name: str) -> str:
        return "\n".join(self._log(name).read_text(errors="replace").splitlines()[-15:])


def _environment() -> dict[str, str]:
    """Return an environment without proxies and without the caller's Kubernetes settings."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
