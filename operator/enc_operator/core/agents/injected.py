"""What an earlier injection says that it set: it stands in its init container, so that the user's own is told from it.

Injecting does not belong here; a workload that was injected before is read here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from enc_operator.core.agents.settings import variable_setting
from enc_operator.core.objects.shapes import entries, labels, mapping, text, texts

INIT_CONTAINER = "enc-resolver"
RECORD = "ENC_INJECTED"
"""The variable of the init container whose value says which optional variables were set, and to what."""


@dataclass(frozen=True, slots=True)
class Record:
    """The variables that were set, the same in every container; `own` are those that the user had set to the same, by container."""

    injected: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, container: str) -> dict[str, str]:
        """Return what was set in a container."""
        own = self.own.get(container, ())
        return {name: value for name, value in self.injected.items() if name not in own}

    def written(self) -> str:
        """Return the record as text; empty where nothing was set."""
        found = {"set": self.injected, **({"own": self.own} if self.own else {})}
        return json.dumps(found) if self.injected else ""


def read_record(spec: Mapping[str, Any]) -> Record:
    """Return what an injection has recorded in a pod's specification; nothing where there is no record that can be read."""
    for _, container in entries(spec, "initContainers"):
        if text(container, "name") == INIT_CONTAINER:
            for _, variable in entries(container, "env"):
                if text(variable, "name") == RECORD:
                    return _read(text(variable, "value"))
    return Record()


def _read(written: str) -> Record:
    try:
        found = json.loads(written)
    except (ValueError, RecursionError):
        return Record()
    own = mapping(found, "own")
    return Record(labels(found, "set"), {name: texts(own, name) for name in own})


def without_injected(settings: Mapping[str, str], spec: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings of an Agent without those that an earlier injection set."""
    record = read_record(spec)
    own = {name for names in record.own.values() for name in names}
    injected = {(variable_setting(name), value) for name, value in record.injected.items() if name not in own}
    return {key: value for key, value in settings.items() if (key, value) not in injected}
