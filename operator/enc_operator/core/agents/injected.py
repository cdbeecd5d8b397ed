"""What an earlier injection says that it set, and what stood there before: in its init container, so that the user's own is told from it.

Injecting does not belong here; a workload that was injected before is read here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from enc_operator.core.agents.settings import variable_setting
from enc_operator.core.objects.shapes import entries, items, labels, mapping, text

INIT_CONTAINER = "enc-resolver"
RECORD = "ENC_INJECTED"
"""The variable of the init container whose value is the record, as JSON."""


@dataclass(frozen=True, slots=True)
class Record:
    """The variables that were set, the same in every container; `before` are the user's own of these names, by container."""

    injected: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)

    def set_here(self, container: str, variable: Any) -> bool:
        """Tell whether an injection set a variable of a container, and nobody changed it since."""
        name = text(variable, "name")
        if name not in self.injected or not _says(variable, self.injected[name]):
            return False
        own = self.own(container).get(name)
        return own is None or not _says(own, self.injected[name])

    def own(self, container: str) -> dict[str, Mapping[str, Any]]:
        """Return what the user had written in a container, by name."""
        return {text(variable, "name"): variable for variable in self.before.get(container, ())}

    def written(self) -> str:
        """Return the record as text."""
        found = {"set": self.injected, **({"before": self.before} if self.before else {})}
        return json.dumps(found)


def _says(variable: Any, value: str) -> bool:
    return text(variable, "value") == value and "valueFrom" not in variable


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
    before = mapping(found, "before")
    own = {name: tuple(each for each in items(before, name) if text(each, "name")) for name in before}
    return Record(labels(found, "set"), {name: variables for name, variables in own.items() if variables})


def without_injected(settings: Mapping[str, str], spec: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings of an Agent without those that an earlier injection set."""
    record = read_record(spec)
    own = {
        name
        for container in record.before
        for name, variable in record.own(container).items()
        if name in record.injected and _says(variable, record.injected[name])
    }
    injected = {(variable_setting(name), value) for name, value in record.injected.items() if name not in own}
    return {key: value for key, value in settings.items() if (key, value) not in injected}
