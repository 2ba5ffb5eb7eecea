import _thread
import asyncio
import contextlib
import contextvars
import copy
import io
import threading
import unittest

from parameterized import parameterized

from cachetest import Stats, global_stats
from cachetest._caches.attribution import bind_to_scope, cache_for, current_scope, scope_of_caller
from cachetest._caches.global_stats import GlobalStats
from cachetest._caches.scope import Scope, close_scope, open_scope
from cachetest._recording.uncounted import take_uncounted
from cachetest.errors import UnknownCacheError

from ..support import run_python


@contextlib.contextmanager
def scope(label="a test", names=("c",)):
    made = Scope(label, names)
    open_scope(made)
    try:
        yield made
    finally:
        close_scope(made)


def elsewhere(function, *args):
    """Call *function* on a thread that no hook has marked, and return what it returned."""
    found = []
    done = threading.Event()

    def work():
        try:
            found.append(function(*args))
        finally:
            done.set()

    # Not by Thread.start, which is hooked while a scope is open.
    _thread.start_new_thread(work, ())
    done.wait()
    return found[0]


class ScopeCase(unittest.TestCase):
    def setUp(self):
        # A scope that stays open, or a stray that stays untold, would show in another test.
        self.addCleanup(lambda: self.assertEqual(self.strays(), []))
        self.addCleanup(lambda: self.assertIsNone(scope_of_caller()))

    def strays(self):
        return [stray for kind in take_uncounted(Scope("nobody"))[:3] for stray in kind]


class OwnerTests(ScopeCase):
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
            close_scope(other)
            self.assertIs(elsewhere(scope_of_caller), one)

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

    def test_closing_in_any_order(self):
        """The outer scope may close first."""
        outer, inner = Scope("outer"), Scope("inner")
        open_scope(outer)
        open_scope(inner)
        close_scope(outer)
        self.assertIs(scope_of_caller(), inner)
        close_scope(inner)
        self.assertIsNone(scope_of_caller())

    def test_closing_twice(self):
        """Closing again changes nothing."""
        with scope() as outer:
            with scope() as inner:
                pass
            close_scope(inner)
            self.assertIs(scope_of_caller(), outer)

    def test_closing_in_another_context(self):
        """A scope may be closed where it was not opened; where it was, what comes is late."""
        made = Scope("elsewhere", ("c",))
        context = contextvars.copy_context()
        context.run(open_scope, made)
        close_scope(made)
        self.assertIsNone(scope_of_caller())
        self.assertIs(context.run(scope_of_caller), made)

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
                return await asyncio.to_thread(bind_to_scope(scope_of_caller(), lambda: scope_of_caller().label))

        async def beside(entered, done):
            await entered.wait()
            thread_owner = elsewhere(bind_to_scope(scope_of_caller(), scope_of_caller))
            done.set()
            return thread_owner.label

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

    def test_blocks_of_a_thread_left_out_of_order(self):
        """Two blocks that a thread leaves in the wrong order leave it where it was."""
        with scope("a test"):
            steps = []

            def work():
                first, second = Scope("first"), Scope("second")
                for step, each in ((open_scope, first), (open_scope, second)):
                    step(each)
                close_scope(first)
                close_scope(second)
                steps.append(scope_of_caller().label)
                entered.set()
                inside.wait()
                steps.append(scope_of_caller().label)

            entered, inside = threading.Event(), threading.Event()
            thread = threading.Thread(target=bind_to_scope(scope_of_caller(), work))
            thread.start()
            entered.wait()
            with scope("a block of the main thread"):
                inside.set()
                thread.join()
        self.assertEqual(steps, ["a test", "a block of the main thread"])

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

    def test_test_on_a_thread_of_a_test(self):
        """A test that a runner starts on a thread of another is not inside that; the thread is, after it."""
        with scope("outer") as outer:

            def work():
                inner = Scope("inner", whole_test=True)
                open_scope(inner)
                found = inner.parent, inner.test, scope_of_caller()
                close_scope(inner)
                return *found, scope_of_caller(), inner

            parent, test, during, after, inner = elsewhere(bind_to_scope(outer, work))
        self.assertIsNone(parent)
        self.assertIs(test, inner)
        self.assertIs(during, inner)
        self.assertIs(after, outer)

    def open_and_close(self, label):
        with scope(label):
            pass

    def test_carry_leaves_the_context_alone(self):
        """What is carried sees its own context otherwise, and its mark is gone after an exception."""
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
            self.assertEqual({var.name: value for var, value in context.items()}.get("cachetest.scope"), None)


class GlobalStatsTests(ScopeCase):
    def test_names_before_the_first_scope(self):
        """Names given to it are there from the start, with nothing counted."""
        done = run_python(
            "-c",
            "from cachetest import Stats, global_stats\n"
            "from cachetest.scope import GlobalStats\n"
            "stats = GlobalStats(['fx_graph'])\n"
            "assert stats.fx_graph == Stats() and list(stats) == ['fx_graph']\n"
            "assert len(global_stats) == 0\n"
            "try: global_stats.fx_graph\n"
            "except AttributeError as error: print(error)",
        )
        self.assertIn("no cache 'fx_graph' here", done.stdout, done.stderr)

    def test_is_the_running_scope(self):
        """It is the scope one is in, and after exit the one that was left, until the next."""
        with scope() as first:
            self.assertIs(global_stats.c, first.caches.c)
            self.assertIs(current_scope(), first)
            with scope() as inner:
                self.assertIs(global_stats.c, inner.caches.c)
            self.assertIs(global_stats.c, first.caches.c)
        self.assertIs(global_stats.c, first.caches.c)
        with scope() as second:
            self.assertIs(global_stats.c, second.caches.c)

    def test_on_other_threads(self):
        """A thread sees the scope that it belongs to, and one that belongs to none the latest."""
        with scope() as only:
            self.assertIs(elsewhere(lambda: global_stats.c), only.caches.c)
        self.assertIs(elsewhere(lambda: global_stats.c), only.caches.c)

    def test_each_test_its_own(self):
        """A test that has ended still sees its own while another one runs."""
        started, end = threading.Event(), threading.Event()
        seen = []

        def other():
            with scope():
                started.set()
                end.wait()
                seen.append(global_stats.c)

        with scope() as first:
            pass
        thread = threading.Thread(target=other)
        thread.start()
        started.wait()
        try:
            self.assertIs(global_stats.c, first.caches.c)
        finally:
            end.set()
            thread.join()
        self.assertIsNot(seen[0], first.caches.c)

    def test_in_an_unmarked_context(self):
        """Where the mark did not reach, it shows what an operation there would count in."""
        with scope() as first:
            pass
        context = contextvars.copy_context()
        with scope() as second:
            self.assertIs(context.run(lambda: global_stats.c), second.caches.c)
        self.assertIs(context.run(lambda: global_stats.c), first.caches.c)

    def test_has_what_a_scope_has(self):
        """It can be used in place of the scope itself."""
        with scope(names=("c", "d")) as made:
            self.assertIs(global_stats.get_stat("c"), made.caches.c)
            self.assertIs(global_stats["c"], made.caches.c)
            self.assertEqual((list(global_stats), len(global_stats)), (["c", "d"], 2))
            self.assertIn("c", global_stats)
            global_stats.c += Stats(1, 0, 0)
            self.assertEqual(made.caches.c, Stats(1, 0, 0))
            self.assertEqual(global_stats.as_dict()["caches"]["c"]["puts"], 1)
            out = io.StringIO()
            global_stats.report(out)
            self.assertIn("  c: puts: 1", out.getvalue())
            self.assertIn("c: (puts: 1", repr(global_stats))
            global_stats.reset()
            self.assertEqual(made.caches.c, Stats())
            with self.assertRaises(UnknownCacheError):
                global_stats.e  # noqa: B018
            with self.assertRaises(AttributeError):
                global_stats.c = Stats()

    def test_copies(self):
        """Copying probes for dunders, which are no caches."""
        self.assertEqual(list(copy.copy(GlobalStats(["c"]))), list(GlobalStats(["c"])))


class ScopeTests(unittest.TestCase):
    @parameterized.expand([(False, "<open scope of a test>"), (True, "<closed scope of a test>")])
    def test_repr(self, closed, text):
        """repr() says whose scope it is, and whether it is over."""
        made = Scope("a test")
        made.closed = closed
        self.assertEqual(repr(made), text)


if __name__ == "__main__":
    unittest.main()
