"""A plan as files for GitOps: one folder, a kustomization, nothing else touched."""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from enc_operator.cli.inputs import GENERATED
from enc_operator.core.assessment import Assessment
from enc_operator.core.rendering import render_objects
from enc_operator.errors import UsageError

_KUSTOMIZATION = "kustomization.yaml"


def write_folder(assessment: Assessment, folder: Path) -> list[str]:
    """Write the objects into a folder and return the files' names; files of an earlier plan are replaced."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is no folder", "name a folder")
    files: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for item in assessment.objects():
        files[_file_of(item)].append(item)
    texts = {name: GENERATED + render_objects(objects) for name, objects in sorted(files.items())}
    texts[_KUSTOMIZATION] = _kustomization(sorted(files))
    try:
        _write(folder, texts)
    except OSError as error:
        raise UsageError(
            f"{error.filename or folder}: {error.strerror}", "choose a folder that can be written"
        ) from None
    return list(texts)


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write all files beside the old ones first, then put them in place, then take away what is no longer planned."""
    folder.mkdir(parents=True, exist_ok=True)
    _refuse_foreign(folder, [*texts])
    for name, text in texts.items():
        (folder / f".{name}.new").write_text(text, encoding="utf-8")
    for name in texts:
        (folder / f".{name}.new").replace(folder / name)
    for old in folder.glob("*.yaml"):
        if old.name not in texts and _is_ours(old):
            old.unlink()


def _refuse_foreign(folder: Path, names: list[str]) -> None:
    for name in names:
        if (folder / name).exists() and not _is_ours(folder / name):
            raise UsageError(
                f"{folder / name} was not written by encctl", "choose another folder, or remove the file"
            )


def _is_ours(file: Path) -> bool:
    return file.read_bytes().startswith(GENERATED.encode())


def _file_of(item: Mapping[str, Any]) -> str:
    metadata = item["metadata"]
    kind = "rbac" if item["kind"] in ("Role", "RoleBinding") else "resolver"
    if item["kind"] not in ("Role", "RoleBinding", "ConfigMap"):
        kind = f"agent-{item['kind'].lower()}-{metadata['name']}"
    return re.sub(r"[^-.a-zA-Z0-9]", "_", f"{kind}-{metadata.get('namespace', 'default')}") + ".yaml"


def _kustomization(names: list[str]) -> str:
    lines = ["apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization"]
    lines += ["resources:", *(f"- {name}" for name in names)] if names else ["resources: []"]
    return GENERATED + "\n".join(lines) + "\n"
