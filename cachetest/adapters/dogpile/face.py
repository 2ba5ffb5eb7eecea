"""The class of what a patched region is in a scope: its lookups are counted once each."""

from __future__ import annotations

import copyreg
from contextvars import ContextVar
from functools import partial
from sys import _getframe
from types import FunctionType
from typing import TYPE_CHECKING, Any

from dogpile.cache.api import NO_VALUE

from ..._behaving.call import known_of_struck
from ..._behaving.clock import now
from ..._behaving.gate import MISSING, text_of
from ..._recording.lifetimes import note_lifetime
from ..calls import is_in_call_of
from ..class_swap import named_after
from .backend import LIBRARIES, RegionCall, current_call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ..._caches.cache import MockCache
    from ..._recording.operation import Kind

__all__ = ["make_face"]

_METADATA, _GET_MULTI, _GET_OR_CREATE, _GET_OR_CREATE_MULTI, _SET, _SET_MULTI = (
    {"asked": name}
    for name in (
        "get_value_metadata",
        "get_multi",
        "get_or_create",
        "get_or_create_multi",
        "set",
        "set_multi",
    )
)


_UNREAD = {"error": "it can't be decoded: the deserializer raised CantDeserializeException"}

# The last error of a serializer. An error of the program's own creator goes through the region as well, and
# is no failure.
_unserialized: ContextVar[Exception | None] = ContextVar("cachetest.dogpile.unserialized", default=None)


class _Mutex:
    """The lock of one key, which dogpile takes in a call when the lookup has found nothing that will do."""

    def __init__(self, counts: MockCache, key: object, mutex: Any) -> None:
        self._counts = counts
        self._key = key
        self._mutex = mutex

    def acquire(self, wait: bool = True) -> Any:
        call = current_call.get()
        if call is not None:
            call.missed.add(self._key)
            _count(self._counts, self._key, MISSING, call)
        return self._mutex.acquire(wait)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mutex, name)


def _count(counts: MockCache, key: object, value: object, call: RegionCall) -> None:
    """Count a lookup that came to *value*, or to `MISSING`.

    A value that was there, and would not do, has expired, unless dogpile could not read it: that is a hit,
    and refused.
    """
    if value is MISSING and call.has(key):
        if call.has_unread(key):
            _record(counts, "hit", key, call)
            counts.record("refusal", key, LIBRARIES, _UNREAD)
            return
        _note_lifetime(counts, key, call.there[key])
        counts.record("expiration", key, LIBRARIES)
    _record(counts, "miss" if value is MISSING else "hit", key, call)


def _record(
    counts: MockCache,
    kind: Kind,
    key: object,
    call: RegionCall,
    more: Mapping[str, object] | None = None,
) -> None:
    """Record a lookup, with what a test has had strike the call of the backend that it came to."""
    struck = [each for each in call.struck if each.gate is counts]
    known, strikes = known_of_struck(struck, key)
    if not strikes:
        counts.record(kind, key, LIBRARIES, call.known)
        return
    known = {**(more or {}), **(call.known or {}), **known}
    number = counts.operations.record_numbered(kind, key, LIBRARIES, _getframe(1), known)
    for each in strikes:
        each.injection.note(counts, number)


def _note_lifetime(counts: MockCache, key: object, stored: object) -> None:
    put, until = counts.cache.term_of(stored)  # type: ignore[attr-defined]
    found = now()
    # It may have been invalidated, or asked for with another time to live than that of its region.
    if until is not None and until <= found:
        note_lifetime(counts, key, put, until, found)


def _run_for(target: Any, runner: Any, _: Any, *args: Any) -> Any:
    """Call *runner*, an asynchronous one, with the region that the program has, *target*."""
    return runner(target, *args)


def make_face(original: Any, target: Any, scoped: Callable[[Any], Any]) -> Any:
    """Return the class of what *target*, a region of the class *original*, is in a scope.

    *scoped* puts a backend of ours in place of one that the region is given.
    """

    def mangled(region: Any, key: Any) -> Any:
        mangler = region.key_mangler
        return mangler(key) if mangler else key

    def count_hits(region: Any, keys: Iterable[Any], call: RegionCall) -> None:
        for key in dict.fromkeys(mangled(region, key) for key in keys):
            if key not in call.missed:
                _count(region._cachetest_counts, key, key, call)

    def failing(
        region: Any,
        error: Exception,
        keys: Iterable[Any],
        known: Mapping[str, object] | None = None,
        call: RegionCall | None = None,
    ) -> None:
        """Log that a call has failed if *error* is that of a serializer, which runs above the backend."""
        if error is _unserialized.get():
            _unserialized.set(None)
            made = [mangled(region, key) for key in keys]
            counts = region._cachetest_counts
            if call is None or not call.struck:
                counts.fail(made, error, LIBRARIES, _getframe(1), known, "get")
                return
            for key in made:
                _record(counts, "failure", key, call, {"asked": "get", "error": text_of(error)})

    class Face(original):  # type: ignore[misc]
        __slots__ = ("_cachetest_counts",)

        @property  # type: ignore[misc]
        def __class__(self) -> Any:
            return original

        def get(self, key: Any, *args: Any, **kwargs: Any) -> Any:
            call = RegionCall(None)
            try:
                with call:
                    found = original.get(self, key, *args, **kwargs)
            except Exception as error:
                failing(self, error, (key,), None, call)
                raise
            _count(self._cachetest_counts, mangled(self, key), MISSING if found is NO_VALUE else found, call)
            return found

        def get_value_metadata(self, key: Any, *args: Any, **kwargs: Any) -> Any:
            call = RegionCall(_METADATA)
            try:
                with call:
                    found = original.get_value_metadata(self, key, *args, **kwargs)
            except Exception as error:
                failing(self, error, (key,), _METADATA, call)
                raise
            _count(self._cachetest_counts, mangled(self, key), MISSING if found is None else found, call)
            return found

        def get_multi(self, keys: Any, *args: Any, **kwargs: Any) -> Any:
            keys = list(keys)
            call = RegionCall(_GET_MULTI)
            try:
                with call:
                    found = original.get_multi(self, keys, *args, **kwargs)
            except Exception as error:
                failing(self, error, keys, _GET_MULTI, call)
                raise
            for key, value in zip(keys, found, strict=True):
                _count(
                    self._cachetest_counts, mangled(self, key), MISSING if value is NO_VALUE else value, call
                )
            return found

        def get_or_create(self, key: Any, *args: Any, **kwargs: Any) -> Any:
            call = RegionCall(_GET_OR_CREATE)
            try:
                with call:
                    found = original.get_or_create(self, key, *args, **kwargs)
            except Exception as error:
                failing(self, error, (key,), _GET_OR_CREATE, call)
                raise
            count_hits(self, (key,), call)
            return found

        def get_or_create_multi(self, keys: Any, *args: Any, **kwargs: Any) -> Any:
            keys = list(keys)
            call = RegionCall(_GET_OR_CREATE_MULTI)
            try:
                with call:
                    found = original.get_or_create_multi(self, keys, *args, **kwargs)
            except Exception as error:
                failing(self, error, keys, _GET_OR_CREATE_MULTI, call)
                raise
            count_hits(self, keys, call)
            return found

        def set(self, key: Any, *args: Any, **kwargs: Any) -> None:
            try:
                original.set(self, key, *args, **kwargs)
            except Exception as error:
                failing(self, error, (key,), _SET)
                raise

        def set_multi(self, mapping: Any, *args: Any, **kwargs: Any) -> None:
            try:
                original.set_multi(self, mapping, *args, **kwargs)
            except Exception as error:
                failing(self, error, mapping, _SET_MULTI)
                raise

        def _serialize_cached_value_elements(self, *args: Any, **kwargs: Any) -> Any:
            try:
                return original._serialize_cached_value_elements(self, *args, **kwargs)
            except Exception as error:
                _unserialized.set(error)
                raise

        def _parse_serialized_from_backend(self, *args: Any, **kwargs: Any) -> Any:
            try:
                found = original._parse_serialized_from_backend(self, *args, **kwargs)
            except Exception as error:
                _unserialized.set(error)
                raise
            call = current_call.get()
            if found is NO_VALUE and call is not None:
                # What the backend has none of comes here as well.
                call.unread += [each for each in args if each is not None and each is not NO_VALUE]
            return found

        def _create_mutex(self, key: Any) -> Any:
            # Here and not in `_mutex`: a program finds the one that it was given by its key.
            return _Mutex(self._cachetest_counts, key, super()._create_mutex(key))

        @property
        def async_creation_runner(self) -> Any:
            runner = vars(self)["async_creation_runner"]
            return runner and partial(_run_for, target, runner)

        @async_creation_runner.setter
        def async_creation_runner(self, runner: Any) -> None:
            self.__dict__["async_creation_runner"] = runner

        def __reduce_ex__(self, protocol: Any) -> Any:
            return copyreg.__newobj__, (original,), dict(vars(self))  # type: ignore[attr-defined]

        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, scoped(value) if name == "backend" else value)

    for name, method in list(vars(Face).items()):
        if isinstance(method, FunctionType) and name in _ENTRIES:
            setattr(Face, name, _in_a_call(target, name, method))
    return named_after(original, Face)


_ENTRIES = {
    *("get", "get_value_metadata", "get_multi", "get_or_create", "get_or_create_multi"),
    *("set", "set_multi"),
}


def _in_a_call(target: Any, name: str, method: Any) -> Any:
    """Return *method* for a face that may have been let out, as to a thread that makes a value later."""

    def entry(self: Any, *args: Any, **kwargs: Any) -> Any:
        if is_in_call_of(self):
            return method(self, *args, **kwargs)
        return getattr(target, name)(*args, **kwargs)

    return entry
