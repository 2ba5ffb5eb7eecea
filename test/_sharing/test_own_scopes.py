"""A forked child has scopes of its own, and what it has a copy of beside the caches is no use of them."""

import gc
import unittest

from cachetest import CacheTestCase, MockBackend

from ..support import needs, run_case
from .children_support import (
    counted_in,
    failure_of,
    needs_fork,
    own_scope_then_not,
    run_forked,
    use_mock,
    use_neither,
    use_own_scope,
)


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
        """To go on with a connection reaches what the parent has put."""
        self.assertEqual(self.run_in_child(lambda client: client.get("lamp")), (b"4", ""))


@needs_fork
class OwnScopeTests(unittest.TestCase):
    def test_no_use(self):
        """A child that uses no cache changes nothing."""
        self.assertEqual(failure_of(lambda _: run_forked(use_neither)), ("done", ""))

    def test_own_scope(self):
        """A scope that the child opens counts as ever, and the parent's test is none the wiser."""
        self.assertEqual(failure_of(lambda _: run_forked(use_own_scope)), ([1, 1, 1], ""))

    def test_after_own_scope(self):
        """After it the child asks again."""
        (own, told), counts, _ = counted_in(lambda _: run_forked(own_scope_then_not))
        self.assertEqual((own, told, counts), ([1, 1, 1], "done", (1, 0, 0)))

    def test_child_of_own_scope(self):
        """A child of the child's own scope is of that one, and not of the first parent's."""

        def fork_in_own_scope():
            return counted_in(lambda _: run_forked(use_mock))[:2]

        told, counts, _ = counted_in(lambda _: run_forked(fork_in_own_scope))
        self.assertEqual((told, counts), (("done", (1, 0, 0)), (0, 0, 0)))

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
