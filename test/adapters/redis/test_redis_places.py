"""Server and database are part of what a key is."""

import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, PatchCaches

from ...support import needs, run_method
from .redis_support import needs_redis


def clients():
    """Return clients of two databases of one server, and of another server."""
    import redis

    hosts = ("redis://primary:6379/0", "redis://primary:6379/1", "redis://replica:6379/0")
    return [redis.Redis.from_url(url) for url in hosts]


def failure(body):
    """Return the text of the failure of a test with *body*."""
    from cachetest.adapters import Redis

    _, result = run_method(CacheTestCase, body, patch_caches=(Redis(),))
    ((_, text),) = result.failures
    return text


@needs_redis
class PlacesTests(unittest.TestCase):
    def test_put_in_another_database(self):
        """A miss of a key that was put in another database says so, and not that the cache was emptied."""

        def body(case):
            zero, one, _ = clients()
            one.set("price:lamp", 4)
            zero.get("price:lamp")
            case.assertCacheStats("redis", hits=1)

        text = failure(body)
        self.assertIn("1. put   'price:lamp'  in redis://primary:6379/1  at ", text)
        self.assertIn("2. miss  'price:lamp'  in redis://primary:6379/0  at ", text)
        self.assertIn(
            "the same key was put in redis://primary:6379/1, by operation 1, and this lookup was in redis://primary:6379/0",
            text,
        )
        self.assertNotIn("by hand", text)

    def test_one_database(self):
        """Where there is but one, it is not named."""

        def body(case):
            clients()[0].get("price:lamp")
            case.assertCacheStats("redis", hits=1)

        self.assertNotIn("redis://", failure(body))

    def test_near_key_of_another_server(self):
        """The server of a near key is told where it is another."""

        def body(case):
            zero, _, replica = clients()
            replica.set("price:lamb", 4)
            zero.get("price:lamp")
            case.assertCacheStats("redis", hits=1)

        self.assertIn("'price:lamb', put by operation 1 in redis://replica:6379/0, differs in", failure(body))

    def test_entries(self):
        """A key that several databases have is there once for each; a key that one has is there as it is."""
        from cachetest.adapters import Redis

        with PatchCaches(Redis()) as patch:
            zero, one, _ = clients()
            zero.set("a", 0)
            one.set("a", 1)
            one.set("b", 2)
            found = patch.caches.redis.cache
            self.assertEqual(
                dict(found),
                {("redis://primary:6379/0", "a"): b"0", ("redis://primary:6379/1", "a"): b"1", "b": b"2"},
            )
            self.assertEqual((len(found), found["a"]), (3, b"0"))
            self.assertEqual(found["redis://primary:6379/1", "b"], b"2")
            del found["redis://primary:6379/1", "a"]
            self.assertEqual(dict(found), {"a": b"0", "b": b"2"})
            found["redis://primary:6379/1", "c"] = 3
            self.assertEqual((zero.get("c"), one.get("c")), (None, b"3"))

    def test_assertions(self):
        """An entry is looked for in each database, or in the one that is named."""

        def body(case):
            zero, one, _ = clients()
            zero.set("a", 0)
            one.set("a", 1)
            one.hset("h", "f", "x")
            case.assertCached("redis", "a")
            case.assertCached("redis", "a", b"0", at="redis://primary")
            case.assertCached("redis", "a", b"1", at="redis://primary:6379/1")
            case.assertCached("redis", ("redis://primary:6379/1", "a"), b"1")
            case.assertCached("redis", ("redis://primary:6379/1", ("h", "f")), b"x")
            case.assertCached("redis", ("h", "f"), b"x", at="redis://primary/1")
            case.assertNotCached("redis", "h", at="redis://primary/0")
            with case.assertRaises(AssertionError) as caught:
                case.assertCached("redis", "a", b"1", at="redis://primary")
            case.assertNotIn("6379/1, b'1'", str(caught.exception))
            with case.assertRaisesRegex(AssertionError, "has no entry for .*primary/2', 'a'"):
                case.assertCached("redis", "a", at="redis://primary/2")
            with case.assertRaises(AssertionError) as caught:
                case.assertNotCached("redis", "a", at="redis://primary/1")
            case.assertNotIn("6379/0, b'0'", str(caught.exception))
            case.assertNotCached("redis", "a")

        text = failure(body)
        self.assertIn("the entry in redis://primary:6379/0, b'0': put by operation 1, at ", text)
        self.assertIn("the entry in redis://primary:6379/1, b'1': put by operation 2, at ", text)

    def test_ambiguous(self):
        """Where databases have different values, one has to be named."""
        from cachetest.errors import CacheTestError

        def body(case):
            zero, one, _ = clients()
            zero.set("a", 0)
            one.set("a", 1)
            with case.assertRaisesRegex(
                CacheTestError,
                "in redis://primary:6379/0, and in redis://primary:6379/1: .* at='redis://",
            ):
                case.assertCached("redis", "a", b"1")
            one.set("a", 0)
            case.assertCached("redis", "a", b"0")
            case.assertCached("redis", "a", b"2")

        self.assertIn("expected b'2', got b'0'", failure(body))

    @parameterized.expand(
        [
            ("nonsense", ValueError, "at='nonsense': expected a URL such as"),
            (5, TypeError, "at=5: expected a URL such as"),
            (
                "redis://primary:7000",
                None,
                "nothing has connected to this server .* first: redis://primary:6379/0",
            ),
        ]
    )
    def test_no_such_place(self, at, error, text):
        """A place that there is none of is an error, and not an entry that is not there."""
        from cachetest.errors import CacheTestError

        def body(case):
            clients()[0].set("a", 0)
            for check in (case.assertCached, case.assertNotCached):
                with case.assertRaisesRegex(error or CacheTestError, text):
                    check("redis", "a", at=at)
            case.fail("as it should")

        self.assertIn("as it should", failure(body))

    def test_one_place(self):
        """A cache that has one place only says so."""
        from cachetest import MockBackend
        from cachetest.errors import CacheTestError

        def body(case):
            MockBackend("prices").put("lamp", 4)
            with case.assertRaisesRegex(CacheTestError, "'prices' has its entries in one place: at='x'"):
                case.assertCached("prices", "lamp", at="x")
            case.fail("as it should")

        self.assertIn("as it should", failure(body))

    def test_decoded(self):
        """An entry is compared as it is, as the client that used it last decodes it, or as the test does."""
        import json

        import redis

        def body(case):
            text = redis.Redis(host="primary", decode_responses=True)
            raw, _, _ = clients()
            text.set("a", '{"x": "\u00e9"}')
            text.hset("h", mapping={"f": "\u00e9"})
            for value in ('{"x": "\u00e9"}', '{"x": "\u00e9"}'.encode()):
                case.assertCached("redis", "a", value)
            case.assertCached("redis", "h", {"f": "\u00e9"})
            case.assertCached("redis", ("h", "f"), "\u00e9")
            case.assertCached("redis", "a", {"x": "\u00e9"}, decode=json.loads)
            with text.pipeline() as pipe:
                pipe.rpush("l", "\u00e9").sadd("s", "\u00e9").execute()
            case.assertCached("redis", "l", ["\u00e9"])
            case.assertCached("redis", "s", {"\u00e9"})
            raw.get("a")
            with case.assertRaises(AssertionError):
                case.assertCached("redis", "a", '{"x": "\u00e9"}')
            case.assertCached("redis", "a", {"x": 1}, decode=json.loads)

        self.assertIn("expected {'x': 1}, got {'x': '\u00e9'}", failure(body))

    @parameterized.expand(
        [
            ("MOVE", lambda client: client.move("k", 1), "then gone with no delete logged"),
            ("SWAPDB", lambda client: client.swapdb(0, 1), "then gone with no delete logged"),
        ]
    )
    def test_moved(self, name, move, told):
        """A command that takes a key to another database is named, and where the key is now."""

        def body(case):
            client = clients()[0]
            client.set("k", 1)
            move(client)
            client.get("k")
            case.assertCacheStats("redis", hits=1)

        text = failure(body)
        self.assertIn(told, text)
        self.assertRegex(
            text, rf"{name} ran at .*test_redis_places.py:\d+ in <lambda>, and may have changed it"
        )
        self.assertIn("the same key is in redis://primary:6379/1 now", text)
        self.assertNotIn("by hand", text)

    @needs("lupa", "lupa")
    def test_script(self):
        """What a script does is not said to be done by hand."""

        def body(case):
            client = clients()[0]
            client.set("k", 1)
            client.eval("return redis.call('del', KEYS[1])", 1, "k")
            client.get("k")
            case.assertCacheStats("redis", hits=1)

        text = failure(body)
        self.assertRegex(text, r"2. delete  'k'  by a script at .*test_redis_places.py:\d+ in body")
        self.assertIn("put, then deleted by operation 2", text)
        self.assertNotIn("by hand", text)

    @needs("lupa", "lupa")
    def test_origin_of_what_a_script_wrote(self):
        """The origin of an entry that a script wrote is the script."""
        from cachetest.adapters import Redis

        with PatchCaches(Redis()) as patch:
            client = clients()[0]
            client.eval("return redis.call('set', KEYS[1], 4)", 1, "k")
            client.get("k")
            self.assertEqual(patch.caches.redis.operations[-1].origin, "a script")

    def test_hash(self):
        """A hash comes with its fields, and its fields go with it."""

        def body(case):
            client = clients()[0]
            client.hset("h", "f", "x")
            client.hgetall("h")
            client.delete("h")
            client.hget("h", "f")
            case.assertCacheStats("redis", hits=0)
            case.fail("no failure")

        text = failure(body)
        self.assertIn("put by operation 1, at ", text)
        self.assertIn("put, then deleted by operation 3", text)
        self.assertNotIn("by hand", text)

    def test_origin(self):
        """The origin of a hit is a put in the same database."""
        from cachetest.adapters import Redis

        with PatchCaches(Redis()) as patch:
            zero, one, _ = clients()
            zero.set("a", 0)
            one.set("a", 1)
            zero.get("a")
            one.get("a")
            zero.hset("h", "f", "x")
            zero.hgetall("h")
            zero.hget("h", "f")
            self.assertEqual(
                [each.origin for each in patch.caches.redis.operations], [None, None, 1, 2, None, 5, 5]
            )


if __name__ == "__main__":
    unittest.main()
