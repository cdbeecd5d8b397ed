"""Autodiscovery keys: pod, Service and endpoints annotations, and container labels.

Source: the Agent's `comp/core/autodiscovery/common/utils/{annotations,pod_annotations}.go`. This module says what a key is
and which parts of its JSON the Agent takes as a check; it does not look for handles.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from enc_operator.core.inventory import Flavour
from enc_operator.core.schemas.faults import closest
from enc_operator.core.syntax import SyntaxFault, parse_json
from enc_operator.core.templates.groups import (
    CHECK_NAMES,
    CHECKS,
    INSTANCES,
    JSON_SUFFIXES,
    LOGS,
    Group,
    Key,
    Problem,
)
from enc_operator.core.templates.version1 import LISTS, find_lists

__all__ = ["Group", "Key", "Problem", "groups_of", "misspelt_suffix", "parse_key", "parse_label"]

PREFIXES: dict[str, tuple[Flavour, bool]] = {
    "ad.datadoghq.com/": (Flavour.DATADOG, False),
    "service-discovery.datadoghq.com/": (Flavour.DATADOG, True),
    "ad.stackstate.com/": (Flavour.STACKSTATE, False),
    "service-discovery.stackstate.com/": (Flavour.STACKSTATE, True),
}
LABEL_PREFIXES = {"com.datadoghq.ad.": Flavour.DATADOG, "com.stackstate.ad.": Flavour.STACKSTATE}

_PLAIN_SUFFIXES = ("check.id", "ignore_autodiscovery_tags", "check_tag_cardinality", "tags", "resolve")
_NOT_TEMPLATES = ("tags", "tolerate-unready")
_LIVE_FIELDS = (INSTANCES, "init_config", LOGS)
# What the Agent decodes a check's fields into; null leaves any of them as it is.
_FIELDS: dict[str, tuple[type, str]] = {
    "name": (str, "a string"),
    "instances": (list, "a list"),
    "ignore_autodiscovery_tags": (bool, "true or false"),
    "check_tag_cardinality": (str, "a string"),
}
_KNOWN_FIELDS = (*_FIELDS, "init_config", LOGS)


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
    for suffix in (*JSON_SUFFIXES, *_PLAIN_SUFFIXES):
        if rest.endswith("." + suffix):
            return rest[: -len(suffix) - 1], suffix
    return rest, ""


def misspelt_suffix(key: Key) -> tuple[int, str] | None:
    """Return where an unknown suffix begins in a key, and the known one that was probably meant."""
    start = key.text.rfind(".") + 1
    if key.suffix or start <= key.text.find("/") + 1:
        return None
    meant = closest(key.text[start:], (*JSON_SUFFIXES, *_PLAIN_SUFFIXES))
    return (start, meant) if meant else None


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
            Problem(
                key,
                fault.code,
                f"{fault.message}: the Agent drops this annotation",
                fault.fix,
                span=fault.span(text),
            )
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
            group.complain(suffix, what, f"move it to the prefix of {read.text}", on_key=True)


def _prefix_read(groups: list[Group]) -> Key:
    keys = [group.keys[suffix] for suffix in (CHECK_NAMES, LOGS) for group in groups if suffix in group.keys]
    v2 = [group.keys[CHECKS] for group in groups if CHECKS in group.keys and not group.legacy]
    return next(iter([*v2, *keys, *groups[0].keys.values()]))


def _find_parts(group: Group) -> None:
    if CHECKS in group.keys and not group.legacy:
        _checks(group)  # the v1 keys are not read when a v2 key exists, even when its JSON is bad
    elif any(suffix in group.keys for suffix in LISTS):
        find_lists(group)
    if CHECKS in group.keys and group.legacy:
        group.complain(
            CHECKS, "the legacy prefix has no such key", "use the prefix that begins with ad.", on_key=True
        )
    if LOGS in group.values:
        _logs(group)


def _checks(group: Group) -> None:
    value = group.values[CHECKS].value if CHECKS in group.values else {}
    if not isinstance(value, dict):
        what = "must be a JSON object from check name to its configuration"
        group.complain(CHECKS, what, '{"redisdb": {"instances": […]}}')
        return
    live: set[tuple[str, tuple[Any, ...]]] = set()
    for check, configuration in value.items():
        problem = _check_problem(check, configuration)
        if problem:
            what, fix, inner = problem
            group.complain(CHECKS, f"{what}, which voids the whole annotation", fix, *inner)
            return
        _note_null(group, check, configuration or {})
        # Go's decoder ignores the case of field names; of two that differ in nothing else the last wins.
        fields = {_fold(name): name for name in configuration or ()}
        live |= {(CHECKS, (check, name)) for field, name in fields.items() if field in _LIVE_FIELDS}
        if not fields.keys() & {INSTANCES, LOGS}:
            _note_idle(group, check, configuration or {})
    group.live |= live


def _note_null(group: Group, check: str, configuration: Mapping[str, Any]) -> None:
    for name, value in configuration.items():
        if value is None and _fold(name) == "init_config":
            what = f'"{name}" of check "{check}" is null: with a secret backend the Agent drops the check'
            group.complain(CHECKS, what, "write {}", check, name, code="init-config-null")


def _note_idle(group: Group, check: str, configuration: Mapping[str, Any]) -> None:
    what = f'check "{check}" has neither instances nor logs: nothing runs'
    meant = {
        name: closest(name, (INSTANCES, LOGS)) for name in configuration if _fold(name) not in _KNOWN_FIELDS
    }
    name = next((name for name, known in meant.items() if known), None)
    if name is None:
        group.complain(CHECKS, what, 'add "instances": [{…}]', check, on_key=True)
    else:
        group.complain(CHECKS, what, f'did you mean "{meant[name]}"?', check, name, on_key=True)


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


def _logs(group: Group) -> None:
    if isinstance(group.values[LOGS].value, list):
        group.live.add((LOGS, ()))
    else:
        group.complain(LOGS, "must be a JSON list of log configurations", '[{"source": "…", "service": "…"}]')
