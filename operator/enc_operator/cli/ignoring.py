"""From an assessment's findings to a report: comments and the ignore file are read, and what they ignore is marked."""

import argparse
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path, PurePath

from enc_operator.cli.inputs import Text, read_text
from enc_operator.cli.loading import Options, assess_inventory, load
from enc_operator.cli.printing import in_file_order
from enc_operator.cli.reading import Assessed
from enc_operator.core.findings import Finding
from enc_operator.core.reporting.comments import read_comments
from enc_operator.core.reporting.fingerprints import fingerprints
from enc_operator.core.reporting.ignore_files import read_entries
from enc_operator.core.reporting.ignores import Ignore, find_unused, match
from enc_operator.core.reporting.model import NameOf, Report, Reported
from enc_operator.errors import UsageError

DEFAULT_FILE = ".encctl.yaml"


@dataclass(slots=True)
class Ignores:
    """What is ignored, the findings about that, and how files are named below the ignore file's folder."""

    name_of: NameOf
    ignores: list[Ignore] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def add(self, found: Iterable[Ignore | Finding]) -> None:
        """Add what was read."""
        for item in found:
            if isinstance(item, Ignore):
                self.ignores.append(item)
            else:
                self.findings.append(item)


def named_below(folder: Path) -> NameOf:
    """Return how files are named below a folder, whatever folder encctl was started in."""

    @cache
    def name_of(file: str) -> str:
        return file if file.startswith("<") else PurePath(os.path.relpath(file, folder)).as_posix()

    return name_of


def named_here(file: str) -> str:
    """Return a file's name below the working directory, or its absolute path where it is elsewhere."""
    name = _below_here(file)
    return name if not name.startswith("../") else os.path.normpath(Path(file).absolute())


_below_here: Callable[[str], str] = named_below(Path())


def read_ignores(texts: Iterable[Text], arguments: argparse.Namespace) -> Ignores:
    """Read what comments and the ignore file say; raise UsageError for an ignore file that cannot be read."""
    chosen: str | None = arguments.ignore_file
    file = Path(chosen or DEFAULT_FILE)
    ignores = Ignores(named_below(file.parent))
    if arguments.no_ignores:
        return ignores
    if chosen is not None or file.is_file():
        try:
            ignores.add(list(read_entries(str(file), read_text(file, "check --ignore-file"))))
        except ValueError as error:
            raise UsageError(
                f"{file}: {error}", "see docs/linting.md for what an ignore file holds"
            ) from None
    add_comments(ignores, texts)
    return ignores


def add_comments(ignores: Ignores, texts: Iterable[Text]) -> None:
    """Add what the comments of texts ignore."""
    for text in texts:
        ignores.add(read_comments(text.file, text.text))


def report_assessed(assessed: Assessed, arguments: argparse.Namespace) -> Report:
    """Return the report of an assessment; raise UsageError for an ignore file that cannot be read."""
    ignores = read_ignores(assessed.texts, arguments)
    today = assessed.inventory.now.date()
    return report_of(assessed.assessment.findings, assessed.texts, ignores, today)


def report_of(
    findings: Iterable[Finding],
    texts: Sequence[Text],
    ignores: Ignores,
    today: date,
    name_of: NameOf = _below_here,
) -> Report:
    """Return the report of findings; `name_of` says how files are named in fingerprints."""
    found = list(findings)
    files = [text.file for text in texts]
    matched = match(found, ignores.ignores, ignores.name_of, today)
    unused = find_unused(matched, ignores.ignores, files, ignores.name_of, today)
    accepted = {id(item): acceptance for item, acceptance in zip(found, matched.accepted, strict=True)}
    ordered = in_file_order([*found, *ignores.findings, *unused])
    known = fingerprints(ordered, name_of)
    return Report(
        tuple(Reported(item, key, accepted.get(id(item))) for item, key in zip(ordered, known, strict=True))
    )


def report_texts(texts: Sequence[Text], options: Options) -> Report:
    """Return the report of texts alone, with what their comments ignore."""
    inventory = load(texts, options).inventory
    ignores = Ignores(_below_here)
    add_comments(ignores, texts)
    return report_of(assess_inventory(inventory).findings, texts, ignores, inventory.now.date())
