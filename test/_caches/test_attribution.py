import asyncio
import contextlib
import contextvars
import pickle
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from cachetest import MockBackend, PatchCaches
from cachetest._caches.attribution import bind_to_scope, cache_for, decided, scope_of_caller
from cachetest._caches.scope import Scope, close_scope, open_scope

from .scopes import ScopeCase, elsewhere, scope


class ScopeOfCallerTests(ScopeCase):
    def test_none_open(self):
        """Outside every scope an operation belongs to nobody."""
        self.assertIsNone(scope_of_caller())

    def test_only_one(self):
        """The one open scope takes everything, from any thread."""
        with scope() as only:
            self.assertIs(scope_of_caller(), only)
            self.assertIs(elsewhere(scope_of_caller), only)

    def test_nested(self):
        """The inner block takes everything, and gives it back."""
        with scope() as outer:
            with scope() as inner:
                self.assertIs(inner.parent, outer)
                self.assertIs(scope_of_caller(), inner)
                self.assertIs(elsewhere(scope_of_caller), inner)
            self.assertIs(scope_of_caller(), outer)
            self.assertIs(elsewhere(scope_of_caller), outer)

    def test_thread_of_outer_during_inner(self):
        """A thread that was started before the inner block belongs to it while it lasts."""
        with scope() as outer:
            as_outer = bind_to_scope(outer, scope_of_caller)
            with scope() as inner:
                self.assertIs(elsewhere(as_outer), inner)
            self.assertIs(elsewhere(as_outer), outer)

    def test_two_at_once(self):
        """With two tests at once, a mark tells; without one nothing does."""
        with scope() as one:
            other = elsewhere(self.opened)
            self.assertIsNone(other.parent)
            self.assertIs(scope_of_caller(), one)
            self.assertIs(elsewhere(bind_to_scope(other, scope_of_caller)), other)
            self.assertIsNone(elsewhere(scope_of_caller))
            self.assertEqual(elsewhere(decided), (one, other))
            close_scope(other)
            self.assertIs(elsewhere(scope_of_caller), one)
            self.assertIs(elsewhere(decided), one)
        self.assertEqual(decided(), ())

    def test_opened_meanwhile(self):
        """A scope that opens while it is decided is not one of several: which are open is read once."""
        with (
            scope() as only,
            mock.patch("cachetest._caches.attribution.open_scopes", side_effect=[(), (only,)]),
        ):
            self.assertEqual(elsewhere(decided), ())

    def opened(self):
        made = Scope("another test", ("c",))
        open_scope(made)
        return made

    def test_inner_block_of_a_worker(self):
        """A block that a worker of the test opens takes what the worker does, not what the test does."""
        with scope() as outer:
            inner = elsewhere(bind_to_scope(outer, self.opened))
            self.assertIs(inner.parent, outer)
            self.assertIs(scope_of_caller(), outer)
            self.assertIsNone(elsewhere(scope_of_caller))
            close_scope(inner)

    def test_tasks(self):
        """Each task of an event loop is in the scope it opened, and those it makes inherit it."""

        async def job(label):
            with scope(label) as own:
                await asyncio.sleep(0)
                self.assertIs(scope_of_caller(), own)
                child = asyncio.create_task(grandchild())
                await asyncio.sleep(0)
                self.assertIs(await child, own)

        async def grandchild():
            await asyncio.sleep(0)
            return scope_of_caller()

        async def main():
            await asyncio.gather(job("one"), job("two"), job("three"))

        asyncio.run(main())

    def test_inner_block_of_one_task(self):
        """The inner block of one task takes nothing of its sibling's, which is in the outer one still."""
        found = []

        async def inner(entered, leave):
            with scope("inner"):
                entered.set()
                await leave.wait()

        async def main():
            entered, leave = asyncio.Event(), asyncio.Event()
            task = asyncio.create_task(inner(entered, leave))
            await entered.wait()
            found.append(scope_of_caller())
            leave.set()
            await task

        with scope("outer") as outer:
            asyncio.run(main())
        self.assertEqual(found, [outer])

    def test_task_beside_a_block(self):
        """What a task hands to a thread is no part of a block that another task of the test is in."""

        async def inside(entered, done):
            with scope("a block"):
                entered.set()
                await done.wait()
                return await asyncio.to_thread(
                    bind_to_scope(scope_of_caller(), lambda: scope_of_caller().label)
                )

        async def beside(entered, done):
            await entered.wait()
            of_thread = elsewhere(bind_to_scope(scope_of_caller(), scope_of_caller))
            done.set()
            return of_thread.label

        async def both():
            entered, done = asyncio.Event(), asyncio.Event()
            return await asyncio.gather(inside(entered, done), beside(entered, done))

        with scope("a test"):
            self.assertEqual(asyncio.run(both()), ["a block", "a test"])

    def test_block_of_a_later_task(self):
        """A thread that a task has started before it was done goes along into a block of the next task."""

        async def start():
            return bind_to_scope(scope_of_caller(), scope_of_caller)

        async def inside(look):
            with scope("a block"):
                return elsewhere(look).label

        with scope("a test"), contextlib.closing(asyncio.new_event_loop()) as loop:
            look = loop.run_until_complete(start())
            self.assertEqual(loop.run_until_complete(inside(look)), "a block")

    def test_block_beside_another_that_was_left(self):
        """A block still takes all that its test does when one on another thread is left."""

        def open_and_close():
            with scope("another block"):
                pass

        with scope():
            work = bind_to_scope(scope_of_caller(), cache_for)
            beside = bind_to_scope(scope_of_caller(), open_and_close)
            with scope("block") as block:
                elsewhere(beside)
                self.assertIs(elsewhere(work, "c"), block.caches["c"])

    def test_late_thread_stays_late(self):
        """A thread whose test has ended is late again when it leaves a block of its own."""
        with scope("ended") as ended:
            look = bind_to_scope(ended, lambda: (self.open_and_close("own"), scope_of_caller())[1])
        with scope("another"):
            self.assertIs(elsewhere(look), ended)

    def open_and_close(self, label):
        with scope(label):
            pass

    def test_binding_leaves_the_context_alone(self):
        """A bound function sees its own context otherwise, and its mark is gone after an exception."""
        var = contextvars.ContextVar("var", default="theirs")

        def fails():
            raise ValueError(scope_of_caller(), var.get())

        with scope() as outer:
            var.set("mine")
            function = bind_to_scope(outer, fails)
            with scope():
                with self.assertRaises(ValueError) as caught:
                    contextvars.Context().run(function)
                self.assertEqual(caught.exception.args[1], "theirs")
            context = contextvars.Context()
            with self.assertRaises(ValueError):
                context.run(function)
            self.assertEqual({var.name: value for var, value in context.items()}.get("cachetest.mark"), None)


class NameTests(unittest.TestCase):
    def test_named_by_itself(self):
        """A thread that gives itself a name before its first operation is told by that."""

        def get():
            threading.current_thread().name = "by itself"
            MockBackend("c").get(1)

        with PatchCaches() as patched:
            thread = threading.Thread(target=get)
            thread.start()
            thread.join()
        self.assertEqual([each.thread for each in patched.caches.c.operations], ["by itself"])

    def test_jobs(self):
        """A job has the name of its worker, also when that is pickled, and an object of its own."""
        with PatchCaches() as patched, ThreadPoolExecutor(1, "worker") as pool:
            list(pool.map(MockBackend("c").get, (1, 2)))
        one, other = (each.thread for each in patched.caches.c.operations)
        self.assertEqual({one, other, "worker_0"}, {"worker_0"})
        self.assertIsNot(one, other)
        self.assertEqual(pickle.loads(pickle.dumps(one)), "worker_0")


if __name__ == "__main__":
    unittest.main()
