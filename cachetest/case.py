"""`CacheTestCase`: every test in a scope of its own, and the assertions on its caches."""

from __future__ import annotations

import operator
import sys
import unittest
import warnings
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from . import messages
from .activation import Activation, Verdict, resolve_adapters
from .caches import MISSING, MockCache
from .errors import CacheTestWarning, NotPatchedError
from .explain import components, same
from .operations import Location, caller_outside
from .stats import Stats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .adapters.base import Adapter
    from .caches import MockCaches

    _TestCase = unittest.TestCase
else:
    _TestCase = object

__all__ = ["CacheTestCase", "CacheTestMixin"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class CacheTestMixin(_TestCase):
    """Put in front of a TestCase: around each test, cache switches are off and caches are mocks.

    First every switch of the adapters in use is turned off, then those of `enable_caches` on, then the
    caches are patched. All of it is undone after the test, its ``tearDown`` and its cleanups, whatever
    happened. This holds whether or not a subclass's ``setUp`` calls ``super().setUp()``.
    """

    patch_caches: ClassVar[Sequence[str | Adapter] | None] = None
    """Adapters, or names of adapters; None means those of every supported library that was imported."""

    enable_caches: ClassVar[Sequence[str]] = ()
    """Names of switches that are on during the tests; all others are off."""

    caches: MockCaches
    """The scope of the running test."""

    _activation: Activation | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        order = cls.__mro__
        if unittest.TestCase in order and order.index(unittest.TestCase) < order.index(CacheTestMixin):
            raise TypeError(
                f"class {cls.__name__}: CacheTestMixin goes in front of the TestCase, not behind it"
            )

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        with self._patching_set_up():
            return super().run(result)

    def debug(self) -> None:
        with self._patching_set_up():
            try:
                super().debug()
            finally:
                # Unlike run(), debug() leaves out the cleanups once something has failed.
                self.doCleanups()

    def setUp(self) -> None:
        super().setUp()
        if self._activation is not None:
            # The TestCase behind may turn caches on for its own tests, as torch's does.
            self._activation.turn_switches_again()

    @contextmanager
    def _patching_set_up(self) -> Iterator[None]:
        # On the instance, and not by a setUp of the class: a subclass need not call super().setUp(), and
        # of all that unittest calls only setUp and the cleanups are sure to run in the context of the test
        # method. For IsolatedAsyncioTestCase that is a copy, taken before run().
        found = vars(self).get("setUp", MISSING)

        def put_back() -> None:
            if found is MISSING:
                vars(self).pop("setUp", None)
            else:
                vars(self)["setUp"] = found

        def patching_set_up() -> None:
            put_back()
            if early is not None:
                early.result()
            else:
                self._open_scope()
            self.setUp()

        # Until Python 3.11 it takes that copy in run(), and calls setUp outside it.
        early = _Outcome(self._open_scope) if _copies_context_in_run(self) else None
        vars(self)["setUp"] = patching_set_up
        try:
            yield
        finally:
            try:
                put_back()
            finally:
                if self._activation is not None:
                    # A KeyboardInterrupt ends run() without the cleanups.
                    self._close(self._activation)

    def _open_scope(self) -> None:
        activation = Activation(
            resolve_adapters(self.patch_caches),
            enable=self.enable_caches,
            label=self.id(),
            switches_off=True,
        )
        # The first cleanup is the last to run: what the test cleans up still counts as its own.
        self.addCleanup(self._leave_scope, activation)
        self._activation = activation
        self.caches = activation.open().caches

    def _leave_scope(self, activation: Activation) -> None:
        verdict = self._close(activation)
        if verdict is not None:
            verdict.tell(self._where(), self.failureException)

    def _close(self, activation: Activation) -> Verdict | None:
        try:
            verdict = activation.close()
        except BaseException:
            # Interrupted: finish, so that nothing stays patched.
            activation.close()
            raise
        self._activation = None
        return verdict

    def _where(self) -> Location:
        code = getattr(getattr(type(self), self._testMethodName, None), "__code__", None)
        if code is None:
            return caller_outside()
        return Location(code.co_filename, code.co_firstlineno, code.co_name)

    def assertCacheStats(
        self,
        name: str,
        stats: Stats | None = None,
        /,
        *,
        puts: int | None = None,
        hits: int | None = None,
        misses: int | None = None,
        msg: object = None,
    ) -> None:
        """Fail unless the cache *name* has exactly these counts.

        Give a `Stats`, which compares all three, or any of *puts*, *hits* and *misses*; a count left out
        is not compared. Raises ``TypeError`` or ``ValueError`` for counts that can't be, and
        `UnknownCacheError`, with the closest names, for a name that is none.
        """
        cache = self._cache(name)
        expected = _expected(stats, puts, hits, misses)
        differ = messages.stats_differ(name, expected, cache.stats, cache.operations, self._take_apart(name))
        if differ is not None:
            raise self.failureException(self._formatMessage(msg, differ))  # type: ignore[arg-type]

    def assertCacheDelta(
        self,
        name: str,
        stats: Stats | None = None,
        /,
        *,
        puts: int | None = None,
        hits: int | None = None,
        misses: int | None = None,
        msg: object = None,
    ) -> _Delta:
        """Return a context manager that fails unless its block did exactly this to the cache *name*.

        Arguments and errors are those of `assertCacheStats`, raised before the block is entered.
        """
        return _Delta(self, self._cache(name), _expected(stats, puts, hits, misses), msg)

    def assertCacheUnused(self, *names: str, msg: object = None) -> None:
        """Fail if there was any operation on the caches *names*; without names, on any cache at all."""
        chosen = [self._cache(name) for name in names] or self._every_cache()
        found = {cache.name: cache.operations for cache in chosen if any(cache.counts())}
        if found:
            text = messages.used(found, {name: self._take_apart(name) for name in found})
            raise self.failureException(self._formatMessage(msg, text))  # type: ignore[arg-type]

    def assertCached(self, name: str, key: object, value: object = MISSING, *, msg: object = None) -> None:
        """Fail unless the cache *name* has an entry for *key*, with that *value* if one is given.

        This is no lookup: it is not counted.
        """
        cache = self._cache(name)
        got = cache.cache.get(key, MISSING)
        if got is MISSING:
            text = messages.not_cached(name, key, list(cache.cache), cache.operations, self._take_apart(name))
        elif value is not MISSING and not same(got, value):
            text = messages.value_differs(name, key, value, got)
        else:
            return
        raise self.failureException(self._formatMessage(msg, text))  # type: ignore[arg-type]

    def assertNotCached(self, name: str, key: object, *, msg: object = None) -> None:
        """Fail if the cache *name* has an entry for *key*. This is no lookup: it is not counted."""
        got = self._cache(name).cache.get(key, MISSING)
        if got is not MISSING:
            text = messages.still_cached(name, key, got)
            raise self.failureException(self._formatMessage(msg, text))  # type: ignore[arg-type]

    def _scope(self) -> MockCaches:
        if not hasattr(self, "caches"):
            raise NotPatchedError(
                f"{self.id()} was not run by unittest, so it has no caches: "
                "call its run(), or run it with `python -m unittest`"
            )
        return self.caches

    def _cache(self, name: str) -> MockCache:
        return self._scope().get_stat(name)

    def _every_cache(self) -> list[MockCache]:
        """Return all caches of the scope; an error if it is not sure that these are all there should be."""
        in_use = [] if self._activation is None else self._activation.adapters
        if self.patch_caches is None and self._activation is not None:
            for adapter in resolve_adapters(None):
                if adapter not in in_use:
                    raise NotPatchedError(
                        f"the library of the adapter {adapter.name!r} was imported while the test ran, so "
                        "its caches are not patched: import it before, or name it: "
                        f"patch_caches = ({adapter.name!r},)"
                    )
        if not self._scope():
            raise NotPatchedError("there is no cache here: no adapter was patched, and no MockBackend made")
        return list(self._scope().values())

    def _take_apart(self, name: str) -> messages.TakeApart:
        if self._activation is None:
            return components
        return partial(self._activation.components, name)


class _Outcome:
    """What calling a function came to, to be had later."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._error: Exception | None = None
        try:
            function()
        except Exception as error:
            self._error = error

    def result(self) -> None:
        if self._error is not None:
            raise self._error


def _copies_context_in_run(case: unittest.TestCase) -> bool:
    # Not imported for this: where it was not, the case is none.
    module = sys.modules.get("unittest.async_case")
    return (
        sys.version_info < (3, 11) and module is not None and isinstance(case, module.IsolatedAsyncioTestCase)
    )


def _expected(stats: Stats | None, puts: int | None, hits: int | None, misses: int | None) -> dict[str, int]:
    """Return the counts to compare, by the word of the argument that gave them."""
    given = {"puts": puts, "hits": hits, "misses": misses}
    counts = {word: count for word, count in given.items() if count is not None}
    if stats is not None:
        if not isinstance(stats, Stats):
            raise TypeError(f"expected a Stats, or counts by name (puts=1), not {stats!r}")
        if counts:
            raise TypeError(f"give a Stats or counts by name, not both: {stats!r} and {counts}")
        counts = dict(zip(given, stats.counts(), strict=True))
    if not counts:
        raise TypeError("nothing to compare: give at least one of puts, hits and misses, or a Stats")
    return {word: _count(word, count) for word, count in counts.items()}


def _count(word: str, count: Any) -> int:
    # A bool is an int to Python; as a count it is a mistake.
    if isinstance(count, bool) or not hasattr(count, "__index__"):
        raise TypeError(f"{word} must be an integer, not {count!r}")
    number = operator.index(count)
    if number < 0:
        raise ValueError(f"{word} must be 0 or more, not {number}")
    return number


class _Delta:
    """What `assertCacheDelta` returns: compares the counts before its block with those after."""

    def __init__(self, case: CacheTestMixin, cache: MockCache, expected: dict[str, int], msg: object) -> None:
        self._case = case
        self._cache = cache
        self._expected = expected
        self._msg = msg
        self._entered = False

    def __del__(self) -> None:
        if not self._entered:
            name = self._cache.name
            warnings.warn(
                f"assertCacheDelta({name!r}, ...) compared nothing: use it in a with statement",
                CacheTestWarning,
                stacklevel=2,
            )

    def __enter__(self) -> None:
        self._entered = True
        self._before = self._cache.stats
        self._generation = self._cache.operations.generation
        self._skipped = len(self._cache.operations) + self._cache.operations.dropped

    def __exit__(self, exc_type: object, exc: object, traceback: object) -> None:
        if exc_type is not None:
            return
        name = self._cache.name
        if self._cache.operations.generation is not self._generation:
            raise ValueError(f"cache {name!r} was reset inside the block of assertCacheDelta")
        got = self._cache.stats - self._before
        differ = messages.stats_differ(
            name,
            self._expected,
            got,
            self._cache.operations,
            self._case._take_apart(name),
            skipped=self._skipped,
        )
        if differ is not None:
            raise self._case.failureException(self._case._formatMessage(self._msg, differ))  # type: ignore[arg-type]


class CacheTestCase(CacheTestMixin, unittest.TestCase):
    """A TestCase whose tests run with their caches counted; see `CacheTestMixin`."""
