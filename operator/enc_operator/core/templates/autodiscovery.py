"""Autodiscovery keys: pod, Service and endpoints annotations, and container labels.

Source: the Agent's `comp/core/autodiscovery/common/utils/{annotations,pod_annotations}.go`. This module says what a key is
and which parts of its JSON the Agent takes as a check; it does not look for handles.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from enc_operator.core.inventory import Flavour
from enc_operator.core.syntax import SyntaxFault, parse_json
from enc_operator.core.syntax.yaml_text import Parsed

PREFIXES: dict[str, tuple[Flavour, bool]] = {
    "ad.datadoghq.com/": (Flavour.DATADOG, False),
    "service-discovery.datadoghq.com/": (Flavour.DATADOG, True),
    "ad.stackstate.com/": (Flavour.STACKSTATE, False),
    "service-discovery.stackstate.com/": (Flavour.STACKSTATE, True),
}
LABEL_PREFIXES = {"com.datadoghq.ad.": Flavour.DATADOG, "com.stackstate.ad.": Flavour.STACKSTATE}

CHECKS, CHECK_NAMES, INIT_CONFIGS, INSTANCES, LOGS = (
    "checks",
    "check_names",
    "init_configs",
    "instances",
    "logs",
)
_JSON_SUFFIXES = (CHECKS, CHECK_NAMES, INIT_CONFIGS, INSTANCES, LOGS)
_PLAIN_SUFFIXES = ("check.id", "ignore_autodiscovery_tags", "check_tag_cardinality", "tags", "resolve")
_NOT_TEMPLATES = ("tags", "tolerate-unready")
_LISTS = (CHECK_NAMES, INIT_CONFIGS, INSTANCES)
_LIVE_FIELDS = (INSTANCES, "init_config", LOGS)
_LIVE_DEPTH = 2  # a live part is at most `check name`, `field`
# What the Agent decodes a check's fields into; null leaves any of them as it is.
_FIELDS: dict[str, tuple[type, str]] = {
    "name": (str, "a string"),
    "instances": (list, "a list"),
    "ignore_autodiscovery_tags": (bool, "true or false"),
    "check_tag_cardinality": (str, "a string"),
}


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
        return self.suffix in _JSON_SUFFIXES


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the Agent takes no check from a key (or from one item of it)."""

    key: Key
    code: str
    what: str
    fix: str
    inner: tuple[Any, ...] = ()


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


def parse_key(text: str) -> Key | None:
    """Take an annotation's key apart; None if it is no Autodiscovery key."""
    prefix, slash, rest = text.partition("/")
    known = PREFIXES.get(prefix + slash)
    if known is None or rest in _NOT_TEMPLATES:
        return None
    identifier, suffix = _split(rest)
    return None if suffix == "tags" else Key(text, *known, identifier, suffix)


def parse_label(text: str) -> Key | None:
    """Take a container label's key apart; None if it is no Autodiscovery label."""
    for prefix, flavour in LABEL_PREFIXES.items():
        if text.startswith(prefix):
            return Key(text, flavour, legacy=False, identifier="", suffix=text[len(prefix) :])
    return None


def _split(rest: str) -> tuple[str, str]:
    for suffix in (*_JSON_SUFFIXES, *_PLAIN_SUFFIXES):
        if rest.endswith("." + suffix):
            return rest[: -len(suffix) - 1], suffix
    return rest, ""


def groups_of(keys: Iterable[Key], texts: Mapping[str, str]) -> list[Group]:
    """Gather keys by flavour, prefix and identifier, decode their JSON, and find the live parts."""
    gathered: dict[tuple[Flavour, str], dict[bool, list[Key]]] = defaultdict(lambda: defaultdict(list))
    for key in keys:
        gathered[key.flavour, key.identifier][key.legacy].append(key)
    groups: list[Group] = []
    for _, prefixes in sorted(gathered.items()):
        pair = [_group(members, texts) for _, members in sorted(prefixes.items())]
        _find_live(pair)
        groups += pair
    return groups


def _group(members: list[Key], texts: Mapping[str, str]) -> Group:
    first = members[0]
    group = Group(first.identifier, first.flavour, first.legacy)
    for key in sorted(members, key=lambda key: key.text):
        group.keys[key.suffix] = key
        if key.holds_json:
            _decode(group, key, texts[key.text])
    return group


def _decode(group: Group, key: Key, text: str) -> None:
    try:
        group.values[key.suffix] = parse_json(text)
    except SyntaxFault as fault:
        group.problems.append(
            Problem(key, fault.code, f"{fault.message}: the Agent drops this annotation", fault.fix)
        )


def _find_live(groups: list[Group]) -> None:
    """Follow `extractTemplatesFromMapWithV2`: of an identifier one prefix is read, for checks and logs alike."""
    read = _prefix_read(groups)
    for group in groups:
        _find_parts(group)
        if group.live and group.legacy is not read.legacy:
            suffix = min(suffix for suffix, _ in group.live)
            group.live.clear()
            what = f"the Agent reads one prefix for an identifier, and {read.text} decides for the other"
            _complain(group, suffix, what, f"move it to the prefix of {read.text}")


def _prefix_read(groups: list[Group]) -> Key:
    keys = [group.keys[suffix] for suffix in (CHECK_NAMES, LOGS) for group in groups if suffix in group.keys]
    v2 = [group.keys[CHECKS] for group in groups if CHECKS in group.keys and not group.legacy]
    return next(iter([*v2, *keys, *groups[0].keys.values()]))


def _find_parts(group: Group) -> None:
    if CHECKS in group.keys and not group.legacy:
        _checks(group)  # the v1 keys are not read when a v2 key exists, even when its JSON is bad
    elif any(suffix in group.keys for suffix in _LISTS):
        _lists(group)
    if CHECKS in group.keys and group.legacy:
        _complain(group, CHECKS, "the legacy prefix has no such key", "use the prefix that begins with ad.")
    if LOGS in group.values:
        _logs(group)


def _checks(group: Group) -> None:
    value = group.values[CHECKS].value if CHECKS in group.values else {}
    if not isinstance(value, dict):
        what = "must be a JSON object from check name to its configuration"
        _complain(group, CHECKS, what, '{"redisdb": {"instances": […]}}')
        return
    live: set[tuple[str, tuple[Any, ...]]] = set()
    for check, configuration in value.items():
        problem = _check_problem(check, configuration)
        if problem:
            what, fix, inner = problem
            _complain(group, CHECKS, f"{what}, which voids the whole annotation", fix, *inner)
            return
        # Go's decoder ignores the case of field names; of two that differ in nothing else the last wins.
        fields = {_fold(name): name for name in configuration or ()}
        live |= {(CHECKS, (check, name)) for field, name in fields.items() if field in _LIVE_FIELDS}
        if not fields.keys() & {INSTANCES, LOGS}:
            what = f'check "{check}" has neither instances nor logs: nothing runs'
            _complain(group, CHECKS, what, 'add "instances": [{…}]', check)
    group.live |= live


def _check_problem(check: str, configuration: Any) -> tuple[str, str, tuple[Any, ...]] | None:
    """Say why the Agent cannot decode a check, how to write it, and where."""
    if configuration is None:
        return None
    if not isinstance(configuration, dict):
        return f'check "{check}" must be an object', '{"instances": […]}', (check,)
    for name, value in configuration.items():
        kind, words = _FIELDS.get(_fold(name), (object, ""))
        if value is not None and not isinstance(value, kind):
            return f'"{name}" of check "{check}" must be {words}', f'make "{name}" {words}', (check, name)
        instances = value if kind is list and isinstance(value, list) else []
        for index, instance in enumerate(instances):
            if not isinstance(instance, dict):
                what = f'instance {index} of check "{check}" is no object'
                return what, "make every instance a JSON object", (check, name, index)
    return None


def _fold(name: str) -> str:
    """Fold a field's name as encoding/json does: of letters beyond ASCII only `ſ` and the Kelvin sign are equal to one in it."""
    return name.lower().replace("ſ", "s")


def _lists(group: Group) -> None:
    missing = [suffix for suffix in _LISTS if suffix not in group.keys]
    if missing:
        present = min(set(group.keys) & set(_LISTS))
        names = " and ".join(
            f"{group.identifier}.{suffix}" if group.identifier else suffix for suffix in missing
        )
        what = f"needs {names} beside it: without it the Agent takes no check"
        _complain(group, present, what, f"add {names}")
    elif all(suffix in group.values for suffix in _LISTS):
        lengths = [_length(group, suffix, group.values[suffix].value) for suffix in _LISTS]
        if None not in lengths:
            _compare(group, *lengths)


def _length(group: Group, suffix: str, value: Any) -> int | None:
    """Return how many checks a list is for, or None with what is wrong with it; an empty list in it counts for none."""
    if not isinstance(value, list | None):
        _complain(group, suffix, "must be a JSON list", "write […]")
        return None
    length = 0
    for index, item in enumerate(value or ()):
        if not _fits(suffix, item):
            what, fix = _ITEMS[suffix]
            what = f"item {index} must be {what}: the Agent takes none of the three lists"
            _complain(group, suffix, what, fix, index)
            return None
        length += suffix == CHECK_NAMES or item != []
    return length


_ITEMS = {
    CHECK_NAMES: ("a string", "write the check's name"),
    INIT_CONFIGS: ("one JSON object", "write {}"),
    INSTANCES: ("a JSON object or a list of them", "write {…}"),
}


def _fits(suffix: str, item: Any) -> bool:
    if suffix == CHECK_NAMES:
        return isinstance(item, str | None)
    members = item if isinstance(item, list) else [item]
    few = suffix == INSTANCES or len(members) <= 1
    return few and all(isinstance(member, dict) for member in members)


def _compare(group: Group, names: int | None, inits: int | None, instances: int | None) -> None:
    if names == inits == instances:
        group.live |= {(INIT_CONFIGS, ()), (INSTANCES, ())}
        return
    what = (
        f"{names} check_names, {inits} init_configs and {instances} instances: the Agent takes none of them"
    )
    _complain(group, CHECK_NAMES, what, "give the three lists the same length")


def _logs(group: Group) -> None:
    if isinstance(group.values[LOGS].value, list):
        group.live.add((LOGS, ()))
    else:
        _complain(
            group, LOGS, "must be a JSON list of log configurations", '[{"source": "…", "service": "…"}]'
        )


def _complain(group: Group, suffix: str, what: str, fix: str, *inner: Any) -> None:
    group.problems.append(Problem(group.keys[suffix], "template-invalid", what, fix, inner))
