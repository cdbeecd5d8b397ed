"""The compiled form beside the delivered file: taken where it fits, and as if it were not there in every other case."""

import importlib
import marshal
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from enc_operator.resolver_bundle import resolver_script
from enc_resolver import compiled

SOURCES = {"sample": "", "sample.part": "VALUE = 'source'", "sample.other": "import sample.part as part"}
PLANTED = {"sample": "", "sample.part": "VALUE = 'planted'", "sample.other": "import sample.part as part"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Lay out the delivered file."""
    file = tmp_path / "resolver"
    file.write_text("#!/usr/bin/env python3\n")
    file.chmod(0o500)
    return file


@pytest.fixture
def imported(file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Give what the module's value is once it is imported from the file."""
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))

    def value() -> str:
        compiled.find_modules(str(file), SOURCES)
        assert (
            importlib.import_module("sample.other").part.VALUE == importlib.import_module("sample.part").VALUE
        )
        return str(importlib.import_module("sample.part").VALUE)

    yield value
    for name in SOURCES:
        sys.modules.pop(name, None)


def leave(file: Path, sources: dict[str, str]) -> Path:
    """Leave the compiled form of other code beside the file, as if it came from its sources."""
    beside = Path(f"{file}.compiled")
    codes = {name: compile(text, name, "exec") for name, text in sources.items()}
    body = marshal.dumps(codes)
    beside.write_bytes(compiled._seal(SOURCES, body) + body)  # noqa: SLF001  (only a forged seal shows what is taken)
    beside.chmod(0o400)
    return beside


def test_compiled_form_is_taken(file: Path, imported: Callable[[], str]) -> None:
    """What the install step left is what runs: nothing is compiled again."""
    leave(file, PLANTED)
    assert imported() == "planted"


def test_what_is_left_is_for_the_owner_only(file: Path, imported: Callable[[], str]) -> None:
    """The install step's own is readable for the owner, and holds every module; it replaces nothing."""
    compiled.write_compiled(str(file), SOURCES)
    beside = Path(f"{file}.compiled")
    assert stat.S_IMODE(beside.stat().st_mode) == 0o400
    assert set(compiled.read_compiled(str(file), SOURCES)) == set(SOURCES)
    assert imported() == "source"
    with pytest.raises(FileExistsError):
        compiled.write_compiled(str(file), SOURCES)


def rewrite(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Change the content of the compiled form."""

    def spoil(beside: Path) -> None:
        content = beside.read_bytes()
        beside.unlink()
        beside.write_bytes(change(content))
        beside.chmod(0o400)

    return spoil


def replace_by_folder(beside: Path) -> None:
    """Put a folder in its place."""
    beside.unlink()
    beside.mkdir()


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(Path.unlink, id="that is not there"),
        pytest.param(replace_by_folder, id="that is a folder"),
        pytest.param(rewrite(lambda _: b""), id="that is empty"),
        pytest.param(rewrite(lambda content: content[:-1]), id="that was cut off"),
        pytest.param(rewrite(lambda content: content[:40]), id="that was cut off early"),
        pytest.param(rewrite(lambda content: content + b"\0"), id="that goes on"),
        pytest.param(
            rewrite(lambda content: content[:-9] + b"\xff" + content[-8:]), id="with a changed byte"
        ),
        pytest.param(rewrite(lambda content: content.replace(b"3.", b"2.", 1)), id="of another Python"),
        pytest.param(rewrite(lambda _: os.urandom(4096)), id="that is noise"),
        pytest.param(lambda beside: beside.chmod(0o420), id="that the group may write"),
        pytest.param(lambda beside: beside.chmod(0o402), id="that others may write"),
    ],
)
def test_unfit_forms_are_passed_over(
    file: Path, imported: Callable[[], str], spoil: Callable[[Path], None]
) -> None:
    """A compiled form that does not fit changes nothing: the sources run."""
    spoil(leave(file, PLANTED))
    assert imported() == "source"


def test_form_of_other_sources(file: Path, imported: Callable[[], str]) -> None:
    """What was compiled from an older file is not taken."""
    compiled.write_compiled(str(file), PLANTED)
    assert imported() == "source"


def test_form_of_another_owner(
    file: Path, imported: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody else has left is not taken."""
    leave(file, PLANTED)
    real = os.stat

    def foreign(path: str) -> os.stat_result:
        fields = list(real(path))
        fields[stat.ST_UID] += 1
        return os.stat_result(fields)

    monkeypatch.setattr(
        os, "stat", lambda path, **rest: foreign(path) if path == str(file) else real(path, **rest)
    )
    assert imported() == "source"


def test_code_is_found_nowhere_else(imported: Callable[[], str]) -> None:
    """Modules that are not in the file are for the other finders."""
    assert imported() == "source"
    assert compiled.Modules(SOURCES, {}).find_spec("json", None) is None


def test_delivered_file_starts_from_what_is_beside_it(tmp_path: Path) -> None:
    """Of the real file, no module is compiled again, and a garbled neighbour does no harm."""
    file = tmp_path / "resolver"
    file.write_text(resolver_script())
    code = "import runpy, sys; head = runpy.run_path(sys.argv[1]); head['write_compiled'](sys.argv[1], head['SOURCES'])"
    subprocess.run([sys.executable, "-IS", "-c", code, file], check=True)
    counting = (
        "import builtins, io, os, sys\nreal = compile\n"
        "def counted(source, name, *rest, **named):\n"
        "    if name.startswith('enc_resolver'): os.write(2, name.encode() + b' ')\n"
        "    return real(source, name, *rest, **named)\n"
        "builtins.compile = counted\nimport runpy\n"
        "sys.argv = sys.argv[1:]\nrunpy.run_path(sys.argv[0], run_name='__main__')"
    )
    question = b'{"version": "1.1", "secrets": ["x@y"]}'
    runs = []
    for _ in range(2):
        runs.append(
            subprocess.run(
                [sys.executable, "-IS", "-c", counting, file], input=question, capture_output=True, check=True
            )
        )
        rewrite(lambda content: content[:-1])(Path(f"{file}.compiled"))
    assert runs[0].stderr == b""
    assert {b"enc_resolver.__main__", b"enc_resolver.handles"} < set(runs[1].stderr.split())
    assert b"enc_resolver.kubernetes_api" not in runs[1].stderr.split()
    assert runs[0].stdout == runs[1].stdout != b""
