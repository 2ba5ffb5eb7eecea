"""The cache of operations that no test counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from .._recording.call_sites import NO_LIBRARIES
from .cache import MockCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .._behaving.gate import Effect

__all__ = ["UncountedCache"]

T = TypeVar("T")


class _EveryKey:
    """Stands for the keys of a delete that has found none."""

    def __repr__(self) -> str:
        return "(every key)"


_EVERY_KEY = _EveryKey()


class UncountedCache(MockCache):
    """A cache whose operations are told of: a delete of all is one, though there is nothing to delete.

    It would have emptied the real one.
    """

    def perform(
        self,
        kind: str | None,
        keys: Sequence[object],
        do: Callable[[], T],
        effects: Callable[[T], Iterable[Effect]],
        libraries: frozenset[str] = NO_LIBRARIES,
        known: Mapping[str, object] | None = None,
    ) -> T:
        return super().perform(kind, keys, do, _with_deletes(kind, effects), libraries, known)

    async def perform_async(self, kind: str | None, keys: Any, do: Any, effects: Any, *more: Any) -> Any:
        return await super().perform_async(kind, keys, do, _with_deletes(kind, effects), *more)


def _with_deletes(
    kind: str | None, effects: Callable[[T], Iterable[Effect]]
) -> Callable[[T], Iterable[Effect]]:
    def told(result: T) -> Iterable[Effect]:
        found = tuple(effects(result))
        return found or ((("delete", _EVERY_KEY),) if kind == "delete" else ())

    return told
