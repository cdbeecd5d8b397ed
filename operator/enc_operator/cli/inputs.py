"""Paths on the command line to texts: folders are walked, and what cannot be read is said, never skipped in silence."""

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from enc_operator.errors import InputError, UsageError

STDIN = "-"
GENERATED = "# Written by encctl plan. Do not edit: it is written again.\n"
"""The first line of every file of `--output-dir`."""

_SUFFIXES = (".yaml", ".yml", ".json", ".yaml.default", ".yml.default")
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__"})
MAX_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Text:
    """A file's text; `named` says that the user named the file itself, not a folder above it."""

    file: str
    text: str
    named: bool


@dataclass(slots=True)
class Input:
    """What could be read, and what could not."""

    texts: list[Text] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)


def read_paths(paths: Sequence[str]) -> Input:
    """Read files, folders and `-`; errors are collected, so that the rest is still processed."""
    found = Input()
    seen: set[str] = set()
    for file, named in _files(paths, found):
        identity = file if file == STDIN else os.path.realpath(file)
        if identity in seen:
            continue  # `encctl plan . shop/` names a file twice
        seen.add(identity)
        try:
            text = Text("<stdin>" if file == STDIN else file, _decode(file, _read(file)), named)
        except InputError as error:
            found.errors.append(error)
            continue
        # An earlier plan below the input is output: read back, it would make the next plan forget what it wrote.
        if named or not text.text.startswith(GENERATED):
            found.texts.append(text)
    return found


def _files(paths: Sequence[str], found: Input) -> Iterator[tuple[str, bool]]:
    for path in paths:
        if path != STDIN and Path(path).is_dir():
            yield from ((file, False) for file in _walk(path, found))
        else:
            yield path, True


def _walk(folder: str, found: Input) -> Iterator[str]:
    def note(error: OSError) -> None:
        found.errors.append(InputError(f"{error.filename}: {error.strerror}", "check the folder's rights"))

    for root, folders, names in os.walk(folder, onerror=note):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in _SKIPPED_FOLDERS
        )
        for name in sorted(names):
            file = os.path.join(root, name)  # noqa: PTH118 - keeps the path as the user wrote it
            if name.endswith(_SUFFIXES) and not name.startswith(".") and _is_regular(file):
                yield file


def _is_regular(file: str) -> bool:
    """Tell whether it is no device or pipe, which would block; what is gone is found out when it is read."""
    try:
        return stat.S_ISREG(Path(file).stat().st_mode)
    except OSError:
        return True


def _read(file: str) -> bytes:
    try:
        if file == STDIN:
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(file).open("rb") as stream:
                content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror or error}", "check the path and its rights") from None
    if len(content) > MAX_BYTES:
        raise InputError(f"{file}: larger than {MAX_BYTES // 1024 // 1024} MiB", "split the file")
    return content


def _decode(file: str, content: bytes) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"{file}:{line}: not UTF-8 (byte 0x{content[error.start]:02x} at offset {error.start})"
        raise InputError(message, "save the file as UTF-8, or leave it out") from None


def read_text(file: Path, fix: str) -> str:
    """Read a file that an option names; raise UsageError where that cannot be done."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{file}: not UTF-8", fix) from None
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}", fix) from None
