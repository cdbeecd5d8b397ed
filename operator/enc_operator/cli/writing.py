"""A plan as files for GitOps: one folder, a kustomization, nothing else touched."""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from enc_operator.core.assessment import Assessment
from enc_operator.core.rendering import render_objects
from enc_operator.errors import UsageError

_MARK = "# Written by encctl plan. Do not edit: it is written again.\n"
_KUSTOMIZATION = "kustomization.yaml"


def write_folder(assessment: Assessment, folder: Path) -> list[str]:
    """Write the objects into a folder and return the files' names; files of an earlier plan are replaced."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is no folder", "name a folder")
    files: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for item in assessment.objects():
        files[_file_of(item)].append(item)
    folder.mkdir(parents=True, exist_ok=True)
    _refuse_foreign(folder, [*files, _KUSTOMIZATION])
    for old in folder.glob("*.yaml"):
        if _is_ours(old):
            old.unlink()
    for name, objects in sorted(files.items()):
        (folder / name).write_text(_MARK + render_objects(objects), encoding="utf-8")
    (folder / _KUSTOMIZATION).write_text(_kustomization(sorted(files)), encoding="utf-8")
    return [*sorted(files), _KUSTOMIZATION]


def _refuse_foreign(folder: Path, names: list[str]) -> None:
    for name in names:
        if (folder / name).exists() and not _is_ours(folder / name):
            raise UsageError(
                f"{folder / name} was not written by encctl", "choose another folder, or remove the file"
            )


def _is_ours(file: Path) -> bool:
    return file.read_bytes().startswith(_MARK.encode())


def _file_of(item: Mapping[str, Any]) -> str:
    metadata = item["metadata"]
    kind = "rbac" if item["kind"] in ("Role", "RoleBinding") else "resolver"
    if item["kind"] not in ("Role", "RoleBinding", "ConfigMap"):
        kind = f"agent-{item['kind'].lower()}-{metadata['name']}"
    return re.sub(r"[^-.a-zA-Z0-9]", "_", f"{kind}-{metadata.get('namespace', 'default')}") + ".yaml"


def _kustomization(names: list[str]) -> str:
    lines = ["apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization"]
    lines += ["resources:", *(f"- {name}" for name in names)] if names else ["resources: []"]
    return _MARK + "\n".join(lines) + "\n"
