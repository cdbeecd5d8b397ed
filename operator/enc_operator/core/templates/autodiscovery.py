"""Autodiscovery keys: pod, Service and endpoints annotations, and container labels.

Source: the Agent's `comp/core/autodiscovery/common/utils/{annotations,pod_annotations}.go`. This module says what a key is
and which parts of its JSON the Agent takes as a check; it does not look for handles.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
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
    live: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def is_live(self, suffix: str, inner: tuple[Any, ...]) -> bool:
        """Tell whether the Agent takes what stands at this path as part of a check."""
        return any(suffix == part and inner[: len(path)] == path for part, path in self.live)


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


def groups_of(keys: Iterator[Key] | list[Key], texts: Mapping[str, str]) -> list[Group]:
    """Gather keys by flavour, prefix and identifier, decode their JSON, and find the live parts."""
    gathered: dict[tuple[Flavour, bool, str], list[Key]] = defaultdict(list)
    for key in keys:
        gathered[key.flavour, key.legacy, key.identifier].append(key)
    return [_group(members, texts) for _, members in sorted(gathered.items())]


def _group(members: list[Key], texts: Mapping[str, str]) -> Group:
    first = members[0]
    group = Group(first.identifier, first.flavour, first.legacy)
    for key in sorted(members, key=lambda key: key.text):
        group.keys[key.suffix] = key
        if key.holds_json:
            _decode(group, key, texts[key.text])
    _find_live(group)
    return group


def _decode(group: Group, key: Key, text: str) -> None:
    try:
        group.values[key.suffix] = parse_json(text)
    except SyntaxFault as fault:
        group.problems.append(
            Problem(key, fault.code, f"{fault.message}: the Agent drops this annotation", fault.fix)
        )


def _find_live(group: Group) -> None:
    if CHECKS in group.keys and not group.legacy:
        _checks(group)
        # The v1 keys are not read when a v2 key exists, even when its JSON is bad.
    elif any(suffix in group.keys for suffix in (CHECK_NAMES, INIT_CONFIGS, INSTANCES)):
        _lists(group)
    if LOGS in group.values:
        _logs(group)


def _checks(group: Group) -> None:
    parsed = group.values.get(CHECKS)
    if parsed is None:
        return
    if not isinstance(parsed.value, dict):
        _complain(
            group,
            CHECKS,
            "must be a JSON object from check name to its configuration",
            '{"redisdb": {"instances": […]}}',
        )
        return
    live: list[tuple[Any, ...]] = []
    for check, configuration in parsed.value.items():
        found = _check(group, check, configuration)
        if found is None:
            return  # one bad check voids the whole annotation
        live += found
    group.live += [(CHECKS, path) for path in live]


def _check(group: Group, check: str, configuration: Any) -> list[tuple[Any, ...]] | None:
    if not isinstance(configuration, dict):
        _complain(group, CHECKS, f'check "{check}" must be an object', '{"instances": […]}', check)
        return None
    fields = {name.casefold(): name for name in configuration}  # Go's decoder ignores the case of field names
    instances = configuration.get(fields.get("instances", ""))
    if not isinstance(instances, list):
        _complain(group, CHECKS, f'check "{check}" has no list "instances"', 'add "instances": [{…}]', check)
        return None
    for index, instance in enumerate(instances):
        if not isinstance(instance, dict):
            what = f'instance {index} of check "{check}" is no object, which voids the whole annotation'
            _complain(
                group, CHECKS, what, "make every instance a JSON object", check, fields["instances"], index
            )
            return None
    live: list[tuple[Any, ...]] = [(check, fields["instances"])]
    return live + [(check, fields[name]) for name in ("init_config", "logs") if name in fields]


def _lists(group: Group) -> None:
    missing = [suffix for suffix in (CHECK_NAMES, INIT_CONFIGS, INSTANCES) if suffix not in group.keys]
    if missing:
        present = next(iter(sorted(set(group.keys) & {CHECK_NAMES, INIT_CONFIGS, INSTANCES})))
        names = " and ".join(f"{group.identifier}.{suffix}" for suffix in missing)
        _complain(
            group, present, f"needs {names} beside it: without it the Agent takes no check", f"add {names}"
        )
        return
    lists = [
        group.values[suffix].value
        for suffix in (CHECK_NAMES, INIT_CONFIGS, INSTANCES)
        if suffix in group.values
    ]
    if len(lists) < 3:
        return
    for suffix, value in zip((CHECK_NAMES, INIT_CONFIGS, INSTANCES), lists, strict=True):
        if not isinstance(value, list):
            _complain(group, suffix, "must be a JSON list", "write […]")
            return
    _equal_lists(group, *lists)


def _equal_lists(group: Group, names: list[Any], inits: list[Any], instances: list[Any]) -> None:
    if not len(names) == len(inits) == len(instances):
        what = f"{len(names)} check_names, {len(inits)} init_configs and {len(instances)} instances: the Agent takes none of them"
        _complain(group, CHECK_NAMES, what, "give the three lists the same length")
        return
    for index in range(len(names)):
        if not isinstance(inits[index], dict):
            _complain(group, INIT_CONFIGS, f"item {index} must be a JSON object", "write {}", index)
            return
        group.live += [(INIT_CONFIGS, (index,)), (INSTANCES, (index,))]


def _logs(group: Group) -> None:
    if isinstance(group.values[LOGS].value, list):
        group.live.append((LOGS, ()))
    else:
        _complain(
            group, LOGS, "must be a JSON list of log configurations", '[{"source": "…", "service": "…"}]'
        )


def _complain(group: Group, suffix: str, what: str, fix: str, *inner: Any) -> None:
    group.problems.append(Problem(group.keys[suffix], "template-invalid", what, fix, inner))
