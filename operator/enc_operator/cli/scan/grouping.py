"""What is the same of many pods of one workload, once, with their number. Pure."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from enc_operator.core.findings import ObjectRef

Item = TypeVar("Item")


@dataclass(slots=True)
class Group(Generic[Item]):
    """Things that are the same but for the pod: the first, the pods' workload if there is one, and all pods."""

    first: Item
    owner: ObjectRef | None
    objects: set[ObjectRef | None] = field(default_factory=set)

    @property
    def count(self) -> int:
        """How many objects it is true of."""
        return len(self.objects)

    def whose(self) -> str:
        """Return what a person reads behind the first pod: its workload, and how many more of it."""
        if self.owner is None:
            return ""
        more = f" and {self.count - 1} more" if self.count > 1 else ""
        return f"{more} of {self.owner}"


def group(
    found: Iterable[Item],
    owners: Mapping[ObjectRef, ObjectRef],
    object_of: Callable[[Item], ObjectRef | None],
    alike: Callable[[Item], Hashable],
) -> list[Group[Item]]:
    """Return groups in the order of their first items; `alike` is what two of a group have in common."""
    groups: dict[Hashable, Group[Item]] = {}
    for item in found:
        ref = object_of(item)
        owner = owners.get(ref) if ref else None
        made = groups.setdefault((owner or ref, alike(item)), Group(item, owner))
        made.objects.add(ref)
    return list(groups.values())
