"""What every adapter has to do: a test suite for the author of one.

An author says how a program uses the library, in a `Subject`, and gets the cases by subclassing
`AdapterContract`, the mixin in front::

    import unittest

    import library  # the library that the adapter is for
    from cachetest.contract import MISSING, AdapterContract, Subject

    from library_adapter import LibraryAdapter


    class LibrarySubject(Subject):
        adapter = LibraryAdapter()
        caches = ("pages", "users")  # one or two of the adapter's caches

        def open(self, name):  # what a program holds to use the cache, made before or inside the patch
            return library.Client(name)

        def get(self, client, key):
            return client.get(key, MISSING)

        def put(self, client, key, value):
            client.set(key, value)

        def delete(self, client, key):
            client.remove(key)

        def state(self):  # what has to be afterwards as it was before; compared with ==
            return library.backend, dict(library.settings)


    class LibraryContract(AdapterContract, unittest.TestCase):
        exceptions: ClassVar = {
            "expiry": "the library has no TTL",
            "many": "the library has no call for several keys",
        }

        def make_subject(self):
            return LibrarySubject()

Each test ``test_NAME`` is the case ``NAME``. `make_subject` is called outside any patch, once for each case;
it may use ``self.addCleanup`` and ``self.skipTest``. A method that `Subject` does not have by itself
(``delete``, ``get_many``, ``put_for`` and ``advance``, ...) is needed by the cases that call it only.

A case that does not apply is declared in ``exceptions``, with the reason, and is skipped with that. It is run
all the same, and when it passes it is a failure: the declaration is out of date. A declared name that is no
case, or a reason that is empty, is a ``ValueError`` when the class is made. `contract_table` runs suites and
returns the table of adapters and cases.
"""

from __future__ import annotations

import functools
import inspect
import socket
import sys
import threading
import unittest
from abc import ABC, abstractmethod
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar
from unittest import mock

from parameterized import parameterized

from ._behaving.gate import MISSING
from ._caches.caches import MockCaches
from ._patching.patch_caches import PatchCaches
from ._patching.undo import Undo
from .errors import closest_first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from unittest import TestCase as _TestCase

    from ._caches.cache import MockCache
    from .adapters.base import Adapter
else:
    _TestCase = object

__all__ = ["MISSING", "AdapterContract", "Subject", "contract_table"]

THREADS = 8
ROUNDS = 25
# Of a thread that waits for another: to fail, and not to hang, when that one is stuck.
SECONDS = 60


class Subject(ABC):
    """How a program uses the library of an adapter.

    *cache*, in the methods, is what `open` returned. Keys are strings; values are strings too, but for the
    cases of falsy values.
    """

    adapter: Adapter
    """What to patch with; two scopes at once have to be possible with it."""

    caches: Sequence[str]
    """The names of one cache of the adapter, or of two."""

    misses_per_put: int = 0
    """How many lookups that miss a put of a new key consists of: 1 for a function that is memoised."""

    @abstractmethod
    def open(self, name: str) -> Any:
        """Return what a program holds to use the cache *name*.

        It is called before the caches are patched and inside, in whichever thread uses the result.
        """

    @abstractmethod
    def get(self, cache: Any, key: str) -> Any:
        """Look *key* up, once, and return the value, or `MISSING`."""

    @abstractmethod
    def put(self, cache: Any, key: str, value: Any) -> None:
        """Write *value*, once."""

    @abstractmethod
    def state(self) -> object:
        """Return what has to be after the patch as it was before: a detached value with an ``==``."""

    def delete(self, cache: Any, key: str) -> None:
        """Delete the entry of *key*, once."""
        raise self._undefined("delete")

    def get_many(self, cache: Any, keys: Sequence[str]) -> Mapping[str, Any]:
        """Look all *keys* up by one call, and return those that were found."""
        raise self._undefined("get_many")

    def put_many(self, cache: Any, values: Mapping[str, Any]) -> None:
        """Write all *values*, by one call if the library has one for it."""
        for key, value in values.items():
            self.put(cache, key, value)

    def put_for(self, cache: Any, key: str, value: Any, seconds: int) -> None:
        """Write *value* to expire in *seconds*."""
        raise self._undefined("put_for")

    def advance(self, seconds: int) -> None:
        """Move on the clock that the library reads."""
        raise self._undefined("advance")

    def fail_half_way(self) -> AbstractContextManager[object]:
        """Return a context manager inside which the adapter's install fails, having changed something.

        Not needed where the adapter changes what it does by `Undo`: that is made to fail at each step.
        """
        raise self._undefined("fail_half_way")

    def offers(self, method: str) -> bool:
        """Return whether the subject defines *method* itself."""
        return getattr(type(self), method) is not getattr(Subject, method)

    def _undefined(self, method: str) -> NotImplementedError:
        return NotImplementedError(
            f"{type(self).__name__}.{method} is not defined: define it, or declare in `exceptions` why the "
            "case does not apply"
        )


def _case(method: Callable[..., None]) -> Callable[..., None]:
    """Return the test of one case: with a new subject, and the other way round where it is declared."""

    @functools.wraps(method)
    def test(self: AdapterContract, *parameters: Any) -> None:
        reason = self.exceptions.get(_name_of_case(self._testMethodName))
        self.subject = self.make_subject()
        if reason is None:
            method(self, *parameters)
            return
        try:
            method(self, *parameters)
        except Exception:
            raise unittest.SkipTest(reason) from None
        self.fail(f"the case passes, but is declared as an exception: {reason!r}")

    return test


def _name_of_case(method: str) -> str:
    return method.removeprefix("test_")


def _named_falsy(_method: object, _number: object, parameters: Any) -> str:
    return f"test_falsy_{parameters.args[0]}"


def _described_falsy(_method: object, _number: object, parameters: Any) -> str:
    return f"A stored {parameters.args[1]!r} is a hit, and comes back as it was."


class AdapterContract(_TestCase):
    """The cases that every adapter passes or declares; see the docstring of the module."""

    exceptions: ClassVar[Mapping[str, str]] = {}
    """The cases that do not apply, each with the reason."""

    subject: Subject
    """That of the running case."""

    def make_subject(self) -> Subject:
        """Return a new subject; it is called outside any patch."""
        raise NotImplementedError(f"{type(self).__name__}.make_subject has to return a Subject")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        known = cls.cases()
        for name, reason in cls.exceptions.items():
            if name not in known:
                closest = ", ".join(closest_first(name, known))
                raise ValueError(f"{cls.__name__}.exceptions: no case {name!r}; the closest first: {closest}")
            if not isinstance(reason, str) or not reason.strip():
                raise ValueError(f"{cls.__name__}.exceptions[{name!r}]: give the reason, not {reason!r}")

    @classmethod
    def cases(cls) -> list[str]:
        """Return the names of the cases, in the order they are written in."""
        # What `expand` has left in place of the test that it has multiplied is None.
        return [
            _name_of_case(name)
            for name, test in vars(AdapterContract).items()
            if name.startswith("test_") and test
        ]

    def patched(self) -> PatchCaches:
        """Return a fresh scope with the adapter of the subject."""
        return PatchCaches(self.subject.adapter)

    def check(self, cache: MockCache, *, puts: int = 0, hits: int = 0, misses: int = 0) -> None:
        """Fail unless *cache* has counted this; what can't be known of it is left out."""
        misses += puts * self.subject.misses_per_put
        got = dict(zip(("puts", "hits", "misses"), cache.counts(), strict=True))
        expected = {"puts": puts, "hits": hits, "misses": misses}
        known = got.keys() - cache.unavailable.keys()
        self.assertEqual(
            {word: got[word] for word in known},
            {word: expected[word] for word in known},
            f"the counts of {cache!r}",
        )

    def check_get(self, cache: Any, key: str, expected: object) -> None:
        """Look *key* up, and fail unless that comes to *expected*, in type too."""
        got = self.subject.get(cache, key)
        if expected is MISSING or got is MISSING:
            self.assertIs(got, expected, f"what a lookup of {key!r} has found")
        self.assertEqual((type(got), got), (type(expected), expected), f"what a lookup of {key!r} has found")

    def check_kinds(self, cache: MockCache, *kinds: str) -> None:
        """Fail unless *cache* has logged operations of these *kinds*, in any order."""
        self.assertEqual(Counter(each.kind for each in cache.operations), Counter(kinds))

    @_case
    def test_cold(self) -> None:
        """The first lookup of a scope is a miss."""
        name = self.subject.caches[0]
        with self.patched() as patch:
            self.check(patch.caches[name])
            self.check_get(self.subject.open(name), "a", MISSING)
            self.check(patch.caches[name], misses=1)

    @_case
    def test_warm(self) -> None:
        """A lookup after a put is a hit, of the value that was put."""
        name = self.subject.caches[0]
        with self.patched() as patch:
            cache = self.subject.open(name)
            self.subject.put(cache, "a", "first")
            self.check(patch.caches[name], puts=1)
            self.check_get(cache, "a", "first")
            self.check(patch.caches[name], puts=1, hits=1)

    @_case
    def test_overwrite(self) -> None:
        """A value over another is a put too, and is what is found."""
        name = self.subject.caches[0]
        with self.patched() as patch:
            cache = self.subject.open(name)
            self.subject.put(cache, "a", "first")
            self.subject.put(cache, "a", "second")
            self.check_get(cache, "a", "second")
            self.check(patch.caches[name], puts=2, hits=1)

    @_case
    def test_delete(self) -> None:
        """A deleted entry is gone; the delete is logged, and is no lookup and no put."""
        name = self.subject.caches[0]
        with self.patched() as patch:
            cache = self.subject.open(name)
            self.subject.put(cache, "a", "first")
            self.subject.delete(cache, "a")
            self.check_get(cache, "a", MISSING)
            self.check(patch.caches[name], puts=1, misses=1)
            self.check_kinds(patch.caches[name], "put", "delete", "miss")

    @parameterized.expand(  # type: ignore[untyped-decorator]
        [("none", None), ("false", False), ("zero", 0), ("bytes", b""), ("text", "")],
        name_func=_named_falsy,
        doc_func=_described_falsy,
    )
    @_case
    def test_falsy(self, _name: str, value: object) -> None:  # noqa: PT019
        name = self.subject.caches[0]
        with self.patched() as patch:
            cache = self.subject.open(name)
            self.subject.put(cache, "a", value)
            self.check_get(cache, "a", value)
            self.check(patch.caches[name], puts=1, hits=1)

    @_case
    def test_many(self) -> None:
        """A call for three keys, two of them there, is two hits and a miss; one that puts two is two puts."""
        name = self.subject.caches[0]
        with self.patched() as patch:
            cache = self.subject.open(name)
            self.subject.put_many(cache, {"a": "first", "b": "second"})
            found = self.subject.get_many(cache, ["a", "b", "c"])
            self.assertEqual(dict(found), {"a": "first", "b": "second"})
            self.check(patch.caches[name], puts=2, hits=2, misses=1)

    @_case
    def test_expiry(self) -> None:
        """What has expired is a miss, and an expiration in the log."""
        name = self.subject.caches[0]
        with self.patched() as patch:
            cache = self.subject.open(name)
            self.subject.put_for(cache, "a", "first", 60)
            self.check_get(cache, "a", "first")
            self.subject.advance(61)
            self.check_get(cache, "a", MISSING)
            self.check(patch.caches[name], puts=1, hits=1, misses=1)
            self.check_kinds(patch.caches[name], "put", "hit", "expiration", "miss")

    @_case
    def test_two_names(self) -> None:
        """Two caches have counts and entries of their own."""
        self.assertEqual(len(self.subject.caches), 2, "this case needs the names of two caches")
        name, other = self.subject.caches
        with self.patched() as patch:
            cache, another = self.subject.open(name), self.subject.open(other)
            self.subject.put(cache, "a", "first")
            self.check_get(another, "a", MISSING)
            self.subject.put(another, "b", "second")
            self.check_get(cache, "a", "first")
            self.check(patch.caches[name], puts=1, hits=1)
            self.check(patch.caches[other], puts=1, misses=1)

    @_case
    def test_made_before(self) -> None:
        """An object that the program made before the patch is reached, and shares the entries."""
        name = self.subject.caches[0]
        cache = self.subject.open(name)
        with self.patched() as patch:
            self.subject.put(cache, "a", "first")
            self.check_get(cache, "a", "first")
            self.check_get(self.subject.open(name), "a", "first")
            self.check(patch.caches[name], puts=1, hits=2)

    @_case
    def test_made_inside(self) -> None:
        """An object that was made in a scope is of the next one when that is used there."""
        name = self.subject.caches[0]
        with self.patched():
            cache = self.subject.open(name)
            self.subject.put(cache, "a", "first")
        with self.patched() as patch:
            self.check_get(cache, "b", MISSING)
            self.check(patch.caches[name], misses=1)

    @_case
    def test_fresh(self) -> None:
        """The next scope begins with no counts and no entries."""
        name = self.subject.caches[0]
        with self.patched():
            self.subject.put(self.subject.open(name), "a", "first")
        with self.patched() as patch:
            self.check(patch.caches[name])
            self.check_get(self.subject.open(name), "a", MISSING)

    @_case
    def test_entries(self) -> None:
        """The entries can be read under the program's key, which is no lookup."""
        name = self.subject.caches[0]
        with self.patched() as patch:
            self.subject.put(self.subject.open(name), "a", "first")
            entries = patch.caches[name].cache
            self.assertIn(self.subject.adapter.entry_key(name, "a"), entries)
            self.assertNotIn(self.subject.adapter.entry_key(name, "b"), entries)
            self.assertEqual((len(entries), len(list(entries))), (1, 1))
            self.check(patch.caches[name], puts=1)

    @_case
    def test_reset(self) -> None:
        """A reset empties the cache and its counts."""
        name = self.subject.caches[0]
        with self.patched() as patch:
            cache = self.subject.open(name)
            self.subject.put(cache, "a", "first")
            self.check_get(cache, "a", "first")
            patch.caches.reset()
            self.check(patch.caches[name])
            self.check_get(cache, "a", MISSING)
            self.check(patch.caches[name], misses=1)

    @_case
    def test_restored(self) -> None:
        """Everything is as it was after the patch, also when an exception has left it."""
        before = self._state()
        with self.patched():
            self._use_all()
        self.assertEqual(self._state(), before)
        with self.assertRaises(ZeroDivisionError), self.patched():
            self._use_all()
            raise ZeroDivisionError
        self.assertEqual(self._state(), before)

    @_case
    def test_fails_half_way(self) -> None:
        """Where the install fails, at any step, nothing stays patched."""
        before = self._state()
        if self.subject.offers("fail_half_way"):
            with self.subject.fail_half_way(), self.assertRaises(Exception):  # noqa: B017
                self.patched().__enter__()
            self.assertEqual(self._state(), before)
            return
        steps = 0
        while not self._installs_until(steps):
            self.assertEqual(self._state(), before, f"after the install had failed at step {steps + 1}")
            steps += 1
        self.assertGreater(steps, 0, "the install makes no change by Undo: define fail_half_way")

    def _installs_until(self, steps: int) -> bool:
        """Make `Undo` fail after *steps* changes; return whether the adapter was installed all the same."""
        adapter = self.subject.adapter
        try:
            with _undo_failing_after(steps), ExitStack() as stack:
                stack.enter_context(adapter.install())
                watch = adapter.scope_context(MockCaches(adapter.caches))
                if watch is not None:
                    stack.enter_context(watch)
        except _InjectedError:
            return False
        return True

    @_case
    def test_threads(self) -> None:
        """Counts are exact whichever threads of a test the operations come from, and entries are shared."""
        name = self.subject.caches[0]
        interval = sys.getswitchinterval()
        self.addCleanup(sys.setswitchinterval, interval)

        def work(thread: int) -> None:
            cache = self.subject.open(name)
            for n in range(ROUNDS):
                self.subject.put(cache, f"{thread}-{n}", f"{n}")
                self.check_get(cache, f"{thread}-{n}", f"{n}")
                self.check_get(cache, f"{thread}-{n}-absent", MISSING)

        with self.patched() as patch:
            sys.setswitchinterval(1e-5)
            with ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(work, range(THREADS)))
            sys.setswitchinterval(interval)
            total = THREADS * ROUNDS
            self.check(patch.caches[name], puts=total, hits=total, misses=total)
            self.check_get(self.subject.open(name), "0-0", "0")

    @_case
    def test_nested(self) -> None:
        """An inner scope begins cold; the counts and the entries of the outer come back untouched."""
        name = self.subject.caches[0]
        with self.patched() as outer:
            cache = self.subject.open(name)
            self.subject.put(cache, "a", "first")
            with self.patched() as inner:
                self.check_get(cache, "a", MISSING)
                self.subject.put(cache, "b", "second")
                self.check(inner.caches[name], puts=1, misses=1)
                self.check(outer.caches[name], puts=1)
            self.check(outer.caches[name], puts=1)
            self.check_get(cache, "b", MISSING)
            self.check_get(cache, "a", "first")
            self.check(outer.caches[name], puts=1, hits=1, misses=1)
            self.check(inner.caches[name], puts=1, misses=1)

    @_case
    def test_parallel(self) -> None:
        """Two scopes at once, in threads, have counts and entries of their own."""
        name = self.subject.caches[0]
        barrier = threading.Barrier(2, timeout=SECONDS)

        def work(value: str) -> None:
            try:
                with self.patched() as patch:
                    cache = self.subject.open(name)
                    barrier.wait()
                    self.subject.put(cache, "a", value)
                    barrier.wait()
                    self.check_get(cache, "a", value)
                    self.check(patch.caches[name], puts=1, hits=1)
                    barrier.wait()
            except BaseException:
                barrier.abort()
                raise

        with ThreadPoolExecutor(2) as pool:
            errors = [future.exception() for future in [pool.submit(work, v) for v in ("first", "second")]]
        # What broke the barrier is the failure, not that the other thread found it broken.
        errors.sort(key=lambda error: isinstance(error, threading.BrokenBarrierError))
        if errors[0] is not None or errors[1] is not None:
            raise next(error for error in errors if error is not None)

    @_case
    def test_call_site(self) -> None:
        """An operation is logged with the line of the program that called the library."""
        name = self.subject.caches[0]
        with self.patched() as patch:
            cache = self.subject.open(name)
            self.subject.put(cache, "a", "first")
            self.subject.get(cache, "a")
            self.subject.get(cache, "b")
            self.check_kinds(patch.caches[name], "put", "hit", "miss")
            for operation in patch.caches[name].operations:
                method = self.subject.put if operation.kind == "put" else self.subject.get
                code = inspect.unwrap(method).__code__
                self.assertEqual(operation.where.filename, code.co_filename, operation)
                self.assertIn(operation.where.lineno, {line for _, _, line in code.co_lines()}, operation)

    @_case
    def test_no_network(self) -> None:
        """Nothing connects to anything while patched."""
        refused = mock.Mock(side_effect=OSError("no network in this case"))
        with (
            mock.patch.object(socket.socket, "connect", refused),
            mock.patch.object(socket.socket, "connect_ex", refused),
            self.patched(),
        ):
            self._use_all()
        refused.assert_not_called()

    def _use_all(self) -> None:
        """Use each cache, in every way that the subject offers."""
        for name in self.subject.caches:
            cache = self.subject.open(name)
            self.subject.get(cache, "a")
            self.subject.put(cache, "a", "first")
            self.subject.get(cache, "a")
            if self.subject.offers("get_many"):
                self.subject.put_many(cache, {"a": "first", "b": "second"})
                self.subject.get_many(cache, ["a", "b", "c"])
            if self.subject.offers("delete"):
                self.subject.delete(cache, "a")

    def _state(self) -> tuple[object, object]:
        places = self.subject.adapter.patched_attributes()
        return self.subject.state(), {place: _Same(found) for place, found in places.items()}


class _Same:
    """Compares by identity."""

    def __init__(self, found: object) -> None:
        self.found = found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.found is other.found

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.found)


class _InjectedError(Exception):
    """What an install is made to fail with."""


@contextmanager
def _undo_failing_after(steps: int) -> Iterator[None]:
    """Make `Undo` fail as the next change after *steps* is about to be made."""
    add = Undo.add
    made = 0

    def failing(self: Undo, step: Callable[[], object]) -> None:
        nonlocal made
        if made == steps:
            raise _InjectedError(f"made to fail after {steps} steps")
        made += 1
        add(self, step)

    with mock.patch.object(Undo, "add", failing):
        yield


def contract_table(*suites: type[AdapterContract]) -> str:
    """Run the cases of *suites*, and return a table of the adapters and the cases, in reStructuredText.

    A cell is ``pass``, ``FAIL`` or ``skip``, or the number of the reason for an exception, below the table.
    """
    columns: dict[str, list[str]] = {"case": AdapterContract.cases()}
    reasons: list[str] = []
    for suite in suites:
        title = suite.__name__.removesuffix("Contract")
        columns[title] = [_outcome(suite, name, title, reasons) for name in AdapterContract.cases()]
    widths = [max(map(len, (title, *cells))) for title, cells in columns.items()]
    rows = [tuple(columns), *zip(*columns.values(), strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    rule = "  ".join("=" * width for width in widths)
    notes = [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule, "", *notes]).rstrip() + "\n"


def _outcome(suite: Any, name: str, title: str, reasons: list[str]) -> str:
    result = unittest.TestResult()
    suite(f"test_{name}").run(result)
    if not result.wasSuccessful():
        return "FAIL"
    if name in suite.exceptions:
        reasons.append(f"{title}, {name}: {suite.exceptions[name]}")
        return f"({len(reasons)})"
    return "skip" if result.skipped else "pass"
