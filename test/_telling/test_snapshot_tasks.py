"""The tasks of an event loop in a snapshot: each has a section, whichever of them the loop has run first."""

import asyncio
import sys
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

from cachetest import MockBackend, PatchCaches
from cachetest._recording.call_sites import this_thread

from .test_snapshots import texts_of


class TaskTests(unittest.TestCase):
    def test_tasks(self):
        """Each has a section, however the loop has run them; what that is run for is of its thread."""
        expected = [
            "cache a, thread 1",
            "  miss 0 < test_tasks",
            "  miss 1 < run_all",
            "  miss 9 < test_tasks",
        ]
        for n in range(2, 5):
            whose = f"task {n}"
            expected += [f"cache a, {whose}", f"  miss {n} < get_twice", f"  miss {n} < get_twice"]

        async def get_twice(key, pauses):
            backend.get(key)
            for _ in range(pauses):
                await asyncio.sleep(0)
            backend.get(key)

        async def run_all(*keys):
            backend.get(1)
            await asyncio.gather(*(get_twice(key, pauses) for pauses, key in enumerate(keys)))

        for keys in (2, 3, 4), (4, 2, 3):
            with PatchCaches() as patched:
                backend = MockBackend("a")
                backend.get(0)
                asyncio.run(run_all(*keys))
                backend.get(9)
            self.assertEqual(texts_of(patched.caches), expected)
            names = {each.thread for each in patched.caches.a.operations}
            self.assertEqual(names, {threading.current_thread().name})

    def test_waited_for(self):
        """A task that its maker only waits for is part of that, whether or not Python makes one."""

        async def look_up(key):
            backend.get(key)

        async def get_all(first):
            backend.get(first)
            await asyncio.wait_for(look_up(first + 1), 60)
            await asyncio.shield(look_up(first + 2))
            backend.get(first + 3)

        async def main():
            await get_all(0)
            await asyncio.create_task(get_all(4))

        with PatchCaches() as patched:
            backend = MockBackend("a")
            asyncio.run(main())
        expected = []
        for n, whose in enumerate(("thread", "task")):
            functions = ("get_all", "look_up", "look_up", "get_all")
            expected += [f"cache a, {whose} {n + 1}"]
            expected += [f"  miss {4 * n + i} < {function}" for i, function in enumerate(functions)]
        self.assertEqual(texts_of(patched.caches), expected)

    @unittest.skipIf(sys.version_info < (3, 12), "there are no eager tasks before Python 3.12")
    def test_eager_tasks(self):
        """What a task does before it is known to its maker is its own."""

        async def get_twice(key):
            backend.get(key)
            await asyncio.sleep(0)
            backend.get(key)

        async def main():
            asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
            backend.get(0)
            await asyncio.gather(get_twice(1), get_twice(2))

        with PatchCaches() as patched:
            backend = MockBackend("a")
            asyncio.run(main())
        expected = ["cache a, thread 1", "  miss 0 < main"]
        for n in (1, 2):
            expected += [f"cache a, task {n + 1}", f"  miss {n} < get_twice", f"  miss {n} < get_twice"]
        self.assertEqual(texts_of(patched.caches), expected)

    def test_loop_of_a_job(self):
        """A job that runs a loop is one again afterwards, and so is the worker's next one."""

        async def look_up(key):
            backend.get(key)

        async def gather(key):
            await asyncio.gather(look_up(key + 1))

        def work(key):
            asyncio.run(gather(key))
            backend.get(key)

        with PatchCaches() as patched, ThreadPoolExecutor(1) as pool:
            backend = MockBackend("a")
            list(pool.map(work, (0, 2)))
        expected = ["cache a, thread 1", "  miss 0 < work", "cache a, task 2", "  miss 1 < look_up"]
        expected += ["cache a, thread 3", "  miss 2 < work", "cache a, task 4", "  miss 3 < look_up"]
        self.assertEqual(texts_of(patched.caches), expected)

    def test_name_put_on(self):
        """What is done inside a task in the name of another thread does not change that of the task."""

        async def look_up(key):
            backend.get(key)
            before = this_thread.put_on("other")
            await asyncio.create_task(get(key + 1))
            this_thread.take_off(before)
            backend.get(key)

        async def get(key):
            backend.get(key)

        async def main():
            await asyncio.create_task(look_up(1))
            await asyncio.create_task(look_up(3))

        with PatchCaches() as patched:
            backend = MockBackend("a")
            asyncio.run(main())
            backend.get(5)
        mine = threading.current_thread().name
        self.assertEqual([each.thread for each in patched.caches.a.operations[:3]], [mine, "other", mine])
        expected = []
        for n in range(1, 5):
            function, times = ("look_up", 2) if n % 2 else ("get", 1)
            expected += [f"cache a, task {n}", *[f"  miss {n} < {function}"] * times]
        expected += ["cache a, thread 5", "  miss 5 < test_name_put_on"]
        self.assertEqual(texts_of(patched.caches), expected)


if __name__ == "__main__":
    unittest.main()
