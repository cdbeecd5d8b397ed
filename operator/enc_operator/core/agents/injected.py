"""What an earlier injection says that it set: it stands in its init container, so that the user's own is told from it.

Injecting does not belong here; a workload that was injected before is read here.
"""

import json
from collections.abc import Mapping
from typing import Any

from enc_operator.core.agents.settings import variable_setting
from enc_operator.core.objects.shapes import entries, mapping, text

INIT_CONTAINER = "enc-resolver"
RECORD = "ENC_INJECTED"
"""The variable of the init container whose value says by container which optional variables were set, and to what."""

Injected = Mapping[str, Mapping[str, str]]
"""Variables with their values, by container."""


def read_record(spec: Mapping[str, Any]) -> Injected:
    """Return what an injection has recorded in a pod's specification; nothing where there is no record that can be read."""
    for _, container in entries(spec, "initContainers"):
        if text(container, "name") == INIT_CONTAINER:
            for _, variable in entries(container, "env"):
                if text(variable, "name") == RECORD:
                    return _read(text(variable, "value"))
    return {}


def _read(written: str) -> Injected:
    try:
        found = json.loads(written)
    except (ValueError, RecursionError):
        return {}
    names = found if isinstance(found, dict) else {}
    return {name: {key: text(mapping(names, name), key) for key in mapping(names, name)} for name in names}


def write_record(injected: Injected) -> str:
    """Return what to record; empty where nothing was set."""
    return (
        json.dumps({name: found for name, found in injected.items() if found})
        if any(injected.values())
        else ""
    )


def without_injected(settings: Mapping[str, str], spec: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings of an Agent without those that an earlier injection set."""
    injected = {
        (variable_setting(name), value)
        for found in read_record(spec).values()
        for name, value in found.items()
    }
    return {key: value for key, value in settings.items() if (key, value) not in injected}
