"""`Subject`: how a program uses the library of an adapter."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from ..adapters.base import Adapter

__all__ = ["Subject"]


class Subject(ABC):
    """How a program uses the library of an adapter.

    *cache*, in the methods, is what `open` returned. Keys are strings; values are strings too, but for the
    cases of falsy values.
    """

    adapter: Adapter
    """What to patch with; two scopes at once have to be possible with it."""

    caches: Sequence[str]
    """The names of one cache of the adapter, or of two."""

    misses_per_put: int = 0
    """How many lookups that miss a put of a new key consists of: 1 for a function that is memoised."""

    @abstractmethod
    def open(self, name: str) -> Any:
        """Return what a program holds to use the cache *name*.

        It is called before the caches are patched and inside, in whichever thread uses the result.
        """

    @abstractmethod
    def get(self, cache: Any, key: str) -> Any:
        """Look *key* up, once, and return the value, or `MISSING`."""

    @abstractmethod
    def put(self, cache: Any, key: str, value: Any) -> None:
        """Write *value*, once."""

    @abstractmethod
    def state(self) -> object:
        """Return what has to be after the patch as it was before: a detached value with an ``==``."""

    def delete(self, cache: Any, key: str) -> None:
        """Delete the entry of *key*, once."""
        raise self._undefined("delete")

    def get_many(self, cache: Any, keys: Sequence[str]) -> Mapping[str, Any]:
        """Look all *keys* up by one call, and return those that were found."""
        raise self._undefined("get_many")

    def put_many(self, cache: Any, values: Mapping[str, Any]) -> None:
        """Write all *values*, by one call if the library has one for it."""
        for key, value in values.items():
            self.put(cache, key, value)

    def put_for(self, cache: Any, key: str, value: Any, seconds: int) -> None:
        """Write *value* to expire in *seconds*."""
        raise self._undefined("put_for")

    def advance(self, seconds: int) -> None:
        """Move on the time that the library reads, as the program's own would.

        It is for libraries by which entries expire in another way than with time; where it is not defined,
        the clock of the scope is moved.
        """
        raise self._undefined("advance")

    def fail_half_way(self) -> AbstractContextManager[object]:
        """Return a context manager inside which the adapter's install fails, having changed something.

        Not needed where the adapter changes what it does by `Undo`: that is made to fail at each step.
        """
        raise self._undefined("fail_half_way")

    def offers(self, method: str) -> bool:
        """Return whether the subject defines *method* itself."""
        return getattr(type(self), method) is not getattr(Subject, method)

    def _undefined(self, method: str) -> NotImplementedError:
        return NotImplementedError(
            f"{type(self).__name__}.{method} is not defined: define it, or declare in `exceptions` why the "
            "case does not apply"
        )
