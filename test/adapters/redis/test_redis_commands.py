"""Each command of Redis counts as the documentation says."""

import unittest

from parameterized import parameterized

from .redis_support import client, needs_redis, patched, shown

# A command, after `SETUP`, and what it counts as.
COUNTS = [
    ("GET a", "hit a"),
    ("GET empty", "hit empty"),
    ("GET no", "miss no"),
    ("GETEX a EX 10", "hit a"),
    ("GETDEL a", "hit a, delete a"),
    ("GETDEL no", "miss no"),
    ("GETSET a 2", "hit a, put a"),
    ("GETRANGE a 0 0", "hit a"),
    ("MGET a no empty", "hit a, miss no, hit empty"),
    ("SET a 2", "put a"),
    ("SET a 2 NX", ""),
    ("SET no 2 NX", "put no"),
    ("SET no 2 XX", ""),
    ("SET a 2 XX KEEPTTL", "put a"),
    ("SET a 2 GET", "hit a, put a"),
    ("SET no 2 GET", "miss no, put no"),
    ("SET a 2 NX GET", "hit a"),
    ("SET no 2 NX GET", "miss no, put no"),
    ("SET a 2 XX GET", "hit a, put a"),
    ("SET no 2 XX GET", "miss no"),
    ("SETEX a 10 2", "put a"),
    ("PSETEX a 10 2", "put a"),
    ("SETNX a 2", ""),
    ("SETNX no 2", "put no"),
    ("MSET a 2 b 3", "put a, put b"),
    ("MSETNX a 2 b 3", ""),
    ("MSETNX b 2 c 3", "put b, put c"),
    ("APPEND a 2", "put a"),
    ("INCR a", "put a"),
    ("DECRBY a 2", "put a"),
    ("INCR h", "failure h"),
    ("HGET a x", "failure a.x"),
    ("MGET", ""),
    ("GET a no", "failure a"),
    ("SET a", "failure a"),
    ("LLEN a", "failure a"),
    ("HGETEX h x", ""),
    ("LMPOP x l LEFT", ""),
    ("TOUCH a no", ""),
    ("STRLEN a", ""),
    ("EXISTS a no", ""),
    ("TTL a", ""),
    ("TYPE a", ""),
    ("EXPIRE a 10", ""),
    ("PERSIST a", ""),
    ("KEYS *", ""),
    ("SCAN 0", ""),
    ("DBSIZE", ""),
    ("HGET h x", "hit h.x"),
    ("HGET h no", "miss h.no"),
    ("HMGET h x no", "hit h.x, miss h.no"),
    ("HGETALL h", "hit h"),
    ("HGETALL no", "miss no"),
    ("HSET h x 2 y 3", "put h.x, put h.y"),
    ("HSETNX h x 2", ""),
    ("HSETNX h y 2", "put h.y"),
    ("HINCRBY h x 2", "put h.x"),
    ("HDEL h x no", "delete h.x, delete h.no"),
    ("DEL a no", "delete a, delete no"),
    ("UNLINK a", "delete a"),
    ("RENAME a b", "delete a, put b"),
    ("COPY a b", "hit a, put b"),
    ("LRANGE l 0 -1", "hit l"),
    ("LRANGE no 0 -1", "miss no"),
    ("LPUSH l 2", "put l"),
    ("LPOP l", "hit l, put l"),
    ("LPOP no", "miss no"),
    ("BLPOP no l 1", "hit l, put l"),
    ("BLPOP no none 0.001", "miss no, miss none"),
    ("LMPOP 2 no l LEFT", "hit l, put l"),
    ("LMPOP 2 no none LEFT COUNT 2", "miss no, miss none"),
    ("ZMPOP 1 z MIN", "hit z, put z"),
    ("BLMPOP 1 2 no l RIGHT", "hit l, put l"),
    ("BLMPOP 0.001 1 no RIGHT", "miss no"),
    ("BZMPOP 1 1 z MAX", "hit z, put z"),
    ("RPOPLPUSH l m", "hit l, put l, put m"),
    ("SMEMBERS s", "hit s"),
    ("SADD s 2", "put s"),
    ("SISMEMBER s 1", ""),
    ("ZRANGE z 0 -1", "hit z"),
    ("ZADD z 2 y", "put z"),
    ("XADD st * f v", "put st"),
    ("XRANGE no - +", "miss no"),
    ("PUBLISH a 2", ""),
    ("NOSUCH a", ""),
]
# Those that the server does not know, or can't do.
ERRORS = {command for command, expected in COUNTS if expected.startswith("failure")}
ERRORS |= {"NOSUCH a", "MGET", "HGETEX h x", "LMPOP x l LEFT"}
SETUP = ["SET a 1", "HSET h x 1", "RPUSH l 1 2", "SADD s 1", "ZADD z 1 x"]


@needs_redis
class CommandTests(unittest.TestCase):
    @parameterized.expand(COUNTS)
    def test_command(self, command, expected):
        """Each command counts as the table in the documentation says."""
        import redis

        for protocol in (2, 3):
            with self.subTest(protocol=protocol), patched() as patch:
                connection = client(protocol=protocol)
                connection.set("empty", b"")
                for each in SETUP:
                    connection.execute_command(*each.split())
                before = len(patch.caches.redis.operations)
                if command in ERRORS:
                    with self.assertRaises(redis.ResponseError):
                        connection.execute_command(*command.split())
                else:
                    connection.execute_command(*command.split())
                self.assertEqual(shown(patch.caches.redis.operations[before:]), expected)

    def test_written_by_the_way(self):
        """A key that a command writes beside what it is for is put: by SORT with STORE, and by SMOVE."""
        with patched() as patch:
            connection = client()
            connection.rpush("numbers", 3, 1, 2)
            connection.sort("numbers", store="sorted")
            connection.sort("numbers")
            connection.sadd("one", 1)
            connection.smove("one", "other", 1)
            connection.smove("one", "other", 1)
            operations = shown(patch.caches.redis.operations)
        self.assertEqual(operations, "put numbers, put sorted, put one, put one, put other")

    def test_flush(self):
        """A flush deletes each key that was there, in this database or in all."""
        with patched() as patch:
            first, second = client(), client(db=1)
            first.set("a", 1)
            second.set("b", 1)
            second.flushdb()
            self.assertEqual(shown(patch.caches.redis.operations[2:]), "delete b")
            second.flushall()
            self.assertEqual(shown(patch.caches.redis.operations[3:]), "delete a")

    def test_pipeline(self):
        """The commands of a pipeline are counted one by one, whether in a transaction or not."""
        for transaction in (True, False):
            with self.subTest(transaction=transaction), patched() as patch:
                with client().pipeline(transaction=transaction) as pipe:
                    pipe.set("a", 1).get("a").get("b").incr("h").flushall()
                    self.assertEqual(pipe.execute(), [True, b"1", None, 1, True])
                expected = "put a, hit a, miss b, put h, delete a, delete h"
                self.assertEqual(shown(patch.caches.redis.operations), expected)

    def test_watched_pop(self):
        """LMPOP is a change to whoever watches the list."""
        import redis

        with patched():
            client().rpush("a", 1)
            with client().pipeline() as pipe:
                pipe.watch("a")
                pipe.multi()
                pipe.llen("a")
                client().lmpop(1, "a", direction="LEFT")
                with self.assertRaises(redis.WatchError):
                    pipe.execute()

    def test_discarded(self):
        """What was queued and discarded, or not executed because of a watched key, is not counted."""
        import redis

        with patched() as patch:
            connection = client(single_connection_client=True)
            for command in ("MULTI", "SET a 1", "DISCARD"):
                connection.execute_command(*command.split())
            self.assertEqual(shown(patch.caches.redis.operations), "")
            with client().pipeline() as pipe:
                pipe.watch("a")
                pipe.multi()
                pipe.set("a", 1)
                client().set("a", 2)
                with self.assertRaises(redis.WatchError):
                    pipe.execute()
            self.assertEqual(shown(patch.caches.redis.operations), "put a")

    def test_error_in_a_transaction(self):
        """A command that fails inside a transaction is a failure, the others are not."""
        with patched() as patch, client().pipeline() as pipe:
            pipe.set("a", "x").incr("a").get("a")
            pipe.execute(raise_on_error=False)
            self.assertEqual(shown(patch.caches.redis.operations), "put a, failure a, hit a")

    def test_key_called_fields(self):
        """A hash may be called as the word is that comes before the fields of a command."""
        with patched() as patch:
            connection = client()
            connection.execute_command("HSETEX", "fields", "EX", 10, "FIELDS", 1, "a", 1)
            connection.execute_command("HGETEX", "fields", "FIELDS", 1, "a")
            connection.execute_command("HGETDEL", "fields", "FIELDS", 1, "a")
        expected = "put fields.a, hit fields.a, hit fields.a, delete fields.a"
        self.assertEqual(shown(patch.caches.redis.operations), expected)


if __name__ == "__main__":
    unittest.main()
