"""Caches that threads use in the middle of which a scope opens or closes; run inside `django_project`."""

import asyncio
import functools
import threading
import unittest
from unittest import mock

from django.core.cache import cache, caches
from django.core.cache.backends.locmem import LocMemCache

from cachetest import PatchCaches
from cachetest.adapters import Django
from cachetest.adapters.django import running_calls

from ...support import EXHAUSTIVE
from ..busy_case import BusyCase


def use(held, n):
    """Use *held* in the ways that there are; whatever other threads do, none of them may fail."""
    key = f"busy{n % 17}"
    held.set(key, 1)
    held.get(key)
    held.get_or_set(key, 1)
    held.set_many({key: 1})
    held.get_many([key])
    key in held  # noqa: B015 (a call of the cache)
    held.touch(key)
    held.add(key, 1)
    held.delete(key)
    if n % 19 == 0:
        asyncio.run(held.aset(key, 1))


class BusyTests(BusyCase):
    def test_held_and_taken(self):
        """No call fails, of objects that are held and of those that are taken each time, on any back end."""
        works = {"taken": functools.partial(use, cache), "held": functools.partial(use, caches["default"])}
        if EXHAUSTIVE:
            works |= {alias: functools.partial(use, caches[alias]) for alias in ("files", "lower")}
        self.addCleanup(lambda: [caches[alias].clear() for alias in ("default", "files", "lower")])
        self.run_busy(Django, works)


class MiddleTests(unittest.TestCase):
    """One call, held in its middle: where it makes the value."""

    def begin(self):
        entered, go, found = threading.Event(), threading.Event(), []
        held = caches["default"]

        def make():
            entered.set()
            go.wait(10)
            return "made"

        thread = threading.Thread(target=lambda: found.append(held.get_or_set("middle", make)))
        thread.start()
        entered.wait(10)

        def end():
            go.set()
            thread.join()
            self.assertEqual(found, ["made"])

        return end

    def setUp(self):
        self.addCleanup(cache.clear)

    def test_begun_before(self):
        """What began on the real cache ends on it."""
        self.assertIsInstance(caches["default"], LocMemCache)
        end = self.begin()
        with PatchCaches() as patch:
            end()
            self.assertEqual(patch.caches["default"].counts(), (0, 0, 0))
            self.assertIsNone(cache.get("middle"))
        self.assertEqual(cache.get("middle"), "made")

    def test_begun_inside(self):
        """What began in a scope ends there, and leaves the real cache alone."""
        with PatchCaches() as patch:
            end = self.begin()
        end()
        self.assertEqual(patch.caches["default"].counts(), (1, 0, 1))
        self.assertIsNone(cache.get("middle"))

    def test_running_as_it_closes(self):
        """A call of a thread from before is waited for: it ends in the scope that it began in."""
        begin, entered, go = threading.Event(), threading.Event(), threading.Event()
        held = caches["default"]

        class Slow:
            def __reduce__(self):
                entered.set()
                go.wait(10)
                return str, ("slow",)

        def use():
            begin.wait(10)
            held.set("slow", Slow())

        thread = threading.Thread(target=use)
        thread.start()
        with mock.patch.object(running_calls, "sleep", lambda _: go.set()), PatchCaches() as patch:
            begin.set()
            entered.wait(10)
        go.set()
        thread.join()
        self.assertIsNone(cache.get("slow"))
        self.assertEqual(patch.caches["default"].counts(), (1, 0, 0))


if __name__ == "__main__":
    unittest.main()
