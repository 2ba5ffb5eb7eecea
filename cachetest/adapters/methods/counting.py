"""The methods that stand in place of those of a class: each call goes through the gate of its scope."""

from __future__ import annotations

from functools import wraps
from inspect import iscoroutinefunction
from sys import _getframe
from typing import TYPE_CHECKING, Any

from ..._caches.attribution import cache_in_scope
from .calling import CALLS, GetCall, PutCall, is_in_call_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..._caches.cache import MockCache
    from .entries import Put
    from .spec import Spec

__all__ = ["Counted"]


class Counted:
    """The methods of one class, or of one object of it, that are a cache.

    ``owners`` says whose put each entry of an object is that its own storage has now: of another scope's, it
    is not what this one has put.
    """

    def __init__(
        self, name: str, spec: Spec, only: object, originals: Mapping[str, Any], libraries: frozenset[str]
    ) -> None:
        """Have *originals*, the methods of a class, for the object *only* if that is not None."""
        self.name, self.spec, self.only, self.libraries = name, spec, only, libraries
        self.owners: dict[tuple[int, object], Put] = {}
        self.originals = originals

    def _scope_of(self, target: object) -> MockCache | None:
        """Return the cache that a call of *target* is for; None where it is not counted."""
        if (self.only is not None and target is not self.only) or is_in_call_of(target):
            return None
        return cache_in_scope(self.name)

    def counting(self, kind: str) -> Any:
        """Return the method that counts the calls of the one of *kind*."""
        method = self.originals[kind]
        make = CALLS[kind]
        if iscoroutinefunction(method):

            @wraps(method)
            async def counted(self_: Any, /, *args: Any, **kwargs: Any) -> Any:
                counts = self._scope_of(self_)
                if counts is None:
                    return await method(self_, *args, **kwargs)
                call = make(self, method, counts, self_, args, kwargs)
                known = {"asked": method.__name__}
                found = await counts.perform_async(
                    call.kind, call.keys, call.do_async, call.effects, self.libraries, known
                )
                return call.answer(found)

            return counted

        @wraps(method)
        def counted_now(self_: Any, /, *args: Any, **kwargs: Any) -> Any:
            counts = self._scope_of(self_)
            if counts is None:
                return method(self_, *args, **kwargs)
            call = make(self, method, counts, self_, args, kwargs)
            known = {"asked": method.__name__}
            if isinstance(call, GetCall):
                frame = _getframe(1)
                return call.answer(counts.lookup(call.key, call.do, self.libraries, frame, known))
            if isinstance(call, PutCall):
                return counts.write(call.key, call.do, self.libraries, _getframe(1), known)
            return counts.perform(call.kind, call.keys, call.do, call.effects, self.libraries, known)

        return counted_now
