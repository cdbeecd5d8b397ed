"""What is asked for: handles from the command line, and those of the references in manifests, with where they stand.

Running anything, and reading files, do not belong here.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from enc_operator.cli.inputs import STDIN
from enc_operator.core.access import Denied
from enc_operator.core.agents.backends import BackendKind
from enc_operator.core.agents.settings import UNSEEN_COMMAND
from enc_operator.core.assessment import Assessment
from enc_operator.core.judgement import Judged
from enc_operator.errors import UsageError
from enc_resolver.handles import handle_in

_VARIABLE = re.compile("%%[^%]+%%")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """Where a handle stands: file, position, object, the entry as the Agent writes it, and what keeps it from being used."""

    file: str
    line: int
    column: int
    object: str
    entry: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class NotAsked:
    """A text of a manifest that cannot be asked for, and why."""

    text: str
    why: str
    use: Use


@dataclass(slots=True)
class Asked:
    """The handles to ask for, in order and each once, with their places; and what cannot be asked for."""

    handles: dict[str, list[Use]] = field(default_factory=dict)
    left_out: list[NotAsked] = field(default_factory=list)


def split_asked(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """Tell handles from paths; raise UsageError for what is neither."""
    handles, paths = [], []
    for word in words:
        handle = handle_in(word)
        if handle is not None:
            handles.append(_clean(handle))
        elif word == STDIN or Path(word).exists():
            paths.append(word)
        elif "ENC[" in word:
            raise UsageError(f"{word!r} is no handle", "a handle is a whole value: 'ENC[…]', in quotes")
        elif "@" in word or ";" in word:
            handles.append(_clean(word))
        else:
            raise UsageError(
                f"{word!r} is no file, no folder and no handle with a provider",
                f"check the path, or write 'ENC[{word}]' for the handle",
            )
    return handles, paths


def _clean(handle: str) -> str:
    """Refuse what no configuration can hold."""
    if _SURROGATE.search(handle):
        raise UsageError("a handle on the command line is not UTF-8", "write it in UTF-8")
    return handle


def collect(handles: Sequence[str], assessment: Assessment | None) -> Asked:
    """Collect what to ask for: the given handles first, then those of the references in file order."""
    asked = Asked({handle: [] for handle in handles})
    judged = assessment.judged if assessment else ()
    placed = sorted(((_use(item), item) for item in judged), key=lambda pair: pair[0])
    for use, item in placed:
        handle = _SURROGATE.sub("\ufffd", item.reference.handle)  # as Go decodes what is no character
        why = _undetermined(item, handle)
        if why:
            left_out = NotAsked(handle or item.reference.text, why, use)
            if left_out not in asked.left_out:
                asked.left_out.append(left_out)
        elif use not in asked.handles.setdefault(handle, []):
            asked.handles[handle].append(use)
    return asked


def _undetermined(item: Judged, handle: str) -> str:
    """Return what is not known before the pod runs, or nothing."""
    variables = list(dict.fromkeys(_VARIABLE.findall(handle)))
    if variables:
        return f"only the running pod or Agent knows {', '.join(variables)}"
    if not handle and handle_in(item.reference.text) is None:
        return item.reference.problem.message if item.reference.problem else "it may be no handle at all"
    return ""


def _use(item: Judged) -> Use:
    reference = item.reference
    position = reference.where.position()
    steps = reference.where.inner or reference.where.path
    note = f"not resolved as things stand: {reference.idle}" if reference.idle else ""
    if isinstance(item.decision, Denied):
        note = f"denied: {item.decision.message}"
    return Use(
        reference.where.source.file,
        position.line,
        position.column,
        str(reference.where.object or ""),
        "/".join(str(step) for step in steps),
        note,
    )


def find_commands(assessment: Assessment | None) -> list[tuple[str, str]]:
    """Return the backend commands that Agents of the input name, each with the first Agent that does."""
    found: dict[str, str] = {}
    for agent in assessment.agents if assessment else ():
        backend = agent.backend
        if backend.kind is not BackendKind.NONE and backend.command not in ("", UNSEEN_COMMAND):
            found.setdefault(backend.command, agent.title)
    return list(found.items())
