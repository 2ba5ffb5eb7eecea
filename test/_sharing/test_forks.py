"""A forked child refuses the caches of its parent's test, has scopes of its own, and its parent knows."""

import gc
import os
import signal
import threading
import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, PatchCaches
from cachetest._sharing import children, joined

from ..support import needs, run_case
from .children_support import (
    SECONDS,
    failure_of,
    needs_fork,
    outcome_of,
    own_scope_then_not,
    run_forked,
    swallow,
    use_mock,
    use_neither,
    use_own_scope,
)


@needs_fork
class RefusalTests(unittest.TestCase):
    def test_error_names_what_happened_and_the_remedy(self):
        """The error has the operation, the line, the child and its parent, and what to do instead."""
        told, failure = failure_of(lambda _: run_forked(use_mock))
        for part in (
            "ChildOperationError: a put (key 'lamp') on cache 'prices', at ",
            "children_support.py",
            "in use_mock, was refused: this is child process ",
            ", forked at ",
            "inside the block at ",
            f"whose caches are in process {os.getpid()}",
            "do this work in the test's own process, on a thread, or give the child a scope of its own",
        ):
            self.assertIn(part, told)
        for part in (
            "can't be trusted",
            "child process ",
            "was refused a put (key 'lamp') on cache 'prices'",
        ):
            self.assertIn(part, failure)

    @parameterized.expand([("swallowed", swallow), ("raised", use_mock)])
    def test_parent_fails(self, _, work):
        """The parent fails at its end, whatever the child does with the error; nothing is counted."""
        counts = []

        def body(caches):
            MockBackend("prices").put("desk", 90.0)
            run_forked(work)
            counts.append(caches.prices.counts())

        _, failure = failure_of(body)
        self.assertIn("was refused a put", failure)
        self.assertEqual(counts, [(1, 0, 0)])

    def test_killed_child(self):
        """What a child was refused is known though it was killed right after that."""

        def die():
            swallow()
            os.kill(os.getpid(), signal.SIGKILL)

        def body(_):
            with self.assertRaisesRegex(AssertionError, "signal 9"):
                run_forked(die)

        self.assertIn("was refused a put", failure_of(body)[1])

    def test_child_that_has_closed_everything(self):
        """A daemon closes what it has open, and is in another root: its parent knows all the same."""

        def lock_out():
            os.closerange(3, 64)
            ledger = children.ledger()
            assert ledger is None
            joined.current_parent().ledger = "/nowhere/at/all"
            swallow()

        def body(_):
            if (child := os.fork()) == 0:
                try:
                    lock_out()
                finally:
                    os._exit(0)
            os.waitpid(child, 0)

        self.assertIn("was refused a cache, and could not say which", failure_of(body)[1])

    @parameterized.expand(
        [
            ("counts", lambda caches: caches.prices.num_put),
            ("stats", lambda caches: caches.prices.stats),
            ("operations", lambda caches: list(caches.prices.operations)),
            ("entries", lambda caches: list(caches.prices.cache)),
            ("equality", lambda caches: caches.prices == caches.other),
            ("report", lambda caches: caches.as_dict()),
        ]
    )
    def test_reading_is_refused(self, _, read):
        """A child can't look at its copy of the counts either: what it found would not be so."""

        def body(caches):
            MockBackend("prices").put("desk", 90.0)
            MockBackend("other").put("desk", 90.0)
            return run_forked(read, caches)

        self.assertIn("ChildOperationError", failure_of(body)[0])

    def test_grandchildren(self):
        """A child of the child refuses too."""
        told, failure = failure_of(lambda _: run_forked(run_forked, use_mock))
        self.assertIn("ChildOperationError", told)
        self.assertIn("was refused a put", failure)

    def test_leaving_the_block_in_the_child(self):
        """A child that leaves the parent's block goes on refusing: the real caches stay out of reach."""

        def body(_):
            reading, writing = os.pipe()
            if (child := os.fork()) == 0:
                os.close(reading)
                try:
                    signal.alarm(SECONDS)
                    stack.__exit__(None, None, None)
                    os.write(writing, str(outcome_of(use_mock)).encode())
                finally:
                    os._exit(0)
            os.close(writing)
            with open(reading, "rb") as file:
                told = file.read()
            os.waitpid(child, 0)
            return told

        stack = PatchCaches()
        stack.__enter__()
        told = body(None)
        with self.assertRaises(AssertionError):
            stack.__exit__(None, None, None)
        self.assertIn(b"ChildOperationError", told)

    def test_thread_of_the_child(self):
        """So does a thread that the child starts."""

        def on_thread():
            told = []
            thread = threading.Thread(target=lambda: told.append(outcome_of(use_mock)))
            thread.start()
            thread.join(SECONDS)
            return told[0]

        self.assertIn("ChildOperationError", failure_of(lambda _: run_forked(on_thread))[0])

    def test_forkpty(self):
        """A child with a terminal is no other."""

        def body(_):
            child, terminal = os.forkpty()
            if child == 0:
                try:
                    signal.alarm(SECONDS)
                    swallow()
                finally:
                    os._exit(0)
            os.waitpid(child, 0)
            os.close(terminal)

        self.assertIn("was refused a put", failure_of(body)[1])


@needs_fork
@needs("fakeredis", "fakeredis[lua]")
class ConnectionTests(unittest.TestCase):
    """Connections that a child has a copy of."""

    def run_in_child(self, use):
        import redis

        from cachetest.adapters import Redis

        def body(_):
            client = redis.Redis(port=1, retry=None)
            client.set("lamp", 4)
            return run_forked(use, client)

        return failure_of(body, Redis())

    def test_closing_is_no_use(self):
        """A child may close, or forget, what it has a copy of: neither is a use of the cache."""

        def close(client):
            client.close()
            client.connection_pool.disconnect()
            del client
            gc.collect()

        self.assertEqual(self.run_in_child(close), (None, ""))

    def test_open_connection(self):
        """To go on with a connection is a use, and refused."""
        told, failure = self.run_in_child(lambda client: client.get("lamp"))
        self.assertIn("ChildOperationError", told)
        self.assertIn("on cache 'redis'", failure)


@needs_fork
class OwnScopeTests(unittest.TestCase):
    def test_no_use(self):
        """A child that uses no cache changes nothing."""
        self.assertEqual(failure_of(lambda _: run_forked(use_neither)), ("done", ""))

    def test_own_scope(self):
        """A scope that the child opens counts as ever, and the parent's test is none the wiser."""
        self.assertEqual(failure_of(lambda _: run_forked(use_own_scope)), ([1, 1, 1], ""))

    def test_after_own_scope(self):
        """After it the child refuses again."""
        (counts, told), _ = failure_of(lambda _: run_forked(own_scope_then_not))
        self.assertEqual(counts, [1, 1, 1])
        self.assertIn("ChildOperationError", told)

    def test_child_of_own_scope(self):
        """A child of the child's own scope is told of that one, and not of the first parent's."""

        def fork_in_own_scope():
            return failure_of(lambda _: run_forked(use_mock))

        (told, failure), outer = failure_of(lambda _: run_forked(fork_in_own_scope))
        self.assertIn("ChildOperationError", told)
        self.assertIn("was refused a put", failure)
        self.assertEqual(outer, "")

    def test_outside_any_scope(self):
        """A child that was forked outside any scope is a process like any other."""
        self.assertEqual(run_forked(use_own_scope), [1, 1, 1])

    def test_case_in_a_forked_child(self):
        """A test case that is run in a child, as pytest-forked does, is the child's own."""

        class Inner(CacheTestCase):
            def test(self):
                MockBackend("prices").put("lamp", 4.0)
                self.assertCacheStats("prices", puts=1)

        def run_inner():
            return run_case(Inner("test")).wasSuccessful()

        self.assertTrue(run_forked(run_inner))
        self.assertEqual(failure_of(lambda _: run_forked(run_inner)), (True, ""))


if __name__ == "__main__":
    unittest.main()
