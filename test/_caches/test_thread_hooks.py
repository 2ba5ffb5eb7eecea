import asyncio
import concurrent.futures
import contextvars
import sys
import threading
import types
import unittest
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import wraps
from multiprocessing.pool import ThreadPool
from unittest import mock

from parameterized import parameterized

from cachetest._caches import thread_hooks as handoff
from cachetest._caches.attribution import bind_to_scope, scope_of_caller
from cachetest._caches.scope import Scope, close_scope, open_scope

HOOKED = ((threading.Thread, "start"), (ThreadPoolExecutor, "submit"), (Future, "add_done_callback"))


@contextmanager
def opened(label):
    """Have a scope open for the time of a block."""
    scope = Scope(label)
    try:
        open_scope(scope)
        yield scope
    finally:
        close_scope(scope)


def hooked():
    return [vars(target)[name] for target, name in HOOKED]


class ResultThread(threading.Thread):
    """A thread whose run() is its own."""

    def run(self):
        self.result = scope_of_caller()


def thread(function):
    found = []
    made = threading.Thread(target=lambda: found.append(function()))
    made.start()
    made.join()
    return found[0]


def daemon(function):
    found = []
    made = threading.Thread(target=lambda: found.append(function()), daemon=True)
    made.start()
    made.join()
    return found[0]


def timer(function):
    found = []
    made = threading.Timer(0, lambda: found.append(function()))
    made.start()
    made.join()
    return found[0]


def thread_of_thread(function):
    return thread(lambda: thread(function))


def pool_made_now(function):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


def pool_map(function):
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda _: function(), range(4)))[-1]


def pool_of_thread(function):
    return thread(lambda: pool_made_now(function))


def multiprocessing_pool(function):
    with ThreadPool(1) as pool:
        return pool.apply(function)


def initializer(function):
    found = []
    with ThreadPoolExecutor(1, initializer=lambda: found.append(function())) as pool:
        pool.submit(int).result()
    return found[0]


def callback(function):
    found = []
    with ThreadPoolExecutor(1) as pool:
        release = threading.Event()
        future = pool.submit(release.wait)
        future.add_done_callback(lambda _: found.append(function()))
        release.set()
    return found[0]


def to_thread(function):
    return asyncio.run(asyncio.to_thread(function))


def run_in_executor(function):
    async def main():
        return await asyncio.get_running_loop().run_in_executor(None, function)

    return asyncio.run(main())


def call_soon_threadsafe(function):
    """A loop on a thread of its own, called from yet another one."""

    async def main():
        loop, found = asyncio.get_running_loop(), asyncio.Future()

        def call():
            loop.call_soon_threadsafe(lambda: found.set_result(function()))

        await asyncio.to_thread(lambda: thread(call))
        return await found

    return asyncio.run(main())


WAYS = [
    (way.__name__, way)
    for way in (
        thread,
        daemon,
        timer,
        thread_of_thread,
        pool_made_now,
        pool_map,
        pool_of_thread,
        multiprocessing_pool,
        initializer,
        callback,
        to_thread,
        run_in_executor,
        call_soon_threadsafe,
    )
]


class HandoffCase(unittest.TestCase):
    """Two scopes are open at once, so that only a mark can tell."""

    def setUp(self):
        # Pools whose workers exist before any scope.
        self.pool = ThreadPoolExecutor(1)
        self.addCleanup(self.pool.shutdown)
        self.pool.submit(int).result()

        self.other = Scope("other")
        contextvars.Context().run(open_scope, self.other)
        self.addCleanup(close_scope, self.other)
        self.own = Scope("own")
        open_scope(self.own)
        self.addCleanup(close_scope, self.own)


class HandoffTests(HandoffCase):
    @parameterized.expand(WAYS)
    def test_carried(self, _, way):
        """What the test starts, and what that starts, is the test's."""
        self.assertIs(way(scope_of_caller), self.own)
        self.assertIs(contextvars.Context().run(bind_to_scope(self.other, way), scope_of_caller), self.other)

    def test_pool_from_before(self):
        """A worker that existed before works for whoever submitted the work."""
        self.assertIs(self.pool.submit(scope_of_caller).result(), self.own)
        self.assertIs(bind_to_scope(self.other, self.pool.submit)(scope_of_caller).result(), self.other)
        self.assertEqual(list(self.pool.map(lambda _: scope_of_caller(), range(3))), [self.own] * 3)

    def test_callback_on_a_worker_from_before(self):
        """A callback belongs to whoever added it, not to the worker that runs it."""
        found = []
        release = threading.Event()
        future = bind_to_scope(self.other, self.pool.submit)(release.wait)
        future.add_done_callback(lambda _: found.append(scope_of_caller()))
        release.set()
        self.pool.submit(int).result()
        self.assertEqual(found, [self.own])

    def test_unmarked_work_on_a_marked_worker(self):
        """Work that nobody's test has submitted is not that of the test that the worker was started for."""
        empty = contextvars.Context()
        with ThreadPoolExecutor(1) as pool:
            self.assertIs(pool.submit(scope_of_caller).result(), self.own)
            self.assertIsNone(empty.run(pool.submit, scope_of_caller).result())
            found = []
            release = threading.Event()
            future = pool.submit(release.wait)
            empty.run(future.add_done_callback, lambda _: found.append(scope_of_caller()))
            release.set()
        self.assertEqual(found, [None])

    def test_worker_keeps_no_mark(self):
        """After the work, the worker is nobody's again."""
        self.pool.submit(scope_of_caller).result()
        self.assertIsNone(contextvars.Context().run(self.pool.submit, scope_of_caller).result())

    def test_subclass_with_its_own_run(self):
        """A thread class that overrides run() is marked, and is as it was once it runs."""
        made = ResultThread()
        made.start()
        made.join()
        self.assertIs(made.result, self.own)
        self.assertNotIn("run", vars(made))

    def test_run_on_the_instance(self):
        """So is a thread whose run was set on the object itself, and it stays set."""
        found = []

        def run():
            found.append(scope_of_caller())

        made = threading.Thread()
        made.run = run
        made.start()
        made.join()
        self.assertEqual(found, [self.own])
        self.assertIs(made.run, run)

    def test_start_that_fails(self):
        """A thread that could not be started is left as it was."""

        class Refuses(threading.Thread):
            @property
            def daemon(self):
                raise RuntimeError("can't start new thread")

            # Read by Thread.start() before anything of the thread exists.
            _started = daemon

        made = threading.Thread()
        made.__class__ = Refuses
        with self.assertRaisesRegex(RuntimeError, "can't start"):
            made.start()
        self.assertNotIn("run", vars(made))

    def test_start_twice(self):
        """Starting twice is the error it always was."""
        made = threading.Thread()
        made.start()
        made.join()
        with self.assertRaisesRegex(RuntimeError, "once"):
            made.start()
        self.assertNotIn("run", vars(made))

    def test_context_is_not_copied(self):
        """Only the mark is handed on: a thread finds no more of our context than it would without us."""
        var = contextvars.ContextVar("var", default="default")
        var.set("ours")
        # A free-threaded build, or -X thread_inherit_context, hands all of it on by itself.
        expected = "ours" if getattr(sys.flags, "thread_inherit_context", 0) else "default"
        self.assertEqual(thread(var.get), expected)
        self.assertEqual(self.pool.submit(var.get).result(), "default")

    def test_exceptions(self):
        """What is carried raises what it raises."""
        with self.assertRaises(ZeroDivisionError):
            self.pool.submit(lambda: 1 / 0).result()

    def test_unmarked(self):
        """Work that nobody's test has handed over stays unmarked."""
        empty = contextvars.Context()
        self.assertIsNone(empty.run(thread, scope_of_caller))
        self.assertIsNone(empty.run(self.pool.submit, scope_of_caller).result())
        self.assertIsNone(empty.run(callback, scope_of_caller))

    def test_pool_of_interpreters(self):
        """A pool that pickles its work is given it as it is."""

        class InterpreterPoolExecutor(ThreadPoolExecutor):
            def submit(self, fn, /, *args):
                made = super().submit(fn, *args)
                self.given = fn
                return made

        module = types.SimpleNamespace(InterpreterPoolExecutor=InterpreterPoolExecutor)
        seen = []
        with mock.patch.dict(sys.modules, {"concurrent.futures.interpreter": module}):
            with (
                InterpreterPoolExecutor(1) as pool,
                mock.patch(
                    "cachetest._caches.thread_hooks.bind_to_scope",
                    side_effect=lambda _, function: seen.append(function) or function,
                ),
            ):
                pool.submit(len, "abc").result()
        self.assertNotIn(len, seen)


class HookTests(unittest.TestCase):
    def test_only_while_inside(self):
        """The hooks are there while a scope is open, and the very same methods are back after."""
        before = hooked()
        with opened("outer"):
            inside = hooked()
            for mine, found in zip(inside, before, strict=True):
                self.assertIsNot(mine, found)
                self.assertIs(mine.__wrapped__, found)
            with opened("inner"):
                self.assertEqual(hooked(), inside)
            self.assertEqual(hooked(), inside)
        self.assertEqual(hooked(), before)

    def test_left_in_another_order(self):
        """The last scope to close takes them out, whichever it is."""
        before = hooked()
        first, second = Scope("first"), Scope("second")
        contextvars.Context().run(open_scope, first)
        contextvars.Context().run(open_scope, second)
        close_scope(first)
        self.assertNotEqual(hooked(), before)
        close_scope(second)
        self.assertEqual(hooked(), before)

    def test_closed_without_being_opened(self):
        """Closing what was never open leaves the hooks to those who need them."""
        with opened("a test"):
            inside = hooked()
            close_scope(Scope("another"))
            self.assertEqual(hooked(), inside)

    def test_restored_after_an_exception(self):
        """Also when the block raises."""
        before = hooked()
        with self.assertRaises(KeyboardInterrupt), opened("a test"):
            raise KeyboardInterrupt
        self.assertEqual(hooked(), before)

    def wrap(self, target, name, calls):
        found = vars(target)[name]

        @wraps(found)
        def wrapper(*args, **kwargs):
            calls.append(name)
            return found(*args, **kwargs)

        setattr(target, name, wrapper)
        return found, wrapper

    def test_wrapped_by_another_tool(self):
        """A tool that wrapped a hook of ours stays, and goes on working; ours goes quiet."""
        before = hooked()
        calls = []
        with opened("a test"):
            wrappers = [self.wrap(target, name, calls) for target, name in HOOKED]
            quiet = list(handoff._made)
        try:
            self.assertEqual(hooked(), [wrapper for _, wrapper in wrappers])
            self.assertFalse(any(hook.on for hook in quiet))
            other = Scope("another")
            contextvars.Context().run(open_scope, other)
            try:
                # The next to open puts a live hook around the other tool's wrapper, and the one inside is
                # still quiet.
                with opened("a test") as scope:
                    self.assertIs(thread(scope_of_caller), scope)
                    with ThreadPoolExecutor(1) as pool:
                        self.assertIs(pool.submit(scope_of_caller).result(), scope)
                    self.assertEqual({*calls}, {"start", "submit"})
                    self.assertFalse(any(hook.on for hook in quiet))
            finally:
                close_scope(other)
            self.assertEqual(hooked(), [wrapper for _, wrapper in wrappers])
        finally:
            for (target, name), (found, _) in zip(HOOKED, wrappers, strict=True):
                setattr(target, name, found)
        # The other tool has put back a hook of ours that is off; the next to open takes it away.
        self.assertNotEqual(hooked(), before)
        with opened("a test"):
            pass
        self.assertEqual(hooked(), before)

    def test_unwrapped_in_between(self):
        """A tool that comes and goes while we are there changes nothing."""
        before = hooked()
        with opened("a test"):
            for target, name in HOOKED:
                found, _ = self.wrap(target, name, [])
                setattr(target, name, found)
        self.assertEqual(hooked(), before)

    def test_next_after_an_interrupted_one(self):
        """Who opens after the hooks were put in or taken out but in part has all of them, and leaves none."""
        before = hooked()
        with opened("a test"):
            pass
        # Put in, or quiet but not yet taken out.
        hook = handoff._made[1]
        setattr(hook.owner, hook.name, hook.function)
        with opened("another"):
            for mine, found in zip(hooked(), before, strict=True):
                self.assertIs(mine.__wrapped__, found)
        self.assertEqual(hooked(), before)

    def test_futures_are_loaded_by_then(self):
        """The pools of a library that is imported inside a test are hooked all the same."""
        with opened("a test"):
            self.assertTrue(hasattr(concurrent.futures.ThreadPoolExecutor.submit, "_cachetest_hook"))


if __name__ == "__main__":
    unittest.main()
