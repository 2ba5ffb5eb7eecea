"""The redis adapter: what is counted, which cache a connection is of, and what is restored."""

import queue
import socket
import sys
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, PatchCaches
from cachetest.errors import CacheTestError

from ...servers import needs_redis_server, server
from ...support import make_library, needs, run_method, run_python

needs_redis = needs("fakeredis", "cachetest[redis]")

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
    ("INCR h", ""),
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
SETUP = ["SET a 1", "HSET h x 1", "RPUSH l 1 2", "SADD s 1", "ZADD z 1 x"]


def shown(operations):
    """Return operations in short: kind and key, of a hash ``key.field``."""
    return ", ".join(
        f"{each.kind} {'.'.join(each.key) if isinstance(each.key, tuple) else each.key}"
        for each in operations
    )


def client(**options):
    import redis

    return redis.Redis(**options)


def patched(**urls):
    from cachetest.adapters import Redis

    return PatchCaches(Redis(**urls))


@needs_redis
class CountTests(unittest.TestCase):
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
                if command in ("INCR h", "NOSUCH a"):
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

    def test_gone_before_its_time(self):
        """A key that is gone without its time having come has not expired."""
        with patched() as patch:
            connection = client()
            connection.set("a", 1, ex=100)
            connection.swapdb(0, 5)
            connection.get("a")
            self.assertEqual(shown(patch.caches.redis.operations), "put a, miss a")

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
        """A command that fails inside a transaction is not counted, the others are."""
        with patched() as patch, client().pipeline() as pipe:
            pipe.set("a", "x").incr("a").get("a")
            pipe.execute(raise_on_error=False)
            self.assertEqual(shown(patch.caches.redis.operations), "put a, hit a")

    def test_expiration(self):
        """A lookup that finds its key expired logs that, once; a later put or delete has nothing to log."""
        import time

        real = time.time
        with patched() as patch:
            connection = client()
            connection.set("a", 1, ex=10)
            connection.hset("h", "x", 1)
            connection.expire("h", 10)
            connection.hget("h", "no")
            connection.set("kept", 1, ex=10)
            connection.persist("kept")
            with mock.patch("time.time", lambda: real() + 11):
                connection.get("a")
                connection.get("a")
                connection.hget("h", "x")
                connection.get("kept")
            operations = patch.caches.redis.operations[4:]
            expected = "expiration a, miss a, miss a, expiration h, miss h.x, hit kept"
            self.assertEqual(shown(operations), expected)

    def test_keys(self):
        """A key is logged as text, as bytes where it is none, and found as either."""
        from cachetest.adapters import Redis

        def test(case):
            connection = client()
            connection.mset({"caf\u00e9": b"", b"\xff": b"2"})
            connection.hset("h", mapping={"x": "1"})
            keys = [each.key for each in case.caches.redis.operations]
            case.assertEqual(keys, ["caf\u00e9", b"\xff", ("h", "x")])
            for key, value in (("caf\u00e9", b""), ("caf\u00e9".encode(), b""), (b"\xff", b"2")):
                case.assertCached("redis", key, value)
            case.assertCached("redis", "h", {b"x": b"1"})
            case.assertCached("redis", ("h", "x"), b"1")
            case.assertNotCached("redis", ("h", "y"))
            case.assertNotCached("redis", "no")
            case.assertCacheStats("redis", puts=3, hits=0, misses=0)

        _, result = run_method(CacheTestCase, test, patch_caches=(Redis(),))
        self.assertTrue(result.wasSuccessful(), result.errors + result.failures)

    def test_entries(self):
        """The entries are a live view, in Python's terms, that can be written and emptied."""
        with patched() as patch:
            connection = client(protocol=3)
            for each in [*SETUP, "XADD st 1-1 f v"]:
                connection.execute_command(*each.split())
            entries = patch.caches.redis.cache
            expected = {
                "a": b"1",
                "h": {b"x": b"1"},
                "l": [b"1", b"2"],
                "s": {b"1"},
                "z": {b"x": 1.0},
                "st": [(b"1-1", {b"f": b"v"})],
            }
            self.assertEqual(dict(entries), expected)
            self.assertEqual(len(entries), 6)
            entries["a"] = b"2"
            del entries["h"]
            self.assertEqual((connection.get("a"), connection.exists("h")), (b"2", 0))
            with self.assertRaises(KeyError):
                del entries["h"]
            entries.clear()
            self.assertEqual(connection.dbsize(), 0)

    def test_threads(self):
        """Counts are exact under eight threads that share a client, and nothing is lost."""
        interval = sys.getswitchinterval()
        self.addCleanup(sys.setswitchinterval, interval)
        with patched() as patch:
            connection = client()

            def work(number):
                for _ in range(25):
                    connection.incr("total")
                    connection.get(f"no-{number}")

            sys.setswitchinterval(1e-6)
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(work, range(8)))
            sys.setswitchinterval(interval)
            self.assertEqual(connection.get("total"), b"200")
            self.assertEqual(patch.caches.redis.counts(), (200, 1, 200))

    def test_call_site(self):
        """An operation is that of the line which called redis-py."""
        with patched() as patch:
            client().get("a")
            self.assertEqual(patch.caches.redis.operations[0].where.function, "test_call_site")


@needs_redis
class ServerTests(unittest.TestCase):
    def test_databases_and_servers(self):
        """Databases and servers have entries of their own, also where they are one cache."""
        with patched() as patch:
            client().set("a", 1)
            for other in (client(db=1), client(host="other"), client(unix_socket_path="/run/x")):
                self.assertIsNone(other.get("a"))
            self.assertEqual(patch.caches.redis.counts(), (1, 0, 3))
            self.assertEqual(list(patch.caches.redis.cache), ["a"])

    def test_publish(self):
        """What is published reaches subscribers, from another thread too."""
        for protocol in (2, 3):
            with self.subTest(protocol=protocol), patched(), client(protocol=protocol).pubsub() as pubsub:
                pubsub.subscribe("news")
                self.assertEqual(pubsub.get_message(timeout=1)["type"], "subscribe")
                self.assertIsNone(pubsub.get_message(timeout=0))
                thread = threading.Thread(target=client().publish, args=("news", "x"))
                thread.start()
                self.assertEqual(pubsub.get_message(timeout=10)["data"], b"x")
                thread.join()

    def test_blocking(self):
        """A command that waits is answered when another thread gives it what it waits for."""
        with patched() as patch:
            found = queue.SimpleQueue()
            thread = threading.Thread(target=lambda: found.put(client().blpop("jobs", timeout=10)))
            thread.start()
            client().rpush("jobs", "x")
            thread.join()
            self.assertEqual([each.decode() for each in found.get()], ["jobs", "x"])
            self.assertEqual(sorted(shown(patch.caches.redis.operations).split(", "))[0], "hit jobs")

    @needs("lupa", "fakeredis[lua]")
    def test_lock(self):
        """The lock of redis-py excludes, and is let go."""
        import redis

        with patched():
            with client().lock("lock", timeout=10):
                self.assertFalse(client().lock("lock", blocking=False).acquire())
            lock = client().lock("lock", blocking=False)
            self.assertTrue(lock.acquire())
            lock.release()
            with self.assertRaises(redis.exceptions.LockError):
                lock.release()

    @unittest.skipIf("lupa" in sys.modules or __import__("importlib.util").util.find_spec("lupa"), "has lupa")
    def test_scripts(self):
        """A script says what it needs where that is not installed."""
        import redis

        with (
            patched(),
            self.assertRaisesRegex(redis.ResponseError, r"'eval'.*pip install 'fakeredis\[lua\]'"),
        ):
            client().eval("return 1", 0)

    def test_unknown_command(self):
        """A command that the server of a test does not have is named."""
        import redis

        with patched(), self.assertRaisesRegex(redis.ResponseError, "unknown command 'nosuch': fakeredis"):
            client().execute_command("NoSuch", "a")

    def test_sentinel_and_cluster(self):
        """What Sentinel and Cluster ask their servers for is not there, and the error names it."""
        import redis
        from redis.sentinel import Sentinel

        with patched():
            with self.assertRaisesRegex(redis.ResponseError, "unknown command 'sentinel"):
                Sentinel([("localhost", 26379)]).master_for("main").get("a")
            with self.assertRaisesRegex(redis.exceptions.RedisClusterException, "cannot be connected"):
                redis.RedisCluster(host="localhost")

    def test_options(self):
        """Password, client name, TLS and a blocking pool are the program's, and work."""
        import redis

        with patched() as patch:
            pool = redis.BlockingConnectionPool(max_connections=1, timeout=0)
            connection = client(connection_pool=pool)
            self.assertTrue(connection.set("a", 1))
            holder = client(connection_pool=pool, single_connection_client=True)
            with self.assertRaises(redis.ConnectionError):
                connection.get("a")
            holder.close()
            self.assertEqual(client(ssl=True, client_name="me").get("a"), b"1")
            self.assertEqual(redis.Redis.from_url("rediss://localhost").get("a"), b"1")
            for protocol in (2, 3):
                secret = client(username="me", password="secret", protocol=protocol)
                self.assertEqual(secret.get("a"), b"1")
            self.assertEqual(patch.caches.redis.counts(), (1, 4, 0))


@needs_redis
class PointedTests(unittest.TestCase):
    def test_one_cache_per_url(self):
        """Each URL is a cache of its own."""
        urls = {"a": "redis://h:6379/0", "b": "redis://h:6379/1", "c": "unix:///run/r.sock?db=2"}
        with patched(**urls) as patch:
            import redis

            for name, url in urls.items():
                redis.Redis.from_url(url).set("key", name)
            self.assertEqual(
                {n: dict(c.cache) for n, c in patch.caches.items()}, {n: {"key": n.encode()} for n in urls}
            )
            self.assertEqual([c.counts() for c in patch.caches.values()], [(1, 0, 0)] * 3)

    def test_elsewhere(self):
        """A connection to anything else is an error that says where to; its pool can be closed."""
        with patched(a="redis://h:6379/0", b="redis://h:6379/1"):
            lost = client(host="h", db=2)
            with self.assertRaisesRegex(CacheTestError, r"at redis://h:6379/2, .* first: redis://h:6379/"):
                lost.get("a")
            lost.close()

    def test_select(self):
        """To select another database than that of the URL is an error, and changes nothing."""
        import redis

        with patched(a="redis://h:6379/0", b="redis://h:6379/1"):
            connection = client(host="h", single_connection_client=True)
            with self.assertRaisesRegex(redis.ResponseError, "SELECT leaves the database 0 of the cache 'a'"):
                connection.select(1)
            connection.set("key", 1)
            self.assertIsNone(client(host="h", db=1).get("key"))

    @parameterized.expand(
        [
            ("h:6379", ValueError, "expected a URL such as 'redis://"),
            ("http://h", ValueError, "expected a URL such as 'redis://"),
            ("unix://", ValueError, "expected a URL such as 'redis://"),
            ("redis://h:port/0", ValueError, "expected a URL such as 'redis://"),
            ("", ValueError, "expected a URL such as 'redis://"),
            (6379, TypeError, "expected a URL such as 'redis://"),
        ]
    )
    def test_bad_url(self, url, error, message):
        """A bad URL is rejected when it is given, with what was expected."""
        from cachetest.adapters import Redis

        with self.assertRaisesRegex(error, f"pages={url!r}.*{message}"):
            Redis(pages=url)

    def test_twice(self):
        """Two caches at one URL are an error."""
        from cachetest.adapters import Redis

        with self.assertRaisesRegex(ValueError, "b='redis://h' is what 'a' is already"):
            Redis(a="redis://h:6379/0", b="redis://h")

    def test_nested_and_side_by_side(self):
        """The URLs of the innermost scope count; a scope without an adapter is in that around it."""
        with patched(a="redis://h"):
            with patched(b="redis://i"):
                client(host="i").set("key", 1)
                with self.assertRaises(CacheTestError):
                    client(host="h").get("key")
            with PatchCaches(make_library()[1]) as inner:
                client(host="h").get("key")
                self.assertEqual(inner.caches.a.counts(), (0, 0, 1))
        barrier = threading.Barrier(2, timeout=60)

        def work(name):
            with patched(**{name: "redis://h"}) as patch:
                barrier.wait()
                client(host="h").set("key", name)
                barrier.wait()
                return list(patch.caches), patch.caches[name].counts(), client(host="h").get("key")

        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(work, ["a", "b"]))
        self.assertEqual(found, [([n], (1, 0, 0), n.encode()) for n in ("a", "b")])


@needs_redis
class KeptConnectionTests(unittest.TestCase):
    def test_held_across_scopes(self):
        """Clients, pools and subscriptions made in one scope, or before, are of the one that runs."""
        before = client()
        with patched():
            single = client(single_connection_client=True)
            pubsub = single.pubsub()
            pubsub.subscribe("news")
            for each in (before, single):
                each.set("a", 1)
        for protocol_scope in range(2):
            with self.subTest(protocol_scope), patched() as patch:
                self.assertEqual([before.get("a"), single.get("a")], [None, None])
                self.assertEqual(patch.caches.redis.counts(), (0, 0, 2))
                self.assertEqual(pubsub.get_message(timeout=1)["type"], "subscribe")
                before.publish("news", "x")
                self.assertEqual(pubsub.get_message(timeout=1)["data"], b"x")

    def test_fakeredis_of_the_program(self):
        """What a program keeps in fakeredis itself is left alone."""
        import fakeredis

        own = fakeredis.FakeRedis()
        own.set("a", 1)
        with patched() as patch:
            self.assertEqual(own.get("a"), b"1")
            self.assertEqual(fakeredis.FakeRedis(server=fakeredis.FakeServer()).get("a"), None)
            self.assertEqual(patch.caches.redis.operations, [])
        self.assertEqual(own.get("a"), b"1")

    def test_no_network(self):
        """No name is resolved and no socket connected."""
        refused = mock.Mock(side_effect=AssertionError("network"))
        with (
            mock.patch.object(socket.socket, "connect", refused),
            mock.patch.object(socket, "getaddrinfo", refused),
            patched(),
        ):
            for protocol in (2, 3):
                self.assertIsNone(client(host="h.invalid", protocol=protocol).get("a"))
        refused.assert_not_called()

    @needs_redis_server
    def test_real_connections_are_left_alone(self):
        """Connections that were open before are not used, not closed, and go on afterwards as they were."""
        with server("redis-server") as port:
            for protocol in (2, 3):
                with self.subTest(protocol=protocol):
                    pooled = client(port=port, protocol=protocol)
                    single = client(port=port, protocol=protocol, single_connection_client=True)
                    pooled.set("a", "real")
                    pubsub = single.pubsub()
                    pubsub.subscribe("news")
                    pubsub.get_message(timeout=1)
                    ids = pooled.client_id(), single.client_id()
                    with patched() as patch:
                        for each in (pooled, single):
                            self.assertIsNone(each.get("a"))
                            each.flushall()
                        pooled.set("a", "of the test")
                        pubsub.get_message(timeout=1)
                        pooled.connection_pool.disconnect()
                        single.connection.disconnect()
                        inside = client(port=port)
                        inside.set("b", 1)
                    self.assertEqual(patch.caches.redis.counts(), (2, 0, 2))
                    self.assertEqual((pooled.client_id(), single.client_id()), ids)
                    self.assertEqual((pooled.get("a"), single.get("a")), (b"real", b"real"))
                    self.assertIsNone(inside.get("b"))
                    self.assertEqual(pooled.publish("news", "x"), 1)
                    self.assertEqual(pubsub.get_message(timeout=1)["data"], b"x")
                    for each in (pubsub, pooled, single, inside):
                        each.close()


@needs_redis
class InstallTests(unittest.TestCase):
    def test_displaced(self):
        """A patch of somebody else over ours is found at the end of the test."""
        import redis

        place = redis.connection.Connection
        self.addCleanup(setattr, place, "_connect", place._connect)

        def test(case):
            place._connect = None

        _, result = run_method(CacheTestCase, test, patch_caches=("redis",))
        self.assertIn("redis.connection.Connection._connect was displaced", result.failures[0][1])

    def test_without_fakeredis(self):
        """Without fakeredis the error says what to install."""
        done = run_python(
            "-c", "import sys; sys.modules['fakeredis'] = None\nfrom cachetest.adapters import Redis"
        )
        self.assertIn("pip install 'cachetest[redis]'", done.stderr)


@needs("fakeredis", "cachetest[redis]")
class WordForAKeyTests(unittest.TestCase):
    def test_key_called_fields(self):
        """A hash may be called as the word is that comes before the fields of a command."""
        import redis

        from cachetest.adapters import Redis

        with PatchCaches(Redis()) as patch:
            client = redis.Redis()
            client.execute_command("HSETEX", "fields", "EX", 10, "FIELDS", 1, "a", 1)
            client.execute_command("HGETEX", "fields", "FIELDS", 1, "a")
            client.execute_command("HGETDEL", "fields", "FIELDS", 1, "a")
        field = ("fields", "a")
        self.assertEqual(
            [(each.kind, each.key) for each in patch.caches.redis.operations],
            [("put", field), ("hit", field), ("hit", field), ("delete", field)],
        )


if __name__ == "__main__":
    unittest.main()
