"""The table of the chart's README, from values.yaml: each value with its default and the comment above it or behind it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parents[1] / "charts/enc-operator"
_HEAD = "| value | default | meaning |\n|---|---|---|\n"
_TABLE = re.compile(re.escape(_HEAD) + r"(?:\|.*\n)*")
_BEHIND = re.compile(r"\s# (.*)$")
_TELLING = 40
"""The longest default that is shown; what is longer stands in values.yaml."""


def render_readme() -> str:
    """Return the chart's README with the table of the values as they are."""
    text = (CHART / "README.md").read_text(encoding="utf-8")
    return _TABLE.sub(lambda _: _HEAD + "".join(_rows()), text, count=1)


def uncommented() -> list[str]:
    """Return the values that nothing is said of."""
    return [path for path, _, meaning in _values() if not meaning]


def _rows() -> Iterator[str]:
    for path, default, meaning in _values():
        cell = "" if default is None else f"`{default}`" if len(default) <= _TELLING else "see values.yaml"
        yield f"| `{path}` | {cell} | {meaning.replace('|', chr(92) + '|')} |\n"


def _values() -> Iterator[tuple[str, str | None, str]]:
    """Yield path, default and meaning; a group has no default, and is left out where it has no comment."""
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)  # noqa: S101 - Helm would refuse anything else
    yield from _of(root, "", text.splitlines())


def _of(node: yaml.MappingNode, above: str, lines: list[str]) -> Iterator[tuple[str, str | None, str]]:
    for key, value in node.value:
        path, meaning = f"{above}{key.value}", _meaning(lines, key.start_mark.line)
        if not _is_group(path, value):
            yield path, _default(value), meaning
            continue
        if meaning:
            yield path, None, meaning
        yield from _of(value, f"{path}.", lines)


def _is_group(path: str, value: yaml.Node) -> bool:
    """Tell whether a value is a section of values: written in lines of its own, and not a container's resources."""
    in_lines = isinstance(value, yaml.MappingNode) and not value.flow_style
    return in_lines and not path.endswith("resources")


def _meaning(lines: list[str], number: int) -> str:
    if behind := _BEHIND.search(lines[number]):
        return behind[1]
    first = number
    while first and lines[first - 1].lstrip().startswith("# "):
        first -= 1
    return " ".join(line.strip().removeprefix("# ") for line in lines[first:number])


def _default(node: yaml.Node) -> str:
    value: Any = yaml.SafeLoader("").construct_object(node, deep=True)
    return json.dumps(value, ensure_ascii=False) if not isinstance(value, str) or not value else value
