"""The mark of a scope on its way to threads, pools and callbacks, by each of the ways that there are."""

import asyncio
import contextvars
import sys
import threading
import types
import unittest
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from unittest import mock

from parameterized import parameterized

from cachetest._caches.attribution import bind_to_scope, scope_of_caller
from cachetest._caches.scope import Scope, close_scope, open_scope
from cachetest._caches.thread_hooks import put_hooks_in, take_hooks_out


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


class ResultThread(threading.Thread):
    """A thread whose run() is its own."""

    def run(self):
        self.result = scope_of_caller()


class TwoScopesCase(unittest.TestCase):
    """Two scopes are open at once, so that only a mark can tell."""

    def setUp(self):
        # Pools whose workers exist before any scope.
        self.pool = ThreadPoolExecutor(1)
        self.addCleanup(self.pool.shutdown)
        self.pool.submit(int).result()

        self.other = Scope("other")
        contextvars.Context().run(open_scope, self.other, put_hooks_in)
        self.addCleanup(close_scope, self.other, take_hooks_out)
        self.own = Scope("own")
        open_scope(self.own)
        self.addCleanup(close_scope, self.own)


class HandedOnTests(TwoScopesCase):
    @parameterized.expand(WAYS)
    def test_handed_on(self, _, way):
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
        """What is handed on raises what it raises."""
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
                    side_effect=lambda _, function, *args, **kwargs: seen.append(function) or function,
                ),
            ):
                pool.submit(len, "abc").result()
        self.assertNotIn(len, seen)


if __name__ == "__main__":
    unittest.main()
