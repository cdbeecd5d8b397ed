"""The install step, run by every shell there is in a pod laid out in a folder."""

import json
import re
import runpy
import shutil
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from enc_operator.resolver_bundle import (
    BUILTIN_SCRIPT,
    guard_script,
    init_command,
    install_script,
    payload,
    resolver_script,
)
from enc_resolver.compiled import read_compiled
from shell_scripts import QUESTION, SHELLS, Ran, run, write_program


class Pod:
    """The folders of an init container, under a folder of the test's."""

    def __init__(self, folder: Path) -> None:
        self.payload = folder / "payload"
        self.installed = folder / "bin"
        self.python = folder / "python3"
        self.helper = folder / "cluster-agent"
        self.message = folder / "message"
        self.message.touch()
        self.builtin = write_program(folder / "builtin", "#!/bin/sh\necho builtin $#\n")
        self.payload.mkdir()
        for name, text in payload().items():
            (self.payload / name).write_text(text)

    def install(self, shell: Sequence[str] = ("sh",), **environment: str) -> Ran:
        """Run the install step as the init container does, but with this pod's folders."""
        inline = init_command()
        paths = [
            self.payload,
            self.installed,
            f"{self.payload}/none {self.python}",
            self.helper,
            self.builtin,
            self.message,
        ]
        return run([*shell, *inline[1:], *map(str, paths)], b"", **environment)

    def resolve(self, *arguments: str) -> Ran:
        """Run what was installed, as the Agent does."""
        return run([self.installed / "resolver", *arguments], QUESTION)

    def assert_fallback(self, ran: Ran, why: str) -> None:
        """Check that the built-in script stands in, and that it was said why."""
        assert ran.returncode == 0
        assert why in ran.stderr.decode()
        assert why in self.message.read_text()
        assert "falling back to the built-in" in ran.stderr.decode()
        assert self.resolve("--allow-root", "/x").stdout == b"builtin 0\n"
        assert [path.name for path in self.installed.iterdir()] == ["resolver"]
        assert stat.S_IMODE((self.installed / "resolver").stat().st_mode) == 0o500


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    """Lay out a pod without interpreter and without Cluster Agent."""
    return Pod(tmp_path)


@pytest.mark.parametrize("shell", SHELLS)
def test_install_with_python(pod: Pod, tmp_path: Path, shell: list[str]) -> None:
    """Where the Agent's Python is, the one file is installed for it, with the rights that the Agent wants."""
    pod.python.symlink_to(sys.executable)
    (tmp_path / "pw").write_text("value")
    ran = pod.install(shell)
    resolver = pod.installed / "resolver"
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")
    assert stat.S_IMODE(resolver.stat().st_mode) == 0o500
    assert resolver.read_text() == f"#!{pod.python} -IS\n{resolver_script().split(chr(10), 1)[1]}"
    assert json.loads(pod.resolve(str(tmp_path)).stdout) == {"pw": {"value": "value", "error": ""}}
    assert sorted(path.name for path in pod.installed.iterdir()) == ["resolver", "resolver.compiled"]
    assert stat.S_IMODE((pod.installed / "resolver.compiled").stat().st_mode) == 0o400
    assert read_compiled(str(resolver), head_of(resolver)["SOURCES"])


@pytest.mark.parametrize("shell", SHELLS)
def test_install_without_python(pod: Pod, shell: list[str]) -> None:
    """In the Cluster Agent's image, which has no Python, the guard is installed."""
    write_program(pod.helper, "#!/bin/sh\n")
    ran = pod.install(shell)
    assert (ran.returncode, ran.stderr, pod.message.read_text()) == (0, b"", "")
    assert (pod.installed / "resolver").read_text() == guard_script()
    assert stat.S_IMODE((pod.installed / "resolver").stat().st_mode) == 0o500


def head_of(resolver: Path) -> dict[str, Any]:
    """Give the names that the installed file defines."""
    return runpy.run_path(str(resolver))


@pytest.mark.parametrize("shell", SHELLS)
def test_install_where_nothing_can_be_compiled(pod: Pod, tmp_path: Path, shell: list[str]) -> None:
    """An interpreter that cannot leave a compiled form still runs the resolver, from its sources, and it is said."""
    write_program(pod.python, f'#!/bin/sh\n[ "$2" = -c ] && exit 1\nexec {sys.executable} "$@"\n')
    (tmp_path / "pw").write_text("value")
    ran = pod.install(shell)
    assert (ran.returncode, ran.stdout) == (0, b"")
    assert (
        ran.stderr == b"enc-install: not compiled: it starts from its sources, which takes a little longer\n"
    )
    assert [path.name for path in pod.installed.iterdir()] == ["resolver"]
    assert json.loads(pod.resolve(str(tmp_path)).stdout) == {"pw": {"value": "value", "error": ""}}


def test_compiled_form_that_breaks_the_resolver(pod: Pod, tmp_path: Path) -> None:
    """A compiled form with which the resolver does not run any more is taken away again."""
    lines = [f'[ "$2" = -c ] && {{ echo x > {pod.installed}/.ready.compiled; exit 0; }}']
    lines += [f"[ -e {pod.installed}/.ready.compiled ] && exit 139", f'exec {sys.executable} "$@"']
    write_program(pod.python, "\n".join(["#!/bin/sh", *lines, ""]))
    (tmp_path / "pw").write_text("value")
    assert b"not compiled" in pod.install().stderr
    assert [path.name for path in pod.installed.iterdir()] == ["resolver"]
    assert json.loads(pod.resolve(str(tmp_path)).stdout) == {"pw": {"value": "value", "error": ""}}


def test_install_twice(pod: Pod) -> None:
    """A container that starts again replaces what it has installed, also what somebody left in its place."""
    pod.python.symlink_to(sys.executable)
    assert pod.install().stderr == pod.install().stderr == b""
    for name in ("resolver.compiled", ".ready.compiled"):
        (pod.installed / name).unlink(missing_ok=True)
        (pod.installed / name).write_text("left over")
    assert pod.install().stderr == b""
    assert (pod.installed / "resolver.compiled").stat().st_size > 1000
    assert sorted(path.name for path in pod.installed.iterdir()) == ["resolver", "resolver.compiled"]


@pytest.mark.parametrize("item", ["resolver", "guard"])
def test_changed_payload_is_not_installed(pod: Pod, item: str) -> None:
    """Whoever can edit the ConfigMap cannot have his code run."""
    pod.python.symlink_to(sys.executable)
    if item == "guard":
        pod.python.unlink()
        write_program(pod.helper, "#!/bin/sh\n")
    with (pod.payload / item).open("a") as file:
        file.write("# more\n")
    pod.assert_fallback(pod.install(), f"{item} is not what was to be installed")


def test_missing_payload(pod: Pod) -> None:
    """A payload that is not there is no reason to keep an Agent down."""
    pod.python.symlink_to(sys.executable)
    (pod.payload / "resolver").unlink()
    pod.assert_fallback(pod.install(), "no resolver in")


def test_unknown_image(pod: Pod) -> None:
    """An image with neither Python nor Cluster Agent gets the built-in script."""
    pod.assert_fallback(pod.install(), "neither")


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("#!/bin/sh\nexit 1\n", id="that fails"),
        pytest.param("#!/bin/sh\necho '{}'\n", id="that says something else"),
        pytest.param("#!/dev/null/none\n", id="that cannot start"),
    ],
)
def test_broken_interpreter(pod: Pod, program: str) -> None:
    """An interpreter that cannot run the resolver is noticed before an Agent depends on it."""
    write_program(pod.python, program)
    pod.assert_fallback(pod.install(), "does not run")


def test_image_without_digest_program(pod: Pod, tmp_path: Path) -> None:
    """What cannot be checked is not installed."""
    pod.python.symlink_to(sys.executable)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "cp", "mkdir", "chmod", "mv", "rm"):
        (tools / name).symlink_to(shutil.which(name) or "")
    pod.assert_fallback(pod.install(PATH=str(tools)), "no sha256sum")


def test_nothing_can_be_written(pod: Pod) -> None:
    """Even where nothing can be installed at all, the Agent starts."""
    pod.installed.write_text("a file where a folder should be")
    ran = pod.install()
    assert ran.returncode == 0
    assert "nothing could be installed" in ran.stderr.decode()
    assert "nothing could be installed" in pod.message.read_text()


def test_where_no_message_can_be_left(pod: Pod) -> None:
    """A container without the file is installed in like any other."""
    pod.message.unlink()
    ran = pod.install()

    assert (ran.returncode, pod.message.exists()) == (0, False)
    assert pod.resolve().stdout == b"builtin 0\n"


def test_defaults_are_the_images_own_paths() -> None:
    """Without arguments the scripts use the paths of the Agents' images, and leave no mark unfilled."""
    assert f"builtin=${{7:-{BUILTIN_SCRIPT}}}" in install_script()
    assert "payload=${3:-/etc/enc/payload}" in install_script()
    assert "/opt/stackstate-agent/embedded/bin/python3" in install_script()
    assert re.findall("@[A-Z]+@", guard_script() + install_script()) == []
