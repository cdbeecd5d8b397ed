"""Version 1 of the annotations: three lists that are read side by side.

Source: the Agent's `comp/core/autodiscovery/common/utils/annotations.go`.
"""

from typing import Any

from enc_operator.core.templates.groups import CHECK_NAMES, INIT_CONFIGS, INSTANCES, Group

LISTS = (CHECK_NAMES, INIT_CONFIGS, INSTANCES)


def find_lists(group: Group) -> None:
    """Find the live lists of a group, or what keeps the Agent from taking any of them."""
    missing = [suffix for suffix in LISTS if suffix not in group.keys]
    if missing:
        present = min(set(group.keys) & set(LISTS))
        names = " and ".join(
            f"{group.identifier}.{suffix}" if group.identifier else suffix for suffix in missing
        )
        what = f"needs {names} beside it: without it the Agent takes no check"
        group.complain(present, what, f"add {names}", on_key=True)
    elif all(suffix in group.values for suffix in LISTS):
        lengths = [_length(group, suffix, group.values[suffix].value) for suffix in LISTS]
        if None not in lengths:
            _compare(group, *lengths)


def _length(group: Group, suffix: str, value: Any) -> int | None:
    """Return how many checks a list is for, or None with what is wrong with it; an empty list in it counts for none."""
    if not isinstance(value, list | None):
        group.complain(suffix, "must be a JSON list", "write […]")
        return None
    length = 0
    for index, item in enumerate(value or ()):
        if not _fits(suffix, item):
            what, fix = _ITEMS[suffix]
            what = f"item {index} must be {what}: the Agent takes none of the three lists"
            group.complain(suffix, what, fix, index)
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
    group.complain(CHECK_NAMES, what, "give the three lists the same length", code="lists-unequal")
