"""A library's own function that a loop, a pool or a thread runs is told by the line that handed it over."""

import asyncio
import concurrent.futures
import functools
import gc
import inspect
import sys
import threading
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import PatchCaches
from cachetest._caches import task_hooks
from cachetest._recording.makers import _made, frames

from . import handing_over
from .handing_over import NEEDS, WAYS, get, get_now, line_of


def run_until_complete(task):
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(task)
    finally:
        loop.close()


class LineTests(unittest.TestCase):
    @parameterized.expand([(each.__name__, each, debug) for each in WAYS for debug in (False, True)])
    def test_line(self, name, way, debug):
        """It is the program's line that made the task, the job, the thread or the callback."""
        if sys.version_info < NEEDS.get(name, (3,)):
            self.skipTest(f"needs Python {NEEDS[name]}")
        with PatchCaches() as patch:
            if inspect.iscoroutinefunction(way):
                asyncio.run(way(), debug=debug)
            else:
                way()
            (where,) = {each.where for each in patch.caches.c.operations}
        self.assertEqual((where.filename, where.lineno), (handing_over.__file__, line_of(way)))

    def test_each_its_own(self):
        """Two tasks of one function are told apart, also where one of them is made by a callback."""

        async def main():
            tasks = [asyncio.create_task(get("a"))]
            asyncio.get_running_loop().call_soon(lambda: tasks.append(asyncio.create_task(get("b"))))
            tasks += [asyncio.create_task(get("c"))]
            await asyncio.sleep(0)
            await asyncio.gather(*tasks)

        with PatchCaches() as patch:
            asyncio.run(main())
            lines = {each.key: each.where.lineno for each in patch.caches.c.operations}
        first = inspect.getsourcelines(main)[1]
        self.assertEqual(lines, {"a": first + 1, "b": first + 2, "c": first + 3})

    def test_made_before_the_scope(self):
        """Of a task from before nobody knows who made it: it is the library's line, not that of the loop."""

        async def main():
            task = asyncio.create_task(get())
            with PatchCaches() as patch:
                await task
            return [each.where.function for each in patch.caches.c.operations]

        self.assertEqual(asyncio.run(main()), ["get"])

    @parameterized.expand([("run", asyncio.run), ("until", lambda task: run_until_complete(task))])
    def test_loop_is_run_for_it(self, _, run):
        """Of what a loop is run for, as of a library's function, it is the line that runs the loop."""
        found = []

        async def look():
            found.extend(each.f_code.co_name for each in frames(sys._getframe()))

        def program():
            run(look())

        # No hook is in, since no scope is open.
        program()
        self.assertIn("program", found)

    def test_job_from_before_the_scope(self):
        """Nor of a job, though the thread that does it was started by somebody else's."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            event = threading.Event()
            pool.submit(event.wait)
            job = pool.submit(get_now)
            with PatchCaches() as patch:
                event.set()
                job.result()
                where = [each.where.function for each in patch.caches.c.operations]
        self.assertEqual(where, ["get_now"])

    def test_the_line_that_runs(self):
        """Where the program's own function was given, the line is in that."""

        async def own():
            return await get()

        async def main():
            await asyncio.gather(own())

        with PatchCaches() as patch:
            asyncio.run(main())
            (operation,) = patch.caches.c.operations
        self.assertEqual(operation.where.function, "own")


def hooked():
    return {name: vars(asyncio.base_events.BaseEventLoop)[name] for name in task_hooks.LOOP_HOOKS}


class HookTests(unittest.TestCase):
    def test_only_while_inside(self):
        """The hooks are there while a scope is open, and the very same methods are back after."""
        before = hooked()
        with PatchCaches():
            inside = hooked()
            with PatchCaches():
                self.assertEqual(hooked(), inside)
            self.assertEqual(hooked(), inside)
        self.assertEqual(hooked(), before)
        self.assertTrue(inside.items().isdisjoint(before.items()))

    def test_wrapped_by_another_tool(self):
        """A tool that wraps a hook of ours finds it quiet after, and the next scope has hooks again."""
        loop = asyncio.base_events.BaseEventLoop
        found = loop.create_task
        with PatchCaches():
            ours = loop.create_task
            loop.create_task = lambda *args, **kwargs: ours(*args, **kwargs)
        try:
            with mock.patch("cachetest._caches.task_hooks._keep", side_effect=AssertionError):
                asyncio.run(asyncio.sleep(0))
            with PatchCaches() as patch:
                handing_over.by_a_loop()
                self.assertEqual(patch.caches.c.operations[0].where.function, "by_a_loop")
        finally:
            loop.create_task = found

    def test_nothing_is_kept(self):
        """What is known of a task goes with it."""
        gc.collect()
        before = len(_made)
        with PatchCaches():
            asyncio.run(handing_over.by_gather())
            asyncio.run(handing_over.by_a_callback())
        gc.collect()
        self.assertLessEqual(len(_made), before)

    def test_trace_of_a_loop_in_debug_mode(self):
        """What a loop tells of where something was made is as without the hooks."""

        async def traces():
            loop = asyncio.get_running_loop()
            made = [loop.create_task(asyncio.sleep(0)), loop.call_soon(int), loop.call_later(9, int)]
            made += [loop.call_soon_threadsafe(made.copy), loop.call_later(9, functools.partial(int))]
            return [[(line.name, line.lineno) for line in each._source_traceback[-2:]] for each in made]

        expected = asyncio.run(traces(), debug=True)
        with PatchCaches():
            self.assertEqual(asyncio.run(traces(), debug=True), expected)


if __name__ == "__main__":
    unittest.main()
