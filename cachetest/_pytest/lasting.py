"""The scopes of fixtures that are there for many tests: of a class, a module, or the session.

Each rests while no fixture runs that has asked for it. It is there for the tests that ask for it, directly or
by a fixture, and is withdrawn while others run, so that what a test finds does not depend on what ran before.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from .._patching import class_scope
from .._patching.class_scope import ClassScope, LastingSession
from .._patching.key_functions import key_functions
from .._recording.call_sites import calling_location
from ..adapters.registry import resolve_adapters
from .given import given_for

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from .._caches.caches import MockCaches
    from .._caches.scope import Scope

__all__ = ["FAILED", "NAMES", "Lasting", "lasting_of", "open_lasting", "origin_of"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

# No line of a test is to be shown of what has come to light as a scope was closed.
FAILED: Any = partial(pytest.fail.Exception, pytrace=False)

NAMES = ("class_caches", "module_caches", "session_caches")
"""The fixtures, the nearest to a test first."""

_LASTING = pytest.StashKey["Lasting"]()


class FixtureScope(ClassScope):
    """The scope of a fixture, which goes by its name, and which only the end of the fixture closes."""

    thread = 0

    def __init__(self, name: str, make: Any) -> None:
        super().__init__(name, make)
        # No thread's, so that no test case takes it for one that was left open.
        self.thread = 0

    def serve(self, asked: bool) -> None:
        """Be there for the test that is about to run, if it has *asked* for it, or be withdrawn."""
        if self._session is not None:
            (self._session.come_back if asked else self._session.withdraw)()


class Lasting:
    """A plugin that has fixtures run in the scopes that they ask for."""

    def __init__(self) -> None:
        self.scopes: dict[str, FixtureScope] = {}
        self._asked: dict[Any, FixtureScope | None] = {}
        self._item: Any = None

    def origin(self, item: Any) -> Scope | None:
        """Return the scope whose entries *item* begins with."""
        names = getattr(item, "fixturenames", ())
        found = next((self.scopes[each] for each in NAMES if each in names and each in self.scopes), None)
        return None if found is None else found.scope

    def pytest_unconfigure(self) -> None:
        class_scope.around = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: Any) -> None:
        self._item = item
        class_scope.around = self._origin_of_item
        for name, scope in self.scopes.items():
            scope.serve(name in getattr(item, "fixturenames", ()))

    def _origin_of_item(self) -> Scope | None:
        return self.origin(self._item)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: Any
    ) -> Generator[None, object, object]:
        if fixturedef.scope == "function" or fixturedef.argname in NAMES:
            return (yield)
        scope = self._asked_by(fixturedef, request)
        if scope is None:
            return (yield)
        # The last that is added is called first.
        inside = [scope]
        fixturedef.addfinalizer(lambda: inside.pop().leave() if len(inside) > 1 else None)
        scope.enter()
        try:
            return (yield)
        finally:
            scope.leave()
            fixturedef.addfinalizer(lambda: inside.append(scope.enter()))  # type: ignore[arg-type]

    def _asked_by(self, fixturedef: pytest.FixtureDef[Any], request: Any) -> FixtureScope | None:
        """Return the nearest scope that a fixture has asked for, itself or by another, if it is there."""
        asked: set[str] = set()
        waiting = list(fixturedef.argnames)
        for name in waiting:
            asked.add(name)
            for each in request._arg2fixturedefs.get(name, ()):
                waiting += [other for other in each.argnames if other not in waiting]
        return next((self.scopes[each] for each in NAMES if each in asked and each in self.scopes), None)


def lasting_of(config: pytest.Config) -> Lasting:
    """Return the plugin of *config*, registered now if it was not."""
    found = config.stash.get(_LASTING, None)
    if found is None:
        found = config.stash[_LASTING] = Lasting()
        config.pluginmanager.register(found, "cachetest-lasting")
    return found


def origin_of(item: pytest.Item) -> Scope | None:
    """Return the scope whose entries *item* begins with; nothing is registered for that."""
    found = item.config.stash.get(_LASTING, None)
    return None if found is None else found.origin(item)


def open_lasting(request: Any) -> Iterator[MockCaches]:
    """Yield the caches of the scope that the fixture of *request* is, until it is torn down."""
    name = request.fixturename
    lasting = lasting_of(request.config)
    origin = next((lasting.scopes[each] for each in _wider(name) if each in lasting.scopes), None)
    label = f"the fixture {name} of {request.node.nodeid or 'the session'}"
    make = partial(_make_session, request, label, None if origin is None else origin.scope)
    scope = FixtureScope(f"{name} of {request.node.nodeid}", make)
    scope.enter().leave()
    lasting.scopes[name] = scope
    entered = scope.scope
    try:
        assert entered is not None
        yield entered.caches
    finally:
        del lasting.scopes[name]
        result = scope.close()
        if result is not None:
            result.raise_or_warn(calling_location(), FAILED)


def _wider(name: str) -> tuple[str, ...]:
    return NAMES[NAMES.index(name) + 1 :]


def _make_session(request: Any, label: str, origin: Scope | None) -> LastingSession:
    given = given_for(request.node)
    options = dict(given.options)
    places = options.pop("explain_keys", ())
    return LastingSession(
        [*resolve_adapters(given.adapters or None), *(key_functions(places) if places else ())],
        detects=not given.adapters,
        label=label,
        origin=origin,
        switches_off=True,
        **options,
    )
