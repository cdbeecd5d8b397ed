"""From the arguments of `encctl grant` to its exit code, and what it prints."""

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from enc_operator.cli.grant.merging import Grant, plan_grants
from enc_operator.cli.grant.planning import Refused, plan_asked
from enc_operator.cli.grant.rendering import render_file
from enc_operator.cli.grant.writing import FILES, write_files
from enc_operator.cli.printing import printable
from enc_operator.cli.reading import assess_paths, say_incomplete
from enc_operator.cli.subjects import CodeSubject, HandleSubject, Subject, split_subjects
from enc_operator.core.access import Denied
from enc_operator.core.findings import ObjectRef
from enc_operator.core.judgement import Judged
from enc_operator.core.references.model import SecretTarget
from enc_operator.errors import UsageError

_ALL, _SOME_NOT, _UNREADABLE = 0, 1, 2
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def run_grant(arguments: argparse.Namespace) -> int:
    """Write the grants for what is denied, and return the exit code."""
    subjects, paths = split_subjects(arguments.asked, arguments.namespace)
    if not paths:
        raise UsageError("no input is named", "add the manifests: files, folders, or -")
    assessed = assess_paths([*paths, *_earlier(arguments.output_dir)], arguments)
    say_incomplete(assessed)
    expires = _expiry(arguments.expires, assessed.inventory.now)
    chosen = _chosen(assessed.assessment.judged, subjects, arguments.asked)
    asked, refused = plan_asked(chosen)
    grants = list(plan_grants(asked, assessed.inventory.grants, expires))
    _write(grants, arguments.output_dir)
    _say(grants, refused, chosen)
    if assessed.unreadable:
        return _UNREADABLE
    return _SOME_NOT if refused else _ALL


def _earlier(folder: str | None) -> list[str]:
    """Return the files of earlier runs: their grants are extended, never forgotten."""
    return sorted(map(str, Path(folder).glob(FILES))) if folder else []


def _expiry(written: str | None, now: datetime) -> datetime | None:
    if written is None:
        return None
    fix = "write a day that is still to come, such as 2027-01-31, or 2027-01-31T12:00:00Z"
    try:
        found = datetime.fromisoformat(f"{written}T00:00:00Z" if _DAY.fullmatch(written) else written)
    except ValueError:
        raise UsageError(f"--expires {written} is no date", fix) from None
    if found.tzinfo is None:
        raise UsageError(f"--expires {written} has no time zone", fix)
    if found <= now:
        raise UsageError(f"--expires {written} is over", fix)
    return found.astimezone(UTC).replace(microsecond=0)


def _chosen(judged: Sequence[Judged], subjects: Sequence[Subject], words: Sequence[str]) -> list[Judged]:
    found = [item for item in judged if not subjects or any(_is_named(item, subject) for subject in subjects)]
    if subjects and not found:
        named = ", ".join(word for word in words if not Path(word).exists())
        raise UsageError(f"nothing in the input refers to {named}", "check it with encctl plan")
    return found


def _is_named(item: Judged, subject: Subject) -> bool:
    reference = item.reference
    if isinstance(subject, HandleSubject):
        return reference.handle == subject.handle or reference.text.strip(" \t") == f"ENC[{subject.handle}]"
    if isinstance(subject, ObjectRef):
        target = reference.target
        secret = isinstance(target, SecretTarget) and subject == ObjectRef(
            "Secret", target.namespace, target.name or ""
        )
        return secret or reference.where.object == subject
    if isinstance(subject, CodeSubject):
        return isinstance(item.decision, Denied) and item.decision.code == subject.code
    return reference.referrer.kind == "agent"


def _write(grants: Sequence[Grant], folder: str | None) -> None:
    if folder:
        for file in write_files(grants, Path(folder)):
            print(f"written: {file}", file=sys.stderr)
        return
    for namespace, found in groupby(grants, key=lambda grant: grant.namespace):
        sys.stdout.write(render_file(namespace, found))


def _say(grants: Sequence[Grant], refused: Iterable[Refused], chosen: Iterable[Judged]) -> None:
    refused = list(refused)
    sys.stdout.flush()
    for item in dict.fromkeys(_refusal(item) for item in refused):
        print(printable(item), file=sys.stderr)
    denied = sum(isinstance(item.decision, Denied) for item in chosen)
    namespaces = len({grant.namespace for grant in grants})
    written = f"{_many(len(grants), 'SecretGrant')} in {_many(namespaces, 'namespace')}"
    print(f"{written} for {denied - len(refused)} of {_many(denied, 'denied reference')}", file=sys.stderr)


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _refusal(item: Refused) -> str:
    reference = item.judged.reference
    place = f"{reference.where.source.file}:{reference.where.position().line}"
    return f"{place}: no grant allows {reference.title}: {item.why}; {item.fix}"
