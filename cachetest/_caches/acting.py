"""What a test can make happen to one cache."""

from __future__ import annotations

from sys import _getframe
from typing import TYPE_CHECKING, Any

from ..faults import ANY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from weakref import ref

    from .._recording.operation import Injected
    from ..faults import Fault

__all__ = ["ActingCache"]


class ActingCache:
    """The base of a cache: what can be made to happen to its entries and to the calls to it."""

    # The caches of its scope; none where it is a copy.
    scope_caches: ref[Any] | None = None
    # The adapter.
    explainer: Any = None

    is_shared = True
    """Whether a child process finds the entries of its parent here, or has entries of its own."""

    is_remote = False
    """Whether it is that of a test in the parent of this process."""

    def keep_details(self, key: object, details: Any) -> None:
        """Have the adapter keep *details* of *key*: what it takes that apart by, once for each key.

        In a child process they go to the parent, by pickle, since it is there that a miss is explained.
        """
        if self.explainer is not None:
            self.explainer.keep_details(self, key, details)

    @property
    def carrier(self) -> Any:
        """What carries faults out for it: its adapter, or what does that for entries of our own."""
        if self.explainer is not None:
            return self.explainer
        from .._behaving.carrying import OWN

        return OWN

    def inject(
        self,
        *faults: Fault,
        on: str | None = None,
        key: object = ANY,
        keys: str | Callable[[Any], object] | None = None,
        nth: int | Iterable[int] | None = None,
        times: int | None = None,
        must_strike: bool = True,
    ) -> Injected:
        """Have *faults* strike calls to this cache, inside a ``with``, or from ``start()`` to ``stop()``.

        *on* is ``"get"``, ``"put"`` or ``"delete"``, and None for all. *key* is one key, as the program gives
        it; *keys* a pattern such as ``"price:*"``, or a function of a key. *nth* are the numbers of the calls
        among those that match, from 1: one, or a set or range of them; *times* is how often at most. Where
        nothing was struck, that is a failure at the end, unless *must_strike* is false.

        Raises ``TypeError`` for a fault that this cache can't be struck by, which is told.
        """
        from .injecting import injected

        return injected(self._of_scope(), self, faults, on, key, keys, nth, times, must_strike)

    def evict(self, key: object) -> None:
        """Take the entry of *key*, as the program gives it, out of the cache, and log an eviction.

        Raises ``KeyError`` where there is no such entry, and ``TypeError`` where none can be taken out.
        """
        from .by_hand import take_out

        take_out(self, "eviction", key, _getframe(1))

    def expire(self, key: object) -> None:
        """Take the entry of *key*, as the program gives it, out of the cache, and log an expiration.

        It is as if its time had passed. Raises what `evict` does.
        """
        from .by_hand import take_out

        take_out(self, "expiration", key, _getframe(1))

    def _of_scope(self) -> Any:
        found = None if self.scope_caches is None else self.scope_caches()
        if found is None:
            raise RuntimeError(
                f"{self!r} is a copy, or of a scope that is gone: nothing can be made to happen to it"
            )
        return found
