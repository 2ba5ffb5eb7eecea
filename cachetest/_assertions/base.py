"""The part that all assertions share: the scope of the test case, and the way a failure is raised."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol, cast

from .._caches import attribution
from .._caches.attribution import innermost_of
from .._caches.backend_names import backend_names
from .._sharing import children
from .._sharing.client import is_asking
from .._sharing.joined import own_scope_is_open
from ..adapters.registry import resolve_adapters
from ..errors import CacheTestError, NotPatchedError
from .of_process import find_process, validate_process

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from unittest import TestCase as _TestCase

    from .._caches.cache import MockCache
    from .._caches.caches import MockCaches
    from .._caches.scope import Scope
    from .._telling.history import History
    from ..adapters.base import Adapter
else:
    _TestCase = object

__all__ = ["AssertionBase", "OpenSession"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class OpenSession(Protocol):
    """The session of the running test, as far as an assertion asks it."""

    adapters: Sequence[Adapter]
    scope: Scope | None

    def entry_key(self, cache: str, key: object) -> object: ...


class _CachesOfCase:
    """The caches of a case, which are made when they are asked for: many tests have no use for them.

    Those of a case that unittest does not run are of the one that runs the same test, if one does: torch's
    MultiThreadedTestCase makes another case for each rank, and calls the test method of each. A rank of
    MultiProcessTestCase is a child process, and has those of the test that it is of.
    """

    def __get__(self, case: AssertionBase | None, owner: type[AssertionBase]) -> MockCaches:
        if case is not None and case._own_scope is not None:
            return case._own_scope.caches
        scope = None if case is None else innermost_of(lambda scope: _is_run_by(scope.entered_by, case))
        if case is not None and scope is None and (asked := _scope_of_parent()) is not None:
            case._own_scope = asked
            return asked.caches
        if case is None or scope is None:
            raise AttributeError(f"{owner.__name__!r} object has no attribute 'caches'")
        case._own_scope = scope
        case._session = cast("AssertionBase", scope.entered_by)._session
        return scope.caches


def _scope_of_parent() -> Scope | None:
    """Return what stands for the scope of the parent's test; None where none is, or it can't be asked."""
    return None if is_asking() is None or own_scope_is_open() else attribution.outside


def _is_run_by(runs: object, case: AssertionBase) -> bool:
    """Return whether *runs* is a case whose test is run, and that of *case* is the same."""
    return type(runs) is type(case) and runs._session is not None and runs.id() == case.id()


class AssertionBase(_TestCase):
    """The base of the families of assertions, for a TestCase whose tests are run in a scope."""

    patch_caches: ClassVar[Sequence[str | Adapter] | None] = None
    """Adapters, or names of adapters; None means those of every supported library that was imported."""

    if TYPE_CHECKING:
        caches: MockCaches
        """The scope of the running test."""
    else:
        caches = _CachesOfCase()

    _session: OpenSession | None = None
    # The scope of its latest run.
    _own_scope: Scope | None = None

    # The state that the caches of the test are in, where it is one of `cache_states`.
    _test_state: str = "cold"

    def _passes_over(self) -> bool:
        """Return whether an assertion of counts or entries means another state than that of the test."""
        if self._test_state == "cold":
            return False
        self.caches._pass_over()
        return True

    def _fail_with(self, msg: object, text: str) -> AssertionError:
        """Return the failure to raise, with *msg* as unittest adds it."""
        failure: AssertionError = self.failureException(self._formatMessage(msg, text))  # type: ignore[arg-type, assignment]
        return failure

    def _scope(self) -> MockCaches:
        if not hasattr(self, "caches"):
            raise NotPatchedError(
                f"{self.id()} was not run by unittest, so it has no caches: "
                "call its run(), or run it with `python -m unittest`"
            )
        scope = None if self._session is None else self._session.scope
        if scope is not None:
            lines = children.lines_of(scope)
            # Those that were used: the others are made when they are asked for.
            lines += [line for cache in list(scope.by_name.values()) for line in cache.problems]
            if lines:
                from .._telling.failures import join_problems

                raise self._fail_with(None, join_problems(lines))
        return self.caches

    def _process(self, process: int | str | None) -> int | None:
        """Return the id of *process*, which is known here; None for None."""
        if process is None:
            return None
        process, caches = validate_process(process), self._scope()
        scope = None if self._session is None else self._session.scope
        known = None if scope is None or children.state is None else children.state.children_of(scope)
        return find_process(caches, process, {each for child in known or () for each in child.processes})

    def _cache(self, name: str) -> MockCache:
        return self._scope().get_stat(name)

    def _every_cache(self) -> list[MockCache]:
        """Return all caches of the scope; an error if it is not sure that these are all there should be."""
        in_use = [] if self._session is None else self._session.adapters
        if self.patch_caches is None and self._session is not None:
            for adapter in resolve_adapters(None):
                if adapter not in in_use:
                    raise NotPatchedError(
                        f"the library of the adapter {adapter.name!r} was imported while the test ran, so "
                        "its caches are not patched: import it before, or name it: "
                        f"patch_caches = ({adapter.name!r},)"
                    )
        if not self._scope() and not backend_names():
            raise NotPatchedError(f"there is no cache here: {self._scope().why_none()}")
        return list(self._scope().values())

    def _history(
        self, cache: MockCache, before: Mapping[str, int] | None = None, since: object = None
    ) -> History:
        """Return the history of *cache*.

        *before* is what there was in blocks when it begins, and *since* its adapter's moment then.
        """
        return self._scope().history_of(cache, before, since)

    def _known_operations(self, cache: MockCache) -> History:
        """Return the history of *cache*; raises ``ValueError`` where not all of its operations are known."""
        if "operations" in cache.unavailable:
            why = cache.unavailable["operations"]
            raise ValueError(f"the operations of cache {cache.name!r} can't be known: {why}")
        history = self._history(cache)
        if history.dropped:
            raise ValueError(
                f"the oldest {history.dropped:,} operations of cache {cache.name!r} are not kept, so they "
                "can't be compared: have more kept, by log_length"
            )
        return history

    def _entry_key(self, cache: MockCache, key: object) -> object:
        return key if self._session is None else self._session.entry_key(cache.name, key)

    def _places(self, cache: MockCache, key: object, at: str | None) -> Mapping[str, object]:
        """Return the value of *key* in each server and database that has one, or in the one that is *at*."""
        key = self._entry_key(cache, key)
        places_of = getattr(cache.cache, "places_of", None)
        if places_of is None:
            if at is not None:
                raise CacheTestError(
                    f"cache {cache.name!r} has its entries in one place: at={at!r} is for those of servers"
                )
            # By the key: to get it with a default of ours is a lookup, where entries live for a time.
            try:
                return {"": cache.cache[key]}
            except KeyError:
                return {}
        places: Mapping[str, object] = places_of(key)
        if at is None:
            return places
        place = cache.cache.place_named(at)  # type: ignore[attr-defined]
        return {place: places[place]} if place in places else {}
