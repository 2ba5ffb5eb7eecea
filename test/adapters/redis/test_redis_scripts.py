"""What scripts do is counted, as done by a script; what goes wrong in one arrives as an error."""

import threading
import unittest

from parameterized import parameterized

from cachetest import CacheTestCase

from ...support import needs, run_method
from .redis_support import client, needs_redis, patched, shown


@needs_redis
@needs("lupa", "fakeredis[lua]")
class ScriptTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("return redis.call('set', KEYS[1], '1')", "put a"),
            ("return redis.call('get', KEYS[1])", "hit a"),
            ("redis.call('del', KEYS[1]); return redis.call('get', KEYS[1])", "delete a, miss a"),
            (
                "redis.call('hset', 'h', 'f', 'v'); return redis.call('hmget', 'h', 'f', 'g')",
                "put h.f, hit h.f, miss h.g",
            ),
            ("return redis.call('incr', 'n')", "put n"),
            ("return redis.pcall('lpush', KEYS[1], 'x')", "failure a"),
            ("redis.call('set', 'n', '1', 'NX'); return redis.call('set', 'n', '2', 'NX')", "put n"),
            ("return redis.call('flushdb')", "delete a"),
            ("return redis.call('blpop', 'jobs', 0)", None),
            ("return 1", ""),
        ]
    )
    def test_counts(self, script, expected):
        """Each command that a script calls counts as it does otherwise."""
        import redis

        for protocol in (2, 3):
            with self.subTest(protocol=protocol), patched() as patch:
                connection = client(protocol=protocol)
                connection.set("a", "x")
                patch.caches.redis.reset()
                connection.set("a", "x")
                try:
                    connection.eval(script, 1, "a")
                except redis.ResponseError:
                    self.assertIn(expected, ("failure a", None))
                if expected is not None:
                    operations = patch.caches.redis.operations[1:]
                    self.assertEqual(shown(operations), expected)
                    self.assertEqual({each.where.function for each in operations} - {"test_counts"}, set())

    def test_what_is_known(self):
        """An operation of a script has both names, its server, and the script as its origin."""
        with patched() as patch:
            single = client(single_connection_client=True, db=2)
            single.eval("return redis.call('set', KEYS[1], '1')", 1, "a")
            sha = single.script_load("return redis.call('get', KEYS[1])")
            single.evalsha(sha, 1, "a")
            put, hit = patch.caches.redis.operations
        self.assertEqual([put.asked, hit.asked], ["EVAL SET", "EVALSHA GET"])
        self.assertEqual({put.store, hit.store}, {"redis://localhost:6379/2"})
        self.assertEqual([put.origin, hit.origin], ["a script", "a script"])

    def test_expired(self):
        """A script that looks a key up whose time has come finds it expired."""
        import time
        from unittest import mock

        with patched() as patch:
            connection = client()
            connection.set("a", 1, ex=10)
            later = time.time() + 11
            with mock.patch.object(time, "time", lambda: later):
                connection.eval("return redis.call('get', KEYS[1])", 1, "a")
            self.assertEqual(shown(patch.caches.redis.operations), "put a, expiration a, miss a")

    def test_in_a_transaction(self):
        """So does one in a transaction, in its place."""
        with patched() as patch, client().pipeline() as pipe:
            pipe.set("a", 1).eval("return redis.call('get', KEYS[1])", 1, "a").delete("a").execute()
            self.assertEqual(shown(patch.caches.redis.operations), "put a, hit a, delete a")
            self.assertEqual(patch.caches.redis.operations[1].origin, 1)

    def test_unused(self):
        """A cache that only a script has used is not unused."""
        from cachetest.adapters import Redis

        def body(case):
            client().eval("return redis.call('set', KEYS[1], '1')", 1, "a")
            case.assertCacheUnused("redis")

        _, result = run_method(CacheTestCase, body, patch_caches=(Redis(),))
        ((_, text),) = result.failures
        self.assertRegex(text, r"1. put  'a'  by a script at .*test_redis_scripts.py:\d+ in body")

    @parameterized.expand(
        [
            ("error('boom')", "boom"),
            ("return nosuch.x", "nosuch"),
            ("local n = nil; return 'a' .. n", "concatenate"),
            ("return redis.error_reply(ARGV[1])", "\ufffd"),
            ("return redis.error_reply('a\\r\\nb')", "^a  b$"),
            ("return {err='ERR a\\nb'}", "^a b$"),
            ("return", None),
            ("return '\\r\\n$3'", None),
            ("return {1, '\\r\\n', {ok='fine'}}", None),
            ("syntax error", "Error"),
        ]
    )
    def test_every_reply_arrives(self, script, error):
        """An error of a script arrives at once, on one line, and the connection goes on."""
        import redis

        for protocol in (2, 3):
            with self.subTest(protocol=protocol), patched():
                connection = client(protocol=protocol, single_connection_client=True, socket_timeout=5)
                if error is None:
                    connection.eval(script, 0, b"\x81\xa4")
                else:
                    with self.assertRaisesRegex(redis.ResponseError, error):
                        connection.eval(script, 0, b"\x81\xa4")
                self.assertTrue(connection.ping())

    def test_read_only(self):
        """EVAL_RO and EVALSHA_RO execute what only reads."""
        import redis

        with patched() as patch:
            connection = client()
            connection.set("a", 1)
            self.assertEqual(connection.eval_ro("return redis.call('get', KEYS[1])", 1, "a"), b"1")
            sha = connection.script_load("return redis.call('set', KEYS[1], '2')")
            with self.assertRaisesRegex(redis.ResponseError, "not allowed from read-only scripts"):
                connection.evalsha_ro(sha, 1, "a")
            connection.evalsha(sha, 1, "a")
            self.assertEqual(shown(patch.caches.redis.operations), "put a, hit a, put a")

    def test_whose_it_is(self):
        """What the script of one connection does is not of another that is in the same server."""
        with patched() as patch:
            done = threading.Thread(
                target=client(db=1).eval,
                args=("return redis.call('set', KEYS[1], '1')", 1, "a"),
                name="other",
            )
            client().eval("return redis.call('get', KEYS[1])", 1, "a")
            done.start()
            done.join()
            found = [(each.kind, each.store[-1], each.thread) for each in patch.caches.redis.operations]
        self.assertEqual(found, [("miss", "0", threading.current_thread().name), ("put", "1", "other")])


if __name__ == "__main__":
    unittest.main()
