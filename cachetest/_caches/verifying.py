"""The block in which each value that is put is compared with the one that it replaces."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

from .._behaving.states import Off
from .._recording.answers import NotComparableError, difference
from .._recording.call_sites import CallSite
from .._recording.sameness import identity, same_key
from .._telling.key_patterns import is_of
from .._telling.verified import Replaced, difference_lines, nothing_compared, replaced_by_others

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping

    from .._behaving.gate import Call
    from .._recording.answers import Difference
    from .._recording.log import OperationLog

__all__ = ["Verifying"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class VerifiedCache(Protocol):
    """A cache, as far as it is asked here."""

    name: str
    cache: MutableMapping[Any, Any]
    operations: OperationLog
    explainer: Any
    scope_caches: Callable[[], Any] | None

    def why_never_off(self) -> str: ...
    def drop_entries(self) -> None: ...
    def values_of(self, key: object) -> dict[object, Any]: ...
    def note_state(self, state: str, where: object) -> Callable[[], None]: ...


class _Verify(Off):
    """The behaviour of a cache that is off, and whose puts are compared."""

    def __init__(
        self, cache: VerifiedCache, equal: Callable[[Any, Any], object], keys: Callable[[object], object]
    ) -> None:
        super().__init__((cache.name,))
        self._cache = cache
        self._equal = equal
        self._is_meant = keys
        # The value that each key would have, by the place that it is in.
        self._values: dict[object, dict[object, Any]] = {}
        self.compared = 0
        self.replaced: list[Replaced] = []
        self.error: Exception | None = None

    def begin(self) -> None:
        """Remember the entries that there are."""
        for key in list(self._cache.cache):
            for place, value in self._values_of(key):
                bare = key[1] if isinstance(key, tuple) and len(key) == 2 and key[0] == place else key
                self._values.setdefault(identity(bare), {})[place] = value

    def _values_of(self, key: object) -> Iterator[tuple[object, Any]]:
        try:
            yield from self._cache.values_of(key).items()
        except Exception:
            # It can't be read, by the program neither.
            return

    def _look_at(self, call: Call) -> None:
        if call.kind == "get":
            return
        if call.kind == "delete" and not call.keys:
            self._values.clear()
        ask = getattr(self._cache.explainer, "overwritten", None)
        written = call.keys if ask is None and call.kind == "put" else () if ask is None else ask(call)
        # One that several commands of a transaction are about is one entry.
        for key in {identity(key): key for key in call.keys}.values():
            if any(same_key(key, each) for each in written):
                self._compare(key)
            else:
                # What is deleted replaces nothing, nor does what was read and written in one.
                self._values.pop(identity(key), None)

    def _compare(self, key: object) -> None:
        before = self._values.setdefault(identity(key), {})
        for place, value in self._values_of(key):
            if place in before and self._is_wanted(key):
                self.compared += 1
                try:
                    self._compare_values(key, before[place], value)
                except Exception as error:
                    # Raised where the block ends: the program might take it for one of the cache.
                    self.error = self.error or error
            before[place] = value

    def _is_wanted(self, key: object) -> bool:
        name = getattr(self._cache.explainer, "program_key", None)
        return bool(self._is_meant(key if name is None else name(self._cache.name, key)))

    def _compare_values(self, key: object, before: Any, value: Any) -> None:
        result = self._equal(before, value)
        if not isinstance(result, bool) and type(result).__name__ not in ("bool_", "bool"):
            raise TypeError(
                f"equal returned {result!r}, and not a bool: for tensors give equal=torch.equal, for arrays "
                "equal=numpy.array_equal"
            )
        if not result:
            # As they are now: the program may change them.
            texts = difference_lines(key, before, value, _difference(before, value))
            self.replaced.append(Replaced(key, texts, self._cache.operations.total))


def _difference(one: Any, other: Any) -> Difference | None:
    try:
        return difference(one, other)
    except NotComparableError:
        return None


class Verifying:
    """The context manager that ``cache.verifying(...)`` returns; it can be entered once."""

    def __init__(self, cache: VerifiedCache, equal: Any, keys: Any) -> None:
        """Check the arguments; nothing is compared yet."""
        if not callable(equal):
            raise TypeError(f"equal must be a function, not {equal!r}")
        why = cache.why_never_off()
        if why:
            raise TypeError(f"the puts of cache {cache.name!r} can't be verified: {why}")
        caches = None if cache.scope_caches is None else cache.scope_caches()
        if caches is None:
            raise RuntimeError(f"the cache {cache.name!r} is a copy, or of a scope that is gone")
        self._cache = cache
        self._caches = caches
        self._verify = _Verify(cache, equal, (lambda _: True) if keys is None else is_of(keys))
        self._ends = ExitStack()
        self._is_entered = False
        self._at = CallSite(sys._getframe(2))
        caches.await_end(
            self,
            lambda: (
                f"verifying(), at {self._at}, was not entered, so it tested nothing: use it in a with "
                "statement"
            ),
        )

    def close(self) -> None:
        """Do nothing: it was not entered."""

    def __enter__(self) -> None:
        self._caches.forget_end(self)
        if self._is_entered:
            raise RuntimeError("verifying() was entered before: make another one")
        self._is_entered = True
        self._verify.begin()
        self._ends.callback(self._cache.note_state("off", self._at))
        self._ends.callback(self._caches._end, self._verify)
        self._caches._begin_at_entries(self._verify)
        self._cache.drop_entries()

    def __exit__(self, exc_type: object, exc: object, traceback: object) -> None:
        self._ends.close()
        if exc_type is not None:
            return
        if self._verify.error is not None:
            raise self._verify.error
        operations = self._cache.operations
        if self._verify.replaced:
            text = replaced_by_others(
                self._cache.name, self._verify.replaced, self._verify.compared, operations
            )
            raise AssertionError(text)
        if not self._verify.compared:
            raise AssertionError(nothing_compared(self._cache.name, self._at))
