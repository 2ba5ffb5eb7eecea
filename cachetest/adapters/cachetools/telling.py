"""The class of the cache that a scope has in place of a patched one, which tells what it does by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import cachetools

from ..calls import in_call_of
from .terms import ended

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..._recording.lifetimes import Term
    from ..._recording.operation import Kind

__all__ = ["make_scoped"]

_Base = cachetools.Cache


class Swap(Protocol):
    """The swap of a cache, as far as it matters here."""

    original: Any
    timed: bool
    tells_expired: bool

    @property
    def entries_by_id(self) -> Mapping[int, Any]: ...


def make_scoped(swap: Swap) -> Any:
    """Return the class of a scope's cache: the object's own, which records evictions and expirations too."""
    from ..class_swap import named_after

    original = swap.original

    def tell(real: Any, kind: Kind, key: object, term: Term | None = None) -> None:
        # By the cache, not by who calls: the scope may have closed since the call has begun.
        entries = swap.entries_by_id.get(id(real))
        if entries is not None:
            entries.tell(kind, key, term)

    class Scoped(original):  # type: ignore[misc, valid-type]
        def popitem(self) -> Any:
            # The library calls this when it needs room. A call of the program goes to the front.
            key, value = original.popitem(self)
            tell(self, "eviction", key)
            return key, value

        if swap.timed:

            def expire(self, *args: Any, **kwargs: Any) -> Any:
                terms = ended(self, *args, **kwargs)
                before: Sequence[Any] = () if swap.tells_expired else list(_Base.__iter__(self))
                expired = original.expire(self, *args, **kwargs)
                if swap.tells_expired:
                    gone = [key for key, _ in expired]
                else:
                    gone = [key for key in before if not _Base.__contains__(self, key)]
                for key in gone:
                    tell(self, "expiration", key, terms.get(key))
                return expired

        if original.__missing__ is not _Base.__missing__:

            def __missing__(self, key: Any) -> Any:
                # On the face, so that whatever a subclass puts in here is counted.
                entries = swap.entries_by_id.get(id(self))
                if entries is None:
                    return original.__missing__(self, key)
                return in_call_of(entries.face, original.__missing__, entries.face, key)

    return named_after(original, Scoped)
