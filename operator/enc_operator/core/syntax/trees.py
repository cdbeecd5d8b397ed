"""Places inside places: from a path, on into the text of the value there, down to a piece of that text.

The way back out is the same for every level: the runs of a scalar say where each character of its text was written.
"""

from functools import lru_cache
from typing import Any

from enc_operator.core.syntax.json_tree import json_tree
from enc_operator.core.syntax.nodes import CONTAINER, Node, Span, Tree
from enc_operator.core.syntax.runs import Runs
from enc_operator.core.syntax.scalars import runs_of, value_start
from enc_operator.core.syntax.yaml_text import yaml_tree

Levels = tuple[tuple[Any, ...], ...]
"""Paths, each into the text of the value that the one before leads to."""


@lru_cache(maxsize=32)
def tree_of(text: str) -> Tree:
    """Return where the values of a text stand, JSON or YAML, as far as it can be read."""
    if text.lstrip()[:1] not in ("{", "["):
        return yaml_tree(text)
    tree = json_tree(text)
    if tree.complete:
        return tree
    flow = yaml_tree(text)  # a flow mapping is YAML that begins like JSON
    return flow if flow.complete else tree


def find(text: str, levels: Levels, span: Span | None, *, on_key: bool) -> tuple[int, int]:
    """Return the offsets of a place; of one that is not there, the place of the nearest thing around it."""
    if not levels:
        fits = span is not None and span.text == text
        return (span.start, span.end) if span and fits else (0, 0)
    nodes = tree_of(text).along(levels[0])
    node = nodes[-1]
    if len(nodes) <= len(levels[0]):
        return whole(text, node)
    if len(levels) == 1 and on_key:
        node = node.key or node
    deeper = levels[1:]
    if not deeper and (span is None or span.text != node.text):
        return whole(text, node)
    runs = runs_of(text, node)
    if runs is None or node.text is None:
        return whole(text, node)
    return runs.range(*find(node.text, deeper, span, on_key=on_key))


def whole(text: str, node: Node) -> tuple[int, int]:
    """Return the offsets of a value: a string's without quotes and last line breaks, a collection's first character."""
    start = value_start(text, node)
    if node.style == CONTAINER:
        return start, start + (text[start : start + 1] in ("[", "{"))
    runs = runs_of(text, node)
    return runs.range(0, len(str(node.text).rstrip("\r\n"))) if runs else (start, node.end)


def text_along(text: str, path: tuple[Any, ...]) -> tuple[str, Runs] | None:
    """Return the string that a path leads to, with its runs, or None."""
    nodes = tree_of(text).along(path)
    runs = runs_of(text, nodes[-1]) if len(nodes) == len(path) + 1 else None
    return (str(nodes[-1].text), runs) if runs else None
