"""Frozen values for a program whose start-up time is felt: what ``dataclasses`` gives, without its third of a start.

Only the mechanism lives here; what a value means is said where its kind is defined.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn, Tuple, dataclass_transform
else:

    def dataclass_transform(**_: object) -> object:
        """Do nothing: only a type checker reads this mark."""
        return lambda kind: kind


@dataclass_transform(frozen_default=True)
class Value:
    """Hold parts under the names in ``__match_args__``; equal only to a value of the same kind with equal parts."""

    __slots__ = ()
    __match_args__: Tuple[str, ...] = ()

    if not TYPE_CHECKING:  # pragma: no branch

        def __init__(self, *parts: Any, **named: Any) -> None:
            named.update(zip(self.__match_args__, parts))  # noqa: B905  (strict= came with Python 3.10)
            if named.keys() != set(self.__match_args__) or len(parts) > len(self.__match_args__):
                raise TypeError(f"{type(self).__name__} takes {', '.join(self.__match_args__)}")
            for name, part in named.items():
                object.__setattr__(self, name, part)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self), self._parts()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and type(self) is type(other) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash((type(self), self._parts()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self._parts()!r}"

    def _parts(self) -> Tuple[Any, ...]:
        return tuple([getattr(self, name) for name in self.__match_args__])
