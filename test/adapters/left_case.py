"""What a class sets up, and what a test has left running, as each adapter has it."""

import contextlib
import socket
import threading
import unittest
import warnings
from unittest import mock

from cachetest import CacheTestCase, PatchCaches
from cachetest._behaving.gate import MISSING
from cachetest._patching import late_patches
from cachetest.errors import LateOperationWarning

from ..support import ignore_collected, run_case


class ReachedError(Exception):
    """The error of a connection that was tried; no library takes it for a store that is down."""


@contextlib.contextmanager
def no_network():
    """Make each connection an error, and give what is called to make one."""
    refuse = mock.Mock(side_effect=ReachedError)
    with (
        mock.patch.multiple(socket.socket, connect=refuse, connect_ex=refuse),
        mock.patch("socket.getaddrinfo", refuse),
    ):
        yield refuse


class LeftCase:
    """The tests for one adapter, in front of a TestCase that makes the subject of its contract."""

    def make_subject(self):
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.subject = self.make_subject()
        self.name = self.subject.caches[0]
        self.opened = self.subject.open(self.name)

    def test_set_up_by_a_class(self):
        """Each test finds what was set up as it was, with counts of its own; so does what tears down."""
        subject, name, opened, torn = self.subject, self.name, self.opened, []

        class Inner(CacheTestCase):
            patch_caches = (subject.adapter,)

            @classmethod
            def setUpClass(cls):
                subject.put(opened, "a", "first")

            def check(self):
                self.assertEqual(subject.get(opened, "a"), "first")
                subject.put(opened, "a", "second")
                self.assertIs(subject.get(opened, "b"), MISSING)
                subject.put(opened, "b", "third")
                self.assertCacheStats(name, puts=2, hits=1, misses=1)

            test_a = test_b = check

            @classmethod
            def tearDownClass(cls):
                torn.append((subject.get(opened, "a"), subject.get(opened, "b")))

        before = subject.state()
        with no_network():
            result = run_case(unittest.defaultTestLoader.loadTestsFromTestCase(Inner))
        self.assertEqual(result.errors + result.failures, [])
        self.assertEqual((result.testsRun, torn), (2, [("first", MISSING)]))
        self.assertEqual(subject.state(), before)

    def test_left_running(self):
        """A late worker reaches no real store, and is named; all others have the real one meanwhile."""
        subject, opened = self.subject, self.opened
        go, found = threading.Event(), []
        self.addCleanup(go.set)

        def late():
            go.wait()
            subject.put(opened, "late", "value")
            found.extend(subject.get(opened, key) for key in ("late", "real", "in_time"))

        before = subject.state()
        with no_network() as network:
            with PatchCaches(subject.adapter):
                subject.put(opened, "in_time", "value")
                worker = threading.Thread(target=late, name="worker")
                worker.start()
            self.assertEqual(len(late_patches.held), 1)
            self.use_real(network)
            go.set()
            worker.join()
        self.assertEqual(late_patches.held, [])
        self.assertEqual(found, ["value", MISSING, MISSING])
        self.assertEqual(subject.state(), before)
        with self.assertWarns(LateOperationWarning) as caught, PatchCaches():
            pass
        texts = [str(each.message) for each in caught.warnings]
        self.assertRegex(texts[0], f"^late: put on '{self.name}', key '.*', by thread worker")
        self.assertFalse([text for text in texts if "by thread worker" not in text], texts)

    def use_real(self, network):
        """Have the real store asked, where there is one; where there is a network before it, in vain."""
        opened = self.subject.open(self.name)
        for each in (self.opened, opened):
            tried = network.call_count
            try:
                self.subject.put(each, "real", "value")
            except Exception:
                # Some libraries make an error of their own of it.
                self.assertGreater(network.call_count, tried)
            else:
                self.assertEqual(self.subject.get(each, "real"), "value")
                self.subject.delete(each, "real")

    def test_next_test(self):
        """A test that begins while a worker is left has caches of its own, and so has the worker."""
        subject, opened = self.subject, self.opened
        go, found = threading.Event(), []
        self.addCleanup(go.set)

        def late():
            go.wait()
            subject.put(opened, "late", "value")
            found.append(subject.get(opened, "own"))

        before = subject.state()
        with no_network(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            ignore_collected()
            with PatchCaches(subject.adapter):
                worker = threading.Thread(target=late)
                worker.start()
            with PatchCaches(subject.adapter) as patch:
                subject.put(opened, "own", "value")
                go.set()
                worker.join()
                self.assertIs(subject.get(opened, "late"), MISSING)
                self.assertEqual(subject.get(opened, "own"), "value")
                self.assertEqual(patch.caches[self.name].counts(), (1, 1, 1))
        self.assertEqual(found, [MISSING])
        self.assertEqual(subject.state(), before)
        self.assertTrue(all(each.category is LateOperationWarning for each in caught), caught)
        self.assertGreater(len(caught), 0)
