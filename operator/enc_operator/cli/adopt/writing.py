"""An adoption as files: each says of itself what it was when it was written, so that what somebody has changed is known."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from enc_operator.errors import UsageError

_WORDS = "Written by encctl adopt, for review; as it was written: sha256:"
_FOLDERS = ("", "agent-values", "grants", "targets")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the files.

    `kept` are those that somebody has changed, and that would be other ones now; `left` those of an earlier run that would not be
    written any more.
    """

    written: tuple[str, ...]
    kept: tuple[str, ...]
    left: tuple[str, ...]


def signed(name: str, text: str) -> str:
    """Return a text below a line that says what it was when it was written."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    if name.endswith(".md"):
        return f"<!-- {_WORDS}{digest} -->\n\n{text}"
    return f"# {_WORDS}{digest}\n{text}"


def write_adoption(files: Mapping[str, str], folder: Path, *, force: bool) -> Outcome:
    """Write the files, but those that somebody has changed; all are written beside the old ones first."""
    texts = {name: signed(name, text) for name, text in files.items()}
    try:
        kept = [name for name, text in texts.items() if not (force or _is_free(folder / name, name, text))]
        fresh = {name: text for name, text in texts.items() if name not in kept}
        for name, text in fresh.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.with_name(f".{file.name}.new").write_text(text, encoding="utf-8")
        for name in fresh:
            file = folder / name
            file.with_name(f".{file.name}.new").replace(file)
    except OSError as error:
        raise UsageError(
            f"{error.filename or folder}: {error.strerror}", "choose a folder that can be written"
        ) from None
    return Outcome(tuple(fresh), tuple(kept), tuple(_left(folder, texts)))


def _is_free(file: Path, name: str, text: str) -> bool:
    """Tell whether a file may be written: it is not there, as an earlier run left it, or as it would be."""
    if not file.exists():
        return True
    old = file.read_text(encoding="utf-8", errors="replace")
    first, _, rest = old.partition("\n")
    body = rest.removeprefix("\n") if name.endswith(".md") else rest
    return old == text or (_WORDS in first and signed(name, body) == old)


def _left(folder: Path, names: Iterable[str]) -> list[str]:
    there = (file for part in _FOLDERS for file in (folder / part).glob("*.yaml"))
    found = {file.relative_to(folder).as_posix() for file in there if _is_ours(file)}
    return sorted(found - set(names))


def _is_ours(file: Path) -> bool:
    return _WORDS in file.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
