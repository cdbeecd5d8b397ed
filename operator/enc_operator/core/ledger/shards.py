"""Needs counted by the Secret's namespace and the Agent, so that a change plans anew only the namespaces that it touches."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from enc_operator.core.rbac.planning import Need, Permission, plan_permissions


@dataclass(slots=True)
class Shards:
    """Needs by the Secret's namespace, then by Agent; `dirty` are the namespaces whose permissions may have changed."""

    _needs: dict[str, Counter[tuple[str, Need]]] = field(default_factory=dict)
    dirty: set[str] = field(default_factory=set)

    def add(self, agent: str, need: Need) -> None:
        """Count one more reference of an Agent that needs a Secret."""
        counts = self._needs.setdefault(need.secret_namespace, Counter())
        counts[agent, need] += 1
        if counts[agent, need] == 1:
            self.dirty.add(need.secret_namespace)

    def remove(self, agent: str, need: Need) -> None:
        """Count one less."""
        counts = self._needs[need.secret_namespace]
        counts[agent, need] -= 1
        if counts[agent, need] == 0:
            del counts[agent, need]
            self.dirty.add(need.secret_namespace)
        if not counts:
            del self._needs[need.secret_namespace]

    def mark_all(self) -> None:
        """Say that every namespace is to be planned anew."""
        self.dirty.update(self._needs)

    def permissions(self, namespace: str, managed: Callable[[str], bool]) -> list[Permission]:
        """Plan the permissions in a namespace for the Agents that are managed."""
        counts = self._needs.get(namespace, Counter())
        return plan_permissions((need, count) for (agent, need), count in counts.items() if managed(agent))

    def __iter__(self) -> Iterator[str]:
        return iter(self._needs)
