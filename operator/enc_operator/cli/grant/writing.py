"""Grants as files, one for each namespace. A file of an earlier run keeps its other grants; a file of yours is left alone."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from enc_operator.cli.grant.merging import Grant
from enc_operator.cli.grant.rendering import HEADER, render_file
from enc_operator.core.objects.shapes import text
from enc_operator.core.syntax import SyntaxFault, parse_yaml, split_documents
from enc_operator.errors import UsageError

FILES = "secretgrants-*.yaml"
"""What the files are called, with the namespace in the place of `*`."""


def write_files(grants: Iterable[Grant], folder: Path) -> list[Path]:
    """Write the grants and return the files."""
    by_namespace: dict[str, list[Grant]] = defaultdict(list)
    for grant in grants:
        by_namespace[grant.namespace].append(grant)
    files = {namespace: folder / FILES.replace("*", namespace) for namespace in by_namespace}
    texts = {file: _text(file, namespace, by_namespace[namespace]) for namespace, file in files.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, written in texts.items():
            new = file.with_name(f".{file.name}.new")
            new.write_text(written, encoding="utf-8")
            new.replace(file)
    except OSError as error:
        raise UsageError(
            f"{error.filename or folder}: {error.strerror}", "choose a folder that can be written"
        ) from None
    return list(texts)


def _text(file: Path, namespace: str, grants: list[Grant]) -> str:
    new = render_file(namespace, grants)
    if not file.exists():
        return new
    old = file.read_text(encoding="utf-8")
    if not old.startswith(HEADER):
        raise UsageError(
            f"{file} was not written by encctl grant", "choose another folder, or move the file away"
        )
    names = {grant.name for grant in grants}
    kept = [piece for _, piece in split_documents(old) if _name_in(piece) not in names]
    return new + "".join(_as_document(piece) for piece in kept)


def _as_document(piece: str) -> str:
    return piece if piece.startswith("---") else f"---\n{piece}"


def _name_in(piece: str) -> str:
    """Return the name of an earlier grant; what cannot be read is kept as it stands."""
    try:
        return text(parse_yaml(piece).value, "metadata", "name")
    except SyntaxFault:
        return ""
