"""A stand-in for the user's kubectl: it prints recorded answers, and keeps what it was asked. It plays no API server."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from enc_operator.cli.scan.kinds import CONFIG_MAPS, KINDS, TARGETS, Kind
from shell_scripts import write_program

# A list is answered from the file of its path; what has none is empty, and what has a file `.err` is refused with it.
_PROGRAM = """#!/bin/sh
cd {folder}
echo "$*" >> asked
for last; do :; done
case "$*" in
  *" create "*) /bin/cat > reviewed; answer=reviews ;;
  *continue=*) answer=".${{last%%\\?*}}@${{last##*continue=}}" ;;
  *) answer=".${{last%%\\?*}}@" ;;
esac
if [ -f "$answer.err" ]; then /bin/cat "$answer.err" >&2; exit 1; fi
if [ -f "$answer" ]; then /bin/cat "$answer"; else echo '{{"items": null, "metadata": {{}}}}'; fi
"""
_KINDS = {kind.name: kind for kind in (*KINDS, TARGETS, CONFIG_MAPS)}


class StandIn:
    """A kubectl in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        write_program(folder / "kubectl", _PROGRAM.format(folder=folder))

    @property
    def asked(self) -> list[str]:
        """The arguments of every call."""
        file = self.folder / "asked"
        return file.read_text().splitlines() if file.exists() else []

    def hold(self, *texts: str) -> None:
        """Answer with the objects of YAML texts, in their namespaces and in all."""
        lists: dict[str, list[Any]] = {}
        for item in (item for text in texts for item in yaml.safe_load_all(text) if item):
            kind = _KINDS.get(item["kind"])
            if kind is not None:
                for path in {kind.path(), kind.path(item["metadata"].get("namespace", ""))}:
                    lists.setdefault(path, []).append(item)
        for path, items in lists.items():
            self.answer(path, {"items": [_as_listed(item) for item in items], "metadata": {}})

    def answer(self, path: str, answer: Any, following: str = "") -> None:
        """Answer a path, or the page of it that `following` leads to, with JSON, or with a text as it is."""
        file = self._file(path, following)
        file.write_text(answer if isinstance(answer, str) else json.dumps(answer))

    def refuse(self, path: str, words: str, following: str = "") -> None:
        """Fail with what kubectl says."""
        self._file(path, f"{following}.err").write_text(words)

    def forbid(self, kinds: Iterable[Kind], namespace: str = "") -> None:
        """Refuse lists as the API server does for want of rights."""
        for kind in kinds:
            words = f'{kind.plural} is forbidden: User "u" cannot list resource "{kind.plural}" at the cluster scope'
            self.refuse(kind.path(namespace), f"Error from server (Forbidden): {words}\n")

    def _file(self, path: str, suffix: str) -> Path:
        file = self.folder / f"{path.lstrip('/')}@{suffix}"
        file.parent.mkdir(parents=True, exist_ok=True)
        return file


def kinds(*names: str) -> list[Kind]:
    """Return kinds by their names."""
    return [_KINDS[name] for name in names]


def _as_listed(item: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the items of a list do not carry."""
    return {key: value for key, value in item.items() if key not in ("apiVersion", "kind")}
