"""A pod's specification without the injection: exactly what was there before, with what others changed since.

What an injection puts where nothing stood goes; what it replaced comes back from its record. Whether it is to be taken out is not
decided here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from enc_operator.core.agents.injected import INIT_CONTAINER, Record, read_record
from enc_operator.core.injection import parts
from enc_operator.core.injection.environment import Variables
from enc_operator.core.objects.shapes import items, text


def restore(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pod's specification without any injection; what has none comes back as it is."""
    record, changed = read_record(spec), dict(spec)
    changed["containers"] = [
        _restored(each, record) if isinstance(each, dict) else each for each in items(spec, "containers")
    ]
    _take_out(changed, "initContainers", lambda item: text(item, "name") == INIT_CONTAINER)
    _take_out(changed, "volumes", parts.is_our_volume)
    return changed


def _restored(container: Mapping[str, Any], record: Record) -> dict[str, Any]:
    changed = dict(container)
    if items(container, "env"):
        _put(changed, "env", Variables(container, record).removed())
    _take_out(changed, "volumeMounts", parts.is_our_mount)
    return changed


def _take_out(changed: dict[str, Any], field: str, ours: Callable[[Any], bool]) -> None:
    if items(changed, field):
        _put(changed, field, [item for item in changed[field] if not ours(item)])


def _put(changed: dict[str, Any], field: str, found: list[Any]) -> None:
    """Leave no empty list: the API server stores none."""
    if found:
        changed[field] = found
    else:
        del changed[field]
