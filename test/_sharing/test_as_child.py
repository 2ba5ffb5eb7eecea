"""What is done as a child is of its scope, of its thread, and at its line."""

import os
import threading
import unittest
from sys import _getframe

from cachetest import PatchCaches
from cachetest._recording.call_sites import ProcessThread, calling_frame, location_of, this_thread
from cachetest._sharing import children
from cachetest._sharing.as_child import act_as, frame_at

from .children_support import SECONDS, needs_fork, run_forked, use_mock

AT = ("shop.py", 7, "buy", "shop")


class FrameTests(unittest.TestCase):
    def test_frame(self):
        """What stands for a frame has the line of the child, and is the same for the same line."""
        frame = frame_at(AT)
        self.assertIs(frame, frame_at(("shop.py", 7, "buy", "shop")))
        self.assertEqual(tuple(location_of(frame.f_code, frame.f_lasti)), AT[:3])
        self.assertIs(calling_frame(frame), frame)

    def test_line_of_a_library(self):
        """The child has decided what its caller is: nothing is left out again."""
        library = "/x/site-packages/lib/a.py", 3, "f", "lib.a"
        for at in (library, ("/x/cachetest/b.py", 4, "g", "cachetest.b")):
            found = calling_frame(frame_at(at))
            self.assertEqual(tuple(location_of(found.f_code, found.f_lasti)), at[:3])

    def test_calls_that_give_no_frame(self):
        """Whoever looks for the caller from its own frame finds the child's line."""
        names = {"__name__": "cachetest.somewhere", "look": calling_frame, "here": _getframe}
        names["this_thread"] = this_thread
        exec(compile("def do(): return look(here()), this_thread.name", "somewhere.py", "exec"), names)
        found = []

        def run():
            name = ProcessThread("worker", 4711, "shop")
            found.extend(act_as(None, None, name, frame_at(AT), names["do"], ()))

        # On a thread of its own, which has that name from then on.
        thread = threading.Thread(target=run)
        thread.start()
        thread.join(SECONDS)
        self.assertIs(found[0], frame_at(AT))
        self.assertEqual((found[1], found[1].process), ("worker", 4711))


@needs_fork
class ScopeTests(unittest.TestCase):
    def test_inner_block(self):
        """A block that the parent opens after the fork takes what its child does meanwhile."""
        reading, writing = os.pipe()
        done, tell = os.pipe()
        with PatchCaches() as outer:
            if (child := os.fork()) == 0:
                try:
                    for _ in range(2):
                        os.read(reading, 1)
                        use_mock()
                        os.write(tell, b"x")
                finally:
                    os._exit(0)
            with PatchCaches() as inner:
                os.write(writing, b"x")
                os.read(done, 1)
            os.write(writing, b"x")
            os.read(done, 1)
            os.waitpid(child, 0)
        for each in (reading, writing, done, tell):
            os.close(each)
        self.assertEqual((inner.caches.prices.counts(), outer.caches.prices.counts()), ((1, 0, 0), (1, 0, 0)))

    def test_spawner(self):
        """A child is of the thread or task that has started it."""
        with PatchCaches():
            run_forked(use_mock)
            child = children.new_child("started")
            self.assertEqual(child.spawner, child.scope.opener)
            children.forget(child)


if __name__ == "__main__":
    unittest.main()
