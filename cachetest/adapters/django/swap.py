"""The patch of Django's caches: whose alias an object is, and which of its calls are of a scope."""

from __future__ import annotations

import functools
import sys
from functools import partial
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR, iscoroutinefunction
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.dummy import DummyCache

from ..._caches.attribution import cache_in_scope, is_late, scope_of_caller
from ..._caches.scope import mark, marked, open_scopes
from ..._patching.undo import ABSENT, own_attribute
from ...errors import CacheTestError
from ..calls import Calls, in_call_of, is_in_call_of
from ..outer_call import call_around
from .call import Call
from .calling import call_async, call_sync
from .objects import Objects, classes_of, kinds_of
from .quick import QUICK, LongWayError
from .rules import COMPOSED, RULES
from .running_calls import RunningCalls
from .servers_below import ServersBelow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

    from ..._patching.undo import Undo
    from .kinds import Kind

__all__ = ["Swap", "patched_attributes"]

_BASE = BaseCache.__module__
_SUSPENDED = CO_ASYNC_GENERATOR | CO_COROUTINE | CO_GENERATOR
_NO_CALLS = frozenset({"make_key", "validate_key", "make_and_validate_key", "get_backend_timeout"})

# Every class that was ever patched. When the settings have changed by then, it still has to be compared.
_known_classes: dict[type, None] = {}


def patched_attributes(configured: Mapping[str, Any]) -> Mapping[str, object]:
    """Return the value of each attribute that is patched for the caches *configured*, or was for others."""
    create = own_attribute(caches, "create_connection")
    if create is ABSENT:
        # Those of settings that come up while it is patched are not patched by it.
        _known_classes.update(dict.fromkeys(classes_of(configured).values()))
    found = {"django.core.cache.caches.create_connection": create}
    for cls in _known_classes:
        for name in ("__init__", "__getattribute__"):
            found[f"{cls.__module__}.{cls.__qualname__}.{name}"] = own_attribute(cls, name)
    return found


class Swap:
    """The caches as they were *configured* when they were patched, and the objects that there are of them.

    *given* are the aliases to patch; none stands for all, those of an override of the settings included.
    """

    def __init__(self, given: tuple[str, ...], configured: Mapping[str, Any]) -> None:
        self._given = given
        self._configured = configured
        self._objects = Objects(configured)
        self._kinds = self._objects.kinds
        self._create: Callable[[str], Any] = caches.create_connection
        # A method is another object each time that it is asked for.
        self._connect_ours = self._connect
        self._at_rest = False
        self._wrappers: dict[tuple[str, FunctionType], Any] = {}
        self.below = ServersBelow()
        self._running = RunningCalls()

    def begin(self, undo: Undo) -> None:
        """Patch; *undo* undoes it."""
        served = [kind for alias, kind in self._kinds.items() if self._serves(alias)]
        self.below.begin(undo, served)
        undo.at_rest(self._rest)
        undo.set_attribute(caches, "create_connection", self._connect_ours)
        for cls in dict.fromkeys(kind.cls for kind in self._kinds.values()):
            calls = Calls(cls)
            undo.set_attribute(cls, "__init__", self._initializer(cls))
            calls.begin()
            undo.set_attribute(cls, "__getattribute__", self._reader(cls, calls))
            undo.add(calls.end)
            calls.look()
        # The first that is done: what is in a call of a scope would go on on the real cache.
        undo.add(self._running.wait)

    def _rest(self, at_rest: bool) -> None:
        """Serve those alone who are late, if *at_rest*."""
        self._at_rest = at_rest
        self.below.rest(at_rest)
        caches.create_connection = self._create if at_rest else self._connect_ours

    def _serves(self, alias: str) -> bool:
        return not self._given or alias in self._given

    def _connect(self, alias: str) -> Any:
        """Make the object that ``caches[alias]`` is from now on, on the calling thread."""
        made = self._create(alias)
        if caches.settings is self._configured:
            self._objects[made] = self._kinds.get(alias)
            return made
        # By an override of the settings, the test may have asked for no cache at all.
        if isinstance(made, DummyCache) or not self._serves(alias):
            self._objects[made] = None
            return made
        kind = self._objects[made] = kinds_of(caches.settings)[alias]
        self.below.need(kind)
        cls: Any = type(made)
        if not any(kind.cls is cls for kind in self._kinds.values()):
            made.__class__ = self._patched(cls)
        return made

    @functools.cache  # noqa: B019 (it lives as long as its patch)
    def _patched(self, cls: type) -> type:
        """Return a class for objects of a class that was not there to be patched."""
        calls = Calls(cls)
        calls.begin()
        calls.look()
        own = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
        made = type(cls.__name__, (cls,), own)
        made.__getattribute__ = self._reader(made, calls)  # type: ignore[method-assign, assignment]
        return made

    def _kind_of_held(self, held: Any) -> Kind | None:
        """Return the kind of an object that the program has; None if it is to be left alone."""
        kind = self._objects.kind_of(held)
        return kind if kind is not None and self._serves(kind.alias) else None

    def _initializer(self, cls: Any) -> Callable[..., None]:
        found = cls.__init__

        def initialize(made: Any, *args: Any, **kwargs: Any) -> None:
            if made in self._objects:  # the constructor of a subclass calls this one
                found(made, *args, **kwargs)
                return
            # It is told by its attributes, which it does not have before its constructor is done.
            self._objects[made] = None
            try:
                found(made, *args, **kwargs)
            finally:
                self._objects.forget(made)

        return initialize

    def _reader(self, cls: Any, calls: Calls) -> Callable[[Any, str], Any]:
        # A class that is patched may derive from another one that is.
        before = cls.__getattribute__
        found = getattr(before, "found", before)

        def read(held: Any, name: str) -> Any:
            call: Any = call_around()
            if call is not None and call.held is held:
                if call.composed and (name in RULES or name in COMPOSED or name[1:] in RULES):
                    # Each counts as it would by itself.
                    return self._bound(held, name, found(held, name))
                special = call.special.get(name)
                return found(held, name) if special is None else special(call, name, found)
            # Whatever the name is: an attribute that the class adds may talk to its server.
            if name.startswith("__"):
                return found(held, name)
            caller = sys._getframe(1)
            scope = marked()
            if scope is not None and scope.is_innermost and not self._at_rest and not is_in_call_of(held):
                # Nearly always: nothing that runs here may have begun before it was patched.
                kind = self._kind_of_held(held)
            else:
                kind = calls.find(held, caller, partial(self._in_scope_of_call, held, caller, calls))
            if kind is not None:
                return self._read_in_scope(kind, held, name, found, caller, calls)
            value = (
                before(held, name) if before is not found and before.swap is not self else found(held, name)
            )
            if type(value) is not MethodType or is_in_call_of(held) or calls.is_call_of(held, caller):
                return value
            # A scope may be open by the time that it is called.
            return self._bound(held, name, value)

        read.found, read.swap = found, self  # type: ignore[attr-defined]
        return read

    def _read_in_scope(
        self, kind: Kind, held: Any, name: str, found: Any, caller: FrameType, calls: Calls
    ) -> Any:
        method, flags = caller.f_code.co_name, caller.f_code.co_flags
        is_call = method in RULES or method in COMPOSED
        if is_call and not flags & _SUSPENDED and calls.is_call_of(held, caller):
            raise CacheTestError(
                f"{method!r} was taken off the cache {kind.alias!r} before the test, so nobody counts its "
                f"calls: take it when it is called, as in caches[{kind.alias!r}].{method}"
            )
        if name in kind.special and name not in RULES:
            mock = cache_in_scope(kind.alias)
            if mock is not None:
                return kind.special[name](Call(kind, held, mock, name), name, found)
        return self._bound(held, name, found(held, name))

    def _bound(self, held: Any, name: str, value: Any) -> Any:
        """Return a method of *held* so wrapped that it is decided as it is called whose call it is."""
        function = getattr(value, "__func__", None)
        # What somebody has put in its place, a mock for instance, is for the program to be called.
        if type(value) is not MethodType or type(function) is not FunctionType or hasattr(function, "mock"):
            return value
        if value.__self__ is not held or name in _NO_CALLS:
            return value
        wrapper = self._wrappers.get((name, function))
        if wrapper is None:
            wrapper = self._wrappers[name, function] = self._wrapper(name, function)
        return MethodType(wrapper, held)

    def _wrapper(self, name: str, function: FunctionType) -> Any:
        if iscoroutinefunction(function):

            async def call_it(held: Any, *args: Any, **kwargs: Any) -> Any:
                with self._running.noted():
                    kind, mock = self._decide(held)
                    if kind is None:
                        return await in_call_of(held, function, held, *args, **kwargs)
                    self.below.check(kind)
                    return await call_async(kind, mock, held, name, function, args, kwargs)
        else:
            quick = QUICK.get(name)

            def call_it(held: Any, *args: Any, **kwargs: Any) -> Any:  # type: ignore[misc]
                scope = marked()
                if scope is None:
                    return self._call_unmarked(held, name, function, args, kwargs)
                kind, mock = self._decide(held)
                if kind is None:
                    return in_call_of(held, function, held, *args, **kwargs)
                is_missing = kind.below in self.below.missing
                is_outermost = scope.is_innermost and call_around() is None
                if quick is not None and kind.is_quick and is_outermost and not is_missing:
                    try:
                        return quick(kind, mock, held, function, args, kwargs)
                    except LongWayError:
                        pass
                # Django itself closes what there is, used or not.
                if is_missing and name != "close":
                    self.below.check(kind)
                return call_sync(kind, mock, held, name, function, args, kwargs)

        return functools.wraps(function)(call_it)

    def _call_unmarked(self, held: Any, name: str, function: FunctionType, args: Any, kwargs: Any) -> Any:
        """Do a call on a thread from before, which may go on as its scope closes."""
        with self._running.noted():
            kind, mock = self._decide(held)
            if kind is None:
                return in_call_of(held, function, held, *args, **kwargs)
            if name != "close":
                self.below.check(kind)
            try:
                if kind.is_server:
                    # The server has to be that of the same scope to the end.
                    mark.set(scope_of_caller())
                return call_sync(kind, mock, held, name, function, args, kwargs)
            finally:
                if kind.is_server:
                    mark.set(None)

    def _decide(self, held: Any) -> tuple[Any, Any]:
        """Return the kind of *held* and the cache of the scope, for a call that begins now; else None."""
        around: Any = call_around()
        if around is not None and around.held is held:
            # It ends where what it is a part of began.
            return around.kind, around.mock
        if is_in_call_of(held):
            return None, None
        scope = marked()
        if scope is not None and scope.is_innermost and not self._at_rest:
            kind = self._kind_of_held(held)
            return kind, kind and (scope.by_name.get(kind.alias) or cache_in_scope(kind.alias))
        kind = self._in_scope(held)
        mock = None if kind is None else cache_in_scope(kind.alias)
        if kind is None or mock is None:
            return None, None
        return kind, mock

    def _in_scope(self, held: Any) -> Kind | None:
        """Return the kind of *held* for a call that begins now; None outside any scope."""
        if self._at_rest and not is_late():
            return None
        return self._kind_of_held(held) if scope_of_caller() is not None or open_scopes() else None

    def _in_scope_of_call(self, held: Any, caller: FrameType, calls: Calls) -> Kind | None:
        if marked() is None and caller.f_globals.get("__name__") != _BASE and calls.is_call_of(held, caller):
            # A method that a thread from before had taken off the object, and that may have been at its very
            # beginning as it was patched.
            return None
        return self._in_scope(held)
