"""The cases about patching: which scope an operation is counted in, and that nothing stays patched."""

from __future__ import annotations

import inspect
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from unittest import mock

from .._behaving.gate import MISSING
from .._caches.caches import MockCaches
from .._patching.undo import Undo
from .base import ContractBase, case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["PatchingCases"]

THREADS = 8
ROUNDS = 25
# How long a thread waits for another: where that one is stuck, the case fails and does not hang.
SECONDS = 60


class PatchingCases(ContractBase):
    """The cases about patching."""

    @case
    def test_made_before(self) -> None:
        """An object that the program made before the patch is reached, and shares the entries."""
        name = self.subject.caches[0]
        cache = self.subject.open(name)
        with self.patched() as patch:
            self.subject.put(cache, "a", "first")
            self.check_get(cache, "a", "first")
            self.check_get(self.subject.open(name), "a", "first")
            self.check(patch.caches[name], puts=1, hits=2)

    @case
    def test_made_inside(self) -> None:
        """An object that was made in a scope is of the next one when that is used there."""
        name = self.subject.caches[0]
        with self.patched():
            cache = self.subject.open(name)
            self.subject.put(cache, "a", "first")
        with self.patched() as patch:
            self.check_get(cache, "b", MISSING)
            self.check(patch.caches[name], misses=1)

    @case
    def test_fresh(self) -> None:
        """The next scope begins with no counts and no entries."""
        name = self.subject.caches[0]
        with self.patched():
            self.subject.put(self.subject.open(name), "a", "first")
        with self.patched() as patch:
            self.check(patch.caches[name])
            self.check_get(self.subject.open(name), "a", MISSING)

    @case
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

    @case
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

    @case
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

    @case
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

    @case
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

    @case
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

    @case
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

    @case
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

    @case
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
        attributes = self.subject.adapter.patched_attributes()
        return self.subject.state(), {name: _Same(value) for name, value in attributes.items()}


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
    """The error that an install is made to fail with."""


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
