"""Autodiscovery keys as values: taken apart, gathered by the container that they name, with what is wrong with them."""

from dataclasses import dataclass, field
from typing import Any

from enc_operator.core.inventory import Flavour
from enc_operator.core.syntax import Span
from enc_operator.core.syntax.yaml_text import Parsed

CHECKS, CHECK_NAMES, INIT_CONFIGS, INSTANCES, LOGS = (
    "checks",
    "check_names",
    "init_configs",
    "instances",
    "logs",
)
JSON_SUFFIXES = (CHECKS, CHECK_NAMES, INIT_CONFIGS, INSTANCES, LOGS)
_LIVE_DEPTH = 2  # a live part is at most `check name`, `field`


@dataclass(frozen=True, slots=True)
class Key:
    """An Autodiscovery key taken apart; `text` is the whole key."""

    text: str
    flavour: Flavour
    legacy: bool
    identifier: str
    suffix: str

    @property
    def holds_json(self) -> bool:
        """Whether the Agent decodes the value as JSON."""
        return self.suffix in JSON_SUFFIXES


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the Agent takes no check from a key: the value, an item or a span of it is to blame, or the key itself."""

    key: Key
    code: str
    what: str
    fix: str
    inner: tuple[Any, ...] = ()
    span: Span | None = None
    on_key: bool = False


@dataclass(slots=True)
class Group:
    """The keys of one identifier, decoded: what they hold, which parts are live, and what is wrong with them."""

    identifier: str
    flavour: Flavour
    legacy: bool
    keys: dict[str, Key] = field(default_factory=dict)
    values: dict[str, Parsed] = field(default_factory=dict)
    live: set[tuple[str, tuple[Any, ...]]] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def is_live(self, suffix: str, inner: tuple[Any, ...]) -> bool:
        """Tell whether the Agent takes what stands at this path as part of a check."""
        return any((suffix, inner[:length]) in self.live for length in range(_LIVE_DEPTH + 1))

    def complain(self, suffix: str, what: str, fix: str, *inner: Any, **details: Any) -> None:
        """Note what is wrong with a key; without a `code` it is that the Agent takes no check from it."""
        code = details.pop("code", "template-invalid")
        self.problems.append(Problem(self.keys[suffix], code, what, fix, inner, **details))
