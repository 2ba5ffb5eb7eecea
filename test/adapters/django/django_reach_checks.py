"""The cache objects that are reached, and those that are left alone; run inside `django_project`."""

import os
import threading
import unittest
import warnings

from django.conf import settings
from django.core.cache import cache, caches
from django.core.cache.backends.base import InvalidCacheBackendError
from django.core.cache.backends.locmem import LocMemCache
from django.test import override_settings
from parameterized import parameterized

from cachetest import PatchCaches
from cachetest.adapters import Django
from cachetest.errors import CacheTestError, LateOperationWarning, UnknownCacheError

from .django_support import held_by_hand, on_a_thread


class ReachTests(unittest.TestCase):
    @parameterized.expand([(alias,) for alias in settings.CACHES])
    def test_held_by_this_thread(self, alias):
        """An object taken from `caches` before is reached, and is back afterwards."""
        held = caches[alias]
        with PatchCaches() as patch:
            held.set("a", 1)
            self.assertEqual((held.get("a"), caches[alias].get("a")), (1, 1))
            self.assertEqual(patch.caches[alias].counts(), (1, 2, 0))
        self.assertIs(caches[alias], held)

    @parameterized.expand(
        [
            ("default",),
            ("sessions",),
            ("pages",),
            ("small",),
            ("lower",),
            ("files",),
            ("table",),
            ("backwards",),
        ]
    )
    def test_held_by_another_thread(self, alias):
        """So is one that another thread had taken, by whichever thread it is used."""
        held = on_a_thread(lambda: caches[alias])
        with PatchCaches() as patch:
            held.set("a", 1)
            self.assertEqual(on_a_thread(lambda: held.get("a")), 1)
            self.assertIn("a", held)
            self.assertEqual(patch.caches[alias].counts(), (1, 1, 0))

    def test_used_by_its_own_thread(self):
        """A thread that lives on goes on with what it has of caches that can't be told apart."""
        asked, done, found = threading.Event(), threading.Event(), []

        def live():
            held = caches["second"]
            done.set()
            asked.wait(60)
            held.set("a", 1)
            found.append(caches["second"] is held)

        thread = threading.Thread(target=live)
        thread.start()
        done.wait(60)
        with PatchCaches() as patch:
            asked.set()
            thread.join()
            self.assertEqual(patch.caches["second"].counts(), (1, 0, 0))
        self.assertEqual(found, [True])

    def test_nothing_on_disk(self):
        """A cache in files writes none."""
        with PatchCaches():
            caches["files"].set("a", 1)
        self.assertEqual(os.listdir(settings.CACHES["files"]["LOCATION"]), [])

    def test_kept_from_inside(self):
        """An object taken in a test is real afterwards, and the next test's in that."""
        self.addCleanup(cache.clear)
        cache.set("a", "real")
        with PatchCaches():
            kept = caches["default"]
            kept.set("a", "mock")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.assertEqual(kept.get("a"), "real")
            self.assertIn("a", kept)
            with PatchCaches() as patch:
                self.assertIsNone(kept.get("a"))
            self.assertEqual(patch.caches["default"].counts(), (0, 0, 1))

    def test_late(self):
        """A thread that outlives its test stays off the real cache, and is told of by the next one."""
        self.addCleanup(cache.clear)
        go = threading.Event()

        def outlive():
            go.wait(60)
            caches_inside.set("a", "late")

        with PatchCaches():
            caches_inside = caches["default"]
            thread = threading.Thread(target=outlive)
            thread.start()
        go.set()
        thread.join()
        self.assertIsNone(cache.get("a"))
        with self.assertWarns(LateOperationWarning), PatchCaches():
            pass

    def test_unattributed(self):
        """A call that may be of either of two tests fails both, and does not reach the real cache."""
        self.addCleanup(cache.clear)
        begin, opened, go, done = (threading.Event() for _ in range(4))
        with PatchCaches():
            kept = caches["default"]
        raised = []

        def use():
            go.wait(60)
            kept.set("a", 1)

        def run_another():
            begin.wait(60)
            try:
                with PatchCaches():
                    opened.set()
                    done.wait(60)
            except AssertionError as error:
                raised.append(str(error))

        threads = [threading.Thread(target=each) for each in (use, run_another)]
        for thread in threads:
            thread.start()
        with self.assertRaisesRegex(AssertionError, ":1:a"), PatchCaches():
            begin.set()
            opened.wait(60)
            go.set()
            threads[0].join()
            done.set()
            threads[1].join()
        self.assertIn(":1:a", raised[0])
        self.assertIsNone(cache.get("a"))

    def test_not_to_be_told(self):
        """A held object that may be either of two caches configured alike is an error that says so."""
        held = on_a_thread(lambda: caches["second"])
        with PatchCaches(), self.assertRaisesRegex(CacheTestError, "may be any of first, second"):
            held.get("a")

    def test_not_of_the_settings(self):
        """An object that the program has made for itself is left alone, made before or inside."""
        before = LocMemCache("elsewhere", {})
        with PatchCaches() as patch:
            inside = LocMemCache("elsewhere", {})
            before.set("a", 1)
            self.assertEqual(inside.get("a"), 1)
            self.assertEqual(patch.caches["default"].counts(), (0, 0, 0))
        self.addCleanup(before.clear)
        self.assertEqual(before.get("a"), 1)

    def test_made_by_another_handler(self):
        """One that another handler makes of the settings is of its alias."""
        with PatchCaches() as patch:
            held_by_hand("pages").set("a", 1)
            self.assertEqual(held_by_hand("lower").get("a"), None)
            self.assertEqual(patch.caches["pages"].counts(), (1, 0, 0))
            self.assertEqual(patch.caches["lower"].counts(), (0, 0, 1))

    def test_what_a_class_adds(self):
        """A method that only this class has runs on the entries of the scope."""
        held = caches["lower"]
        with PatchCaches() as patch:
            held.set("A", 1)
            self.assertEqual([each.size() for each in (held, caches["lower"])], [1, 1])
            self.assertEqual(patch.caches["lower"].counts(), (1, 0, 0))
        self.assertEqual(held.size(), 0)

    def test_taken_before(self):
        """A method that was taken off before the test is an error that says what to do."""
        get = caches["default"].get
        with (
            PatchCaches(),
            self.assertRaisesRegex(CacheTestError, r"'get' was taken off .*\['default'\]\.get"),
        ):
            get("a")

    def test_real_entries(self):
        """Entries from before are not there in the test, and there again afterwards."""
        self.addCleanup(cache.clear)
        cache.set("a", "real")
        with PatchCaches():
            self.assertIsNone(cache.get("a"))
            cache.set("a", "mock")
        self.assertEqual(cache.get("a"), "real")

    def test_some(self):
        """With aliases, those are patched and no others."""
        self.addCleanup(cache.clear)
        held, other = held_by_hand("sessions"), held_by_hand("default")
        with PatchCaches(Django("sessions")) as patch:
            self.assertEqual(list(patch.caches), ["sessions"])
            for each in (cache, other):
                each.set("a", "real")
            for each in (held, caches["sessions"]):
                each.set("a", "mock")
            self.assertEqual(patch.caches["sessions"].counts(), (2, 0, 0))
        self.assertEqual((cache.get("a"), caches["sessions"].get("a")), ("real", None))

    def test_some_inside_all(self):
        """Adapters for some and for all can be nested; the inner scope has what was done inside."""
        held = on_a_thread(lambda: caches["pages"])
        with PatchCaches(Django()) as outer:
            with PatchCaches(Django("pages")) as inner:
                for each in (held, caches["pages"]):
                    each.set("a", 1)
                self.assertEqual(inner.caches["pages"].counts(), (2, 0, 0))
            held.get("a")
            caches["pages"].get("a")
            self.assertEqual(outer.caches["pages"].counts(), (0, 0, 2))

    def test_unknown(self):
        """An alias that the settings lack is an error that lists those there are, the closest first."""
        before = dict(vars(caches))
        with self.assertRaisesRegex(
            UnknownCacheError, r"no cache 'sesions' in settings.CACHES; .*: sessions, "
        ):
            PatchCaches(Django("sesions")).__enter__()
        self.assertEqual(vars(caches), before)
        with self.assertRaisesRegex(TypeError, "expected aliases of settings.CACHES, not 7"):
            Django(7)

    def test_what_cannot_be_imported(self):
        """A backend that is not there is Django's own error, when it is used and not before."""
        absent = {"BACKEND": "test.adapters.django.django_backends.Nothing"}
        with override_settings(CACHES={**settings.CACHES, "absent": absent}), PatchCaches():
            cache.get("a")
            with self.assertRaises(InvalidCacheBackendError):
                caches["absent"].get("a")

    def test_found_by_itself(self):
        """Without adapters, Django is found, each alias a cache from the start."""
        with PatchCaches() as patch:
            self.assertEqual(list(patch.caches), list(settings.CACHES))
        self.assertEqual(repr(Django()), "<Django adapter of every alias>")
        self.assertEqual(repr(Django("a", "b")), "<Django adapter of a, b>")
