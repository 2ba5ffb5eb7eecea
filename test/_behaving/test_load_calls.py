"""Calls of functions, and releases of locks, as they are seen."""

import sys
import threading
import unittest
from types import SimpleNamespace
from unittest import mock

from cachetest._behaving.load_calls import Profile, Watched, arguments_of, code_of


def load(one, *more, two=2, **others):
    return sys._getframe()


async def load_async():
    return 4.0


class WatchedTests(unittest.TestCase):
    def test_arguments(self):
        """The arguments of a call are its key; those that have no hash are written."""
        self.assertEqual(arguments_of(load(1, 3, two=[2], four=4)), (1, "[2]", (3,), "{'four': 4}"))

    def test_monitoring(self):
        """Where Python monitors calls, those of the code are seen, by a tool that nobody has."""
        seen = []
        events = SimpleNamespace(PY_START=1, PY_RETURN=2)
        used = {4: "other", 5: "other"}
        fake = mock.Mock(events=events, get_tool=used.get)
        fake.use_tool_id.side_effect = used.__setitem__
        fake.free_tool_id.side_effect = used.pop
        watched = Watched(code_of(load), seen.append, seen.append)
        with mock.patch.object(sys, "monitoring", fake, create=True):
            watched.start()
            self.assertEqual(watched.tool, 3)
            fake.set_local_events.assert_called_with(3, load.__code__, 3)
            for call in fake.register_callback.call_args_list:
                call.args[2](load.__code__, 0, *([None] * (call.args[1] == 2)))
                call.args[2](code_of(load_async), 0, *([None] * (call.args[1] == 2)))
            self.assertEqual([each.f_code for each in seen], [sys._getframe().f_code] * 2)
            watched.stop()
            watched.stop()
            fake.free_tool_id.assert_called_once_with(3)
            fake.use_tool_id.side_effect = KeyboardInterrupt
            with self.assertRaises(KeyboardInterrupt):
                watched.start()
            # Where it was interrupted before it had a tool, there is none to give back.
            watched.stop()
            fake.free_tool_id.assert_called_once_with(3)
            fake.get_tool = lambda each: "other"
            watched.start()
            self.assertIsNone(watched.tool)
        with mock.patch.object(sys, "monitoring", None, create=True):
            watched.start()
        self.assertIsNone(watched.tool)

    def test_profile(self):
        """A call is seen as it begins and ends, a coroutine once; other calls go to who looked before."""
        begun, ended, others = [], [], []
        frame = load(1)
        watched = Watched(load.__code__, begun.append, ended.append)
        watched.first = frame.f_lasti
        with mock.patch.object(sys, "getprofile", return_value=lambda *each: others.append(each)):
            with mock.patch.object(sys, "setprofile"):
                profile = Profile(watched)
                profile.start()
        profile(frame, "call", None)
        profile(frame, "return", None)
        profile(sys._getframe(), "call", None)
        watched.first = -5
        profile(frame, "call", None)
        self.assertEqual((begun, ended), ([frame], [frame]))
        self.assertEqual(len(others), 4)

    def test_releases(self):
        """Releases of locks are seen until nobody wants to."""
        seen = []
        lock = threading.Lock()

        def released(frame):
            seen.append(frame)
            return len(seen) < 2

        profile = Profile(None, released)
        frame = sys._getframe()
        profile(frame, "c_return", lock.release)
        profile(frame, "c_return", len)
        profile(frame, "c_return", lock.acquire)
        profile(frame, "c_return", threading.RLock().__exit__)
        profile(frame, "c_return", lock.release)
        self.assertEqual(seen, [frame] * 2)


if __name__ == "__main__":
    unittest.main()
