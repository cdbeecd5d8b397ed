"""A container's variables: those that an injection sets, those that an earlier one set, and the user's own, which come back.

Which variables are wanted, and to what, is not decided here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from enc_operator.core.agents.injected import Record
from enc_operator.core.injection import parts
from enc_operator.core.objects.shapes import entries, items, text


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables of one container, with what an earlier injection recorded of it."""

    container: Mapping[str, Any]
    earlier: Record

    @property
    def own(self) -> dict[str, Mapping[str, Any]]:
        """The user's own by name: what stands there and is no injection's, or stood there before one."""
        before = self.earlier.own(text(self.container, "name"))
        there = {
            text(each, "name"): each for _, each in entries(self.container, "env") if not self.ours(each)
        }
        return {**before, **there}

    def ours(self, variable: Any) -> bool:
        """Tell whether an earlier injection set a variable; our own command is nobody else's."""
        set_here = self.earlier.set_here(text(self.container, "name"), variable)
        return set_here or (
            text(variable, "name").endswith("_SECRET_BACKEND_COMMAND")
            and text(variable, "value") == parts.COMMAND
        )

    def wanted(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Leave out the list of namespaces where the user has one of his own, since another one could be wider; and what is not needed where nothing contradicts it."""
        own = self.own
        return {
            name: value
            for name, value in variables.items()
            if not (name in own and name.endswith(f"_{parts.ALLOWED}")) and (value or name in own)
        }

    def injected(self, wanted: Mapping[str, str]) -> list[Any]:
        """Return the variables with those that are wanted, each in the place of the one of its name."""
        found: list[Any] = []
        for variable in items(self.container, "env"):
            name = text(variable, "name")
            if name in wanted:
                found.append(_written(variable, name, wanted[name]))
            else:
                found += self._without(variable)
        there = {text(variable, "name") for variable in found}
        return [
            *found,
            *({"name": name, "value": value} for name, value in wanted.items() if name not in there),
        ]

    def removed(self) -> list[Any]:
        """Return the variables as they were before any injection, with what the user changed since."""
        return [each for variable in items(self.container, "env") for each in self._without(variable)]

    def _without(self, variable: Any) -> Iterator[Any]:
        if not self.ours(variable):
            yield variable
        elif before := self.earlier.own(text(self.container, "name")).get(text(variable, "name")):
            yield before


def record_of(found: Iterable[tuple[Variables, Mapping[str, str]]]) -> Record:
    """Return the record of what is set in each container; one that comes later, with nothing of these names, changes nothing of it."""
    pairs = list(found)
    injected = {name: value for _, wanted in pairs for name, value in wanted.items()}
    before: dict[str, tuple[Mapping[str, Any], ...]] = {}
    for variables, _ in pairs:
        own = variables.own
        if kept := tuple(_stored(own[name]) for name in injected if name in own):
            before[text(variables.container, "name")] = kept
    return Record(injected, before)


def _stored(variable: Mapping[str, Any]) -> dict[str, Any]:
    """Return a variable as the API server gives it, without empty text: the record is the same before and after."""
    return {key: value for key, value in variable.items() if value != ""}


def _written(found: Any, name: str, value: str) -> Any:
    """Return what is to stand there; the API server stores no empty text, so what says as much stays as it is."""
    wanted = {"name": name, "value": value}
    same = isinstance(found, dict) and {"value": "", **found} == wanted
    return found if same else wanted
