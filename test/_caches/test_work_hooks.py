"""Work for threads from before: it belongs to whoever hands it over, not to whoever made the worker."""

import _thread
import asyncio
import concurrent.futures
import contextvars
import gc
import pickle
import queue
import sched
import threading
import unittest
import weakref
from multiprocessing.pool import Pool
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend
from cachetest._caches import thread_hooks, work_hooks
from cachetest._caches.attribution import bind_to_scope, scope_of_caller
from cachetest._caches.scope import Scope, close_scope, open_scope
from cachetest._caches.thread_hooks import put_hooks_in, take_hooks_out

from ..support import run_case
from .workers import WORKERS, make_own_executor, make_own_pool


def tearDownModule():
    # The classes of executors that were made here; while they are there, each scope has them to hook.
    gc.collect()


class LazilyMadeTests(unittest.TestCase):
    @parameterized.expand(WORKERS)
    def test_in_each_test(self, _, make):
        """A worker that the first test has made counts in each for the test that hands it work."""
        backend = MockBackend("prices")
        workers = []

        class Inner(CacheTestCase):
            def call(self):
                if not workers:
                    workers.append(make())
                workers[0].call(lambda: backend.get("a"))
                self.assertCacheStats("prices", misses=1)

            test_1 = test_2 = test_3 = call

        try:
            for name in ("test_1", "test_2", "test_3"):
                result = run_case(Inner(name))
                self.assertEqual(result.errors + result.failures, [])
        finally:
            workers[0].end()

    @parameterized.expand(WORKERS)
    def test_two_at_once(self, _, make):
        """One from before both tests works for each of two that run at the same time."""
        worker = make()
        self.addCleanup(worker.end)
        scopes = [Scope("first"), Scope("second")]
        contexts = [contextvars.Context(), contextvars.Context()]
        for scope, context in zip(scopes, contexts, strict=True):
            context.run(open_scope, scope, put_hooks_in)
            self.addCleanup(close_scope, scope, take_hooks_out)
        for _ in range(2):
            for scope, context in zip(scopes, contexts, strict=True):
                self.assertIs(context.run(worker.call, scope_of_caller), scope)


class OpenScopeCase(unittest.TestCase):
    """Two scopes, of which the second is that of the calling context."""

    def setUp(self):
        self.other, self.own = Scope("other"), Scope("own")
        contextvars.Context().run(open_scope, self.other, put_hooks_in)
        self.addCleanup(close_scope, self.other, take_hooks_out)
        open_scope(self.own, put_hooks_in)
        self.addCleanup(close_scope, self.own, take_hooks_out)


class NoCallerTests(OpenScopeCase):
    def test_backend_as_the_function_of_a_thread(self):
        """A thread may have been given a backend's own method to do, so that no line has called it."""
        backend = MockBackend("c")
        for expected, function, args in (
            ((1, 0, 0), backend.put, ("k", 1)),
            ((1, 1, 0), backend.get, ("k",)),
        ):
            # With the mark, and all of C up to the method.
            _thread.start_new_thread(contextvars.copy_context().run, (function, *args))
            given = threading.Event()
            for _ in range(2000):
                if self.own.caches.ensure("c").counts() == expected or given.wait(0.005):
                    break
            self.assertEqual(self.own.caches.c.counts(), expected)


class FinalizerTests(OpenScopeCase):
    def test_belongs_to_its_maker(self):
        """A finalizer belongs to the test that made it, whoever lets go of the object."""

        class Thing:
            pass

        found = []
        thing = Thing()
        finalizer = weakref.finalize(thing, lambda: found.append(scope_of_caller()))
        bind_to_scope(self.other, finalizer)()
        self.assertEqual(found, [self.own])

    def test_shows_its_function(self):
        """What it would call equals what it was given."""
        thing = set("x")
        holder = type("Holder", (), {})()
        finalizer = weakref.finalize(holder, thing.clear)
        self.assertEqual(finalizer.peek()[1], thing.clear)
        self.assertEqual(hash(finalizer.detach()[1]), hash(thing.clear))
        self.assertEqual(thing, {"x"})


class QueueTests(OpenScopeCase):
    def feed(self, kind, scope, *, hand_back=False):
        """Put something into a queue in *scope*, and return whose a thread is that has taken it."""
        jobs = kind()
        bind_to_scope(scope, jobs.put)("connection")
        found = []

        def work():
            job = jobs.get()
            found.append(scope_of_caller())
            if hand_back:
                jobs.put(job)
                found.append(scope_of_caller())
                jobs.get()
                found.append(scope_of_caller())

        made = threading.Thread(target=work)
        contextvars.Context().run(made.start)
        made.join()
        return found

    def test_first_in_first_out_alone(self):
        """Of a queue of another kind, as pools of connections have, nobody is fed."""
        self.assertEqual(self.feed(queue.Queue, self.other), [self.other])
        self.assertEqual(self.feed(queue.LifoQueue, self.other), [None])
        self.assertEqual(self.feed(queue.PriorityQueue, self.other), [None])

    def test_what_comes_back(self):
        """A queue to which things come back is a pool: from then on nobody is fed by it."""
        self.assertEqual(self.feed(queue.Queue, self.other, hand_back=True), [self.other, None, None])

    def test_own_scope_stays(self):
        """A test that takes something itself, or by a thread that it has started, stays in its own scope."""
        jobs = queue.Queue()
        for _ in range(2):
            bind_to_scope(self.other, jobs.put)(1)
        found = []
        made = threading.Thread(target=lambda: (jobs.get(), found.append(scope_of_caller())))
        made.start()
        made.join()
        jobs.get()
        self.assertEqual([*found, scope_of_caller()], [self.own, self.own])

    def test_handed_back_in_a_scope_of_its_own(self):
        """Whoever has taken something and then opened a scope stays in that when the thing goes back."""
        jobs, found = queue.Queue(), []
        bind_to_scope(self.other, jobs.put)("connection")

        def work():
            job, opened = jobs.get(), Scope("opened")
            open_scope(opened, put_hooks_in)
            jobs.put(job)
            found.append(scope_of_caller() is opened)
            close_scope(opened, take_hooks_out)

        made = threading.Thread(target=work)
        contextvars.Context().run(made.start)
        made.join()
        self.assertEqual(found, [True])

    def test_not_known(self):
        """What was put or taken while no hooks were in says nothing of what is taken later."""
        jobs = queue.Queue()
        jobs.put("a")
        jobs.put("b")
        jobs.get()
        self.assertEqual(len(vars(jobs)["_cachetest_feeds"]), 1)
        work_hooks.hooks_in += 1
        context = contextvars.Context()
        context.run(jobs.get)
        self.assertIsNone(context.run(scope_of_caller))
        self.assertEqual(len(vars(jobs)["_cachetest_feeds"]), 0)


class ProcessWorkTests(OpenScopeCase):
    def test_pickled_work(self):
        """Work that an executor pickles, for another process, is the function itself there."""
        given = []

        class Pickling(concurrent.futures.Executor):
            def submit(self, fn, /, *args):
                given.append(pickle.loads(pickle.dumps(fn)))

        put_hooks_in()
        Pickling().submit(len, "abc")
        self.assertIs(given[0].func, len)
        self.assertEqual(given[0]("abc"), 3)

    def test_pool_of_processes(self):
        """Work for a pool of processes stays as it is, and its callbacks, which run here, are marked."""
        found = concurrent.futures.Future()
        pool = mock.Mock(spec=Pool)
        with mock.patch.object(pool, "_check_running", side_effect=ValueError("not running")):
            with self.assertRaisesRegex(ValueError, "not running"):
                Pool.apply_async(pool, len, ("abc",), callback=found.set_result)
        self.assertIs(work_hooks._work_for(pool, len), len)


class RestoredTests(unittest.TestCase):
    def test_put_back(self):
        """Each method is what it was when the last scope has closed, in classes of the program too."""
        executors = make_own_executor(), make_own_pool()
        for executor in executors:
            self.addCleanup(executor.shutdown)
        places = [
            (Pool, "apply_async"),
            (Pool, "imap"),
            (queue.Queue, "_put"),
            (asyncio.Queue, "_get"),
            (sched.scheduler, "enterabs"),
            (weakref.finalize, "__init__"),
            *((type(executor), "submit") for executor in executors),
        ]
        before = [vars(owner)[name] for owner, name in places]
        scope = Scope("a test")
        open_scope(scope, put_hooks_in)
        inside = [vars(owner)[name] for owner, name in places]
        close_scope(scope, take_hooks_out)
        self.assertEqual([new.__wrapped__ for new in inside], before)
        self.assertEqual([vars(owner)[name] for owner, name in places], before)
        self.assertEqual(thread_hooks._executors, [])


if __name__ == "__main__":
    unittest.main()
