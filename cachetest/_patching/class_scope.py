"""The scopes of classes and of modules: what is set up before their tests, and torn down after them.

Each is opened where something is set up there, and no sooner. It rests while no code of it runs, and its
tests begin with copies of its entries. A test finds it by its class, since no context leads from the one to
the other: a runner may set up a class on one thread, and run its tests on others.
"""

from __future__ import annotations

import threading
import unittest
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

from .._caches.scope import open_scope, open_scopes, rest_scope
from .._recording.call_sites import calling_location
from .._sharing.process_hooks import put_all_hooks_in
from ..adapters.registry import adapter_for
from ..errors import CacheTestWarning
from .imports import follow, unfollow
from .pytest_items import request_of_pytest
from .session import Session
from .shared_installs import acquire, release, renew
from .switches import override, switches_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .._caches.scope import Scope
    from ..adapters.base import Adapter
    from .session import SessionResult

    MakeSession = Callable[[], "LastingSession"]

__all__ = [
    "ClassScope",
    "LastingSession",
    "close_left",
    "enter_class",
    "enter_module",
    "origin_of",
    "scope_of",
    "scopes_of",
]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class LastingSession(Session):
    """One whose scope rests while no code of the class or module runs."""

    _is_lasting = True
    is_withdrawn = False

    def narrow(self, adapters: Sequence[Adapter]) -> None:
        """Have *adapters* in place of its own, before it is opened, and only the switches of those."""
        known = {switch.name for switch in switches_of(adapters)}
        self.adapters = adapters
        self.enable = [name for name in self.enable if name in known]

    def rest(self) -> list[Adapter]:
        """Leave the scope, which is lasting, and turn the switches back; `resume` undoes both.

        Returns the adapters that were installed anew, because somebody has replaced what they patch.
        """
        if self.scope is None:
            return []
        unfollow(self)
        rest_scope(self.scope)
        if self._turned is not None:
            self._turned.run()
        return [adapter for adapter in self.adapters if renew(adapter, self)]

    def resume(self) -> None:
        """Enter the scope again, after `rest`."""
        if self.scope is None:
            return
        self.come_back()
        for switches, value in self._overridden:
            override(switches, value, self._turn_undo(), test=self.scope.test)
        open_scope(self.scope, put_all_hooks_in)
        if self._detects:
            follow(self)

    def withdraw(self) -> None:
        """Take the patches off while the scope rests, and tests run that have nothing to do with it."""
        if self.scope is None or self.is_withdrawn or not self.scope.is_resting:
            return
        self.is_withdrawn = True
        problems: list[str] = []
        for adapter in self.adapters[::-1]:
            self._cause = release(adapter, self, problems) or self._cause
        self._problems += tuple(problems)
        rest_scope(self.scope, withdrawn=True)

    def come_back(self) -> None:
        """Undo `withdraw`; harmless where that was not done."""
        if self.scope is None or not self.is_withdrawn:
            return
        for adapter in self.adapters:
            acquire(adapter, self)
        self.is_withdrawn = False
        rest_scope(self.scope)


class ClassScope:
    """The scope of one class, or of one module, which goes by its name."""

    def __init__(self, key: type | str, make: MakeSession) -> None:
        self.key = key
        self.thread = threading.get_ident()
        self._make = make
        self._depth = 0
        self._session: LastingSession | None = None

    @property
    def scope(self) -> Scope | None:
        """The scope, while it is there."""
        return None if self._session is None else self._session.scope

    @property
    def is_entered(self) -> bool:
        """Whether code that sets up, or tears down, is running."""
        return self._depth > 0

    def enter(self) -> ClassScope:
        """Open the scope, or leave its rest; a ``setUpClass`` that calls another is inside already."""
        if not self._depth:
            if self._session is None:
                self._open()
            else:
                self._session.resume()
        self._depth += 1
        return self

    def leave(self) -> None:
        """Have the scope rest, when the outermost of those that have entered it leaves."""
        self._depth -= 1
        if self._depth or self._session is None:
            return
        for adapter in self._session.rest():
            _warn(
                f"{self._session.label} has replaced what {adapter!r} patches, and it was patched anew: what "
                "was in there is not found by the tests. Fill it by the calls that the tests make"
            )

    def close(self) -> SessionResult | None:
        """Close the scope, and return what was found."""
        # Loaded here: few classes have a scope.
        from .patch_caches import again_if_interrupted

        self._depth = 0
        _by_key.pop(self.key, None)
        session, self._session = self._session, None
        return None if session is None else again_if_interrupted(session.close)

    def _open(self) -> None:
        session = self._make()
        if session.enable:
            known = {switch.name for switch in switches_of(session.adapters)}
            # Those of a library that the class is about to import are for its tests.
            session.enable = [name for name in session.enable if name in known or adapter_for(name) is None]
        try:
            session.open()
        except Exception as error:
            ready = [adapter for adapter in session.adapters if _opens(adapter)]
            if len(ready) == len(session.adapters):
                raise
            left_out = [adapter for adapter in session.adapters if adapter not in ready]
            session.narrow(ready)
            session.open()
            # The tests may find it: a setUpClass may be what makes it.
            _warn(
                f"{session.label} is set up without {', '.join(map(repr, left_out))}: "
                f"{type(error).__name__}: {error}. What is done there to such a cache is neither counted nor "
                "found by the tests"
            )
        self._session = session
        _by_key[self.key] = self


around: Callable[[], Scope | None] | None = None
"""Returns the scope that is around those of classes and modules: one that a fixture of pytest has opened."""

# Those that are there, by the class, or by the name of the module.
_by_key: dict[type | str, ClassScope] = {}


def scope_of(key: type | str, make: MakeSession) -> ClassScope:
    """Return the scope of *key*, a class or a module; where it is not there yet, *make* makes its session."""
    return _by_key.get(key) or ClassScope(key, make)


def scopes_of(cls: type) -> list[ClassScope]:
    """Return the scopes that are there of *cls*, and of those that it derives from."""
    return [_by_key[each] for each in cls.__mro__ if each in _by_key] if _by_key else []


def origin_of(cls: type) -> Scope | None:
    """Return the scope whose entries a test of *cls* begins with, or None."""
    if not _by_key:
        return None if around is None else around()
    # That of a base, where a decorator of the base has called its setUpClass by name.
    found = scopes_of(cls) or [_by_key[key] for key in (cls.__module__,) if key in _by_key]
    if not found and around is not None:
        return around()
    return found[0].scope if found else None


def close_left(cls: type) -> list[SessionResult]:
    """Close what this thread has left open of other classes than *cls*; return what was found.

    A runner that knows no cleanups of classes, or one that was interrupted, leaves them.
    """
    if not _by_key:
        return []
    keys = {*cls.__mro__, cls.__module__}
    busy = [each for scope in open_scopes() for each in scope.origins()[1:]]
    here = threading.get_ident()
    left = [
        each
        for each in list(_by_key.values())
        if each.key not in keys and each.thread == here and not each.is_entered and each.scope not in busy
    ]
    results = [each.close() for each in left]
    return [result for result in results if result is not None]


def enter_class(cls: Any) -> ClassScope:
    """Enter the scope of *cls*, a test case; or that of a class which derives from it, and is being set up.

    A decorator of *cls* may have put a ``setUpClass`` in place that calls that of *cls* for both.
    """
    here = threading.get_ident()
    for each in tuple(_by_key.values()):
        if each.is_entered and each.thread == here and cls in getattr(each.key, "__mro__", ()):
            return each.enter()
    return scope_of(cls, cls._make_class_session).enter()


def enter_module(name: str, classes: Iterable[Any]) -> ClassScope:
    """Enter the scope of the module *name*, in which *classes* are."""
    found = scope_of(name, partial(_module_session, name, classes))
    is_new = found.scope is None
    found.enter()
    if is_new:
        _close_with_module(found)
    return found


def _module_session(name: str, classes: Iterable[Any]) -> LastingSession:
    """Return the session of the module *name*: with the adapters, and the switches, of all its *classes*."""
    adapters: list[Adapter] = []
    enable: dict[str, None] = {}
    taken: set[str] = set()
    for cls in sorted(classes, key=lambda each: each.__qualname__):
        session: LastingSession = cls._make_class_session()
        enable.update(dict.fromkeys(session.enable))
        for adapter in session.adapters:
            # Two classes may each call a cache of their own by one name.
            if adapter not in adapters and taken.isdisjoint(adapter.caches):
                adapters.append(adapter)
                taken.update(adapter.caches)
    return LastingSession(adapters, label=f"the module {name}", enable=tuple(enable), switches_off=True)


def _close_with_module(entered: ClassScope) -> None:
    """Have the scope of a module closed after its ``tearDownModule``."""

    def close() -> None:
        result = entered.close()
        if result is not None:
            result.raise_or_warn(calling_location(), AssertionError)

    request = request_of_pytest()
    if request is not None:
        # pytest does not run the cleanups of modules. This finalizer is the first, so the last to run.
        request.addfinalizer(close)
    else:
        unittest.addModuleCleanup(close)


def _opens(adapter: Adapter) -> bool:
    session = LastingSession([adapter], label="a trial")
    try:
        session.open()
    except Exception:
        # Why not is told by the error that made somebody ask.
        return False
    session.close()
    return True


def _warn(text: str) -> None:
    where = calling_location()
    warnings.warn_explicit(text, CacheTestWarning, where.filename, where.lineno)
