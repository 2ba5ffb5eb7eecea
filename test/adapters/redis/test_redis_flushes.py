"""What a flush deletes: each key that is there, in its own database."""

import time
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import PatchCaches

from ...support import needs
from .redis_support import client, patched

HERE = "redis://localhost:6379/"


def by_itself(connection, command):
    connection.execute_command(command)


def in_a_transaction(connection, command):
    connection.pipeline().execute_command(command).execute()


def by_a_script(connection, command):
    connection.eval(f"return redis.call('{command}')", 0)


WAYS = [("by_itself", by_itself), ("in_a_transaction", in_a_transaction), ("by_a_script", by_a_script)]


def deletes(operations):
    return [(each.key, each.store) for each in operations if each.kind == "delete"]


@needs("fakeredis", "cachetest[redis]")
@needs("lupa", "fakeredis[lua]")
class FlushTests(unittest.TestCase):
    @parameterized.expand(WAYS)
    def test_each_database(self, _, flush):
        """FLUSHALL deletes each key in the database that has it, also where two have the same."""
        with patched() as patch:
            zero, one = client(), client(db=1)
            for each in (zero, one):
                each.set("a", 1)
            one.set("b", 1)
            flush(zero, "FLUSHALL")
            cache = patch.caches.redis
            self.assertEqual(
                deletes(cache.operations), [("a", HERE + "0"), ("a", HERE + "1"), ("b", HERE + "1")]
            )
            self.assertIsNone(one.get("a"))
            self.assertIn("put, then deleted by operation 5", str(cache.explain()))

    @parameterized.expand(WAYS)
    def test_one_database(self, _, flush):
        """FLUSHDB deletes those of the one that is selected."""
        with patched() as patch:
            zero, one = client(), client(db=1)
            for each in (zero, one):
                each.set("a", 1)
            flush(one, "FLUSHDB")
            self.assertEqual(deletes(patch.caches.redis.operations), [("a", HERE + "1")])
            self.assertEqual(zero.get("a"), b"1")

    def test_selected_in_a_transaction(self):
        """What a transaction has selected and written before it flushes counts."""
        with patched() as patch:
            client(db=1).set("a", 1)
            pipe = client().pipeline()
            pipe.set("b", 1).execute_command("SELECT", 1)
            pipe.set("c", 1).flushdb()
            pipe.execute()
            self.assertEqual(deletes(patch.caches.redis.operations), [("a", HERE + "1"), ("c", HERE + "1")])
            self.assertEqual(client().get("b"), b"1")

    @parameterized.expand(WAYS)
    def test_time_to_live(self, _, flush):
        """What was flushed does not expire later, nor in the database of another cache."""
        from cachetest.adapters import Redis

        for caches in ({}, {"zero": HERE + "0", "one": HERE + "1"}):
            with self.subTest(sorted(caches)), PatchCaches(Redis(**caches)) as patch:
                clients = client(), client(db=1)
                for each in clients:
                    each.set("a", 1, ex=10)
                flush(clients[0], "FLUSHALL")
                later = time.time() + 11
                with mock.patch.object(time, "time", return_value=later):
                    for each in clients:
                        self.assertIsNone(each.get("a"))
                kinds = {each.kind for name in patch.caches for each in patch.caches[name].operations}
                self.assertEqual(kinds, {"put", "delete", "miss"})

    def test_refused(self):
        """A flush that is an error deletes nothing, and is a failure of what it would have deleted."""
        import redis

        with patched() as patch:
            client(db=1).set("a", 1)
            with self.assertRaises(redis.ResponseError):
                client().execute_command("FLUSHALL", "WRONG")
            with self.assertRaises(redis.ResponseError):
                client().eval("return redis.call('FLUSHALL', 'WRONG')", 0)
            kinds = [(each.kind, each.key) for each in patch.caches.redis.operations]
            self.assertEqual(kinds, [("put", "a"), ("failure", "a"), ("failure", "a")])
            self.assertEqual(client(db=1).get("a"), b"1")


if __name__ == "__main__":
    unittest.main()
