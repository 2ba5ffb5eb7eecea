"""The commands that are executed without fakeredis come to what they come to with it."""

import random
import time
import unittest
from unittest import mock

from parameterized import parameterized

from ...support import sample_or_all
from .redis_support import client, needs_redis, patched, shown

KEYS = ["a", "a", "a", "b", b"\xff", "c\r\nd", ""]
VALUES = ["1", "x", b"\xfe", "", "a\r\nb" * 3, "v" * 7000]
STEPS = 60


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self):
        self.now = 1_700_000_000.0

    def __call__(self):
        return self.now


def call(function):
    """Return what *function* returns, or the error that it raises, as text."""
    import redis

    try:
        return repr(function())
    except (redis.RedisError, UnicodeDecodeError) as error:
        return f"{type(error).__name__}: {error}"


def command(chance, target):
    """Have *target*, a client or a pipeline, do one random command."""
    key, value = chance.choice(KEYS), chance.choice(VALUES)
    return chance.choice(
        [
            lambda: target.get(key),
            lambda: target.get(key),
            lambda: target.set(key, value),
            lambda: target.set(key, value),
            lambda: target.set(key, value, nx=True),
            lambda: target.set(key, value, ex=chance.choice([1, 3, 100])),
            lambda: target.set(key, value, px=1500),
            lambda: target.set(key, value, keepttl=True),
            lambda: target.delete(key),
            lambda: target.lpush(key, "1"),
            lambda: target.incr(key),
            lambda: target.expire(key, 2),
            lambda: target.persist(key),
            lambda: target.ttl(key),
            lambda: target.hset(key, "f", "1"),
            lambda: target.hget(key, "f"),
            lambda: target.hmget(key, ["f", "g"]),
            lambda: target.hgetall(key),
            lambda: target.hdel(key, "f", "g"),
            lambda: target.hincrby(key, "n", chance.choice([1, -1])),
            lambda: target.rpush(key, "1", "2"),
            lambda: target.lpop(key),
            lambda: target.rpop(key, 2),
            lambda: target.lrange(key, 0, -1),
            lambda: target.sadd(key, "1", "2"),
            lambda: target.sismember(key, "1"),
            lambda: target.srem(key, "1"),
            lambda: target.setnx(key, value),
            lambda: target.execute_command("SETEX", key, chance.choice([1, 3, 0]), value),
            lambda: target.pttl(key),
            lambda: target.unlink(key, "a"),
            lambda: target.execute_command(chance.choice(["DEL", "HGET", "HSET", "INCR", "EXPIRE"]), key),
            lambda: target.execute_command("EXPIRE", key, "x"),
            lambda: target.mget(["a", key]),
            lambda: target.mset({"a": value, key: "2"}),
            lambda: target.execute_command("MGET"),
            lambda: target.execute_command("GET"),
            lambda: target.execute_command("GET", "a", "b"),
            lambda: target.execute_command("SET", key),
            lambda: target.execute_command(
                "SET", key, value, "EX", chance.choice(["0", "-1", "x", "01", "9" * 30])
            ),
            lambda: target.execute_command("SET", key, value, "EX"),
            lambda: target.execute_command("set", key, value, "ex", "5"),
            lambda: target.execute_command("NOSUCH"),
            lambda: target.execute_command("get", key),
            lambda: target.flushdb(),
            lambda: target.exists(key),
            lambda: target.getdel(key),
        ]
    )()


def conversation(chance, options):
    """Send commands on a connection of its own, each in a send of its own."""
    import redis

    connection = redis.Connection(**options)
    connection.connect()
    found = []
    last = chance.choice([["DISCARD"], ["EXEC"], ["GET"], ["INCR", "a"], ["SELECT", "1"]])
    for words in (["MULTI"], ["GET", "a"], ["SET", "a", "1"], last, ["EXEC"], ["GET", "a"]):
        connection.send_command(*words)
        found.append(call(connection.read_response))
    connection.disconnect()
    return found


def watched(chance, target):
    """Have a transaction that watches a key, which is changed or not."""
    pipe = target.pipeline()
    pipe.watch("a")
    if chance.random() < 0.5:
        target.set("a", "changed")
    pipe.multi()
    command(chance, pipe)
    pipe.get("a")
    return call(pipe.execute)


def of_a_few(chance, target):
    """Have a transaction of the commands that are executed at once there."""
    pipe = target.pipeline()
    for _ in range(chance.randrange(1, 5)):
        key, value = chance.choice(KEYS), chance.choice(VALUES)
        chance.choice(
            [
                lambda: pipe.get(key),  # noqa: B023
                lambda: pipe.set(key, value),  # noqa: B023
                lambda: pipe.set(key, value, ex=2),  # noqa: B023
                lambda: pipe.mset({"a": value, key: "2"}),  # noqa: B023
                lambda: pipe.expire(key, chance.choice([2, 100, 100, 0, -1])),  # noqa: B023
            ]
        )()
    return call(lambda: pipe.execute(raise_on_error=chance.choice([True, False])))


def piped(chance, target):
    pipe = target.pipeline(transaction=chance.choice([True, False]))
    for _ in range(chance.randrange(6)):
        command(chance, pipe)
    return call(lambda: pipe.execute(raise_on_error=chance.choice([True, False])))


def play(seed, quick):
    """Run the program of *seed*, and return all that came of it: replies, counts, log and entries."""
    from cachetest.adapters.redis import transport

    chance, clock, found = random.Random(seed), Clock(), []
    options = {"protocol": chance.choice([2, 3]), "decode_responses": chance.choice([True, False])}
    with (
        mock.patch.object(time, "time", clock),
        mock.patch.object(transport, "QUICK", transport.QUICK if quick else {}),
        patched() as patch,
    ):
        targets = [client(**options), client(db=chance.choice([0, 1]), **options)]
        for _ in range(STEPS):
            target, what = chance.choice(targets), chance.random()
            if what < 0.5:
                found.append(call(lambda target=target: command(chance, target)))
            elif what < 0.6:
                found.append(of_a_few(chance, target))
            elif what < 0.65:
                found.append(piped(chance, target))
            elif what < 0.7:
                found.append(watched(chance, target))
            elif what < 0.75:
                found += conversation(chance, options)
            elif what < 0.85:
                # What lives for a while, what is over it, and what is there after a while.
                target.set("a", "1", ex=chance.choice([1, 3]))
                if chance.random() < 0.5:
                    command(chance, targets[0].pipeline())
                    call(lambda target=target: command(chance, target))
                if chance.random() < 0.3:
                    target.set("a", "2")
                clock.now += chance.choice([0.5, 1, 2.5])
                found.append(call(lambda target=target: chance.choice([target.get, target.mget])("a")))
            else:
                clock.now += chance.choice([0.5, 1, 2.5])
        cache = patch.caches.redis
        found.append(str(cache.stats))
        found += [
            f"{each.kind} {each.key!r} {each.asked} {each.store} {each.error} {each.where}"
            for each in cache.operations
        ]
        found.append(repr(sorted(map(repr, cache.cache.items()))))
    return found


@needs_redis
class QuickTests(unittest.TestCase):
    maxDiff = None

    @parameterized.expand([(n,) for n in range(sample_or_all(12, 300))])
    def test_random(self, seed):
        """Replies, counts, log and entries of a random program are the same both ways."""
        self.assertEqual(play(seed, quick=True), play(seed, quick=False))

    def test_it_is_quick(self):
        """There are such commands with this release of fakeredis, and fakeredis does not see them."""
        from cachetest.adapters.redis.peer import Peer

        with patched() as patch:
            connection = client()
            connection.ping()
            with mock.patch.object(Peer, "_process_command", side_effect=AssertionError("the long way")):
                connection.set("a", 1)
                connection.set("b", 1, ex=100)
                self.assertEqual(connection.mget("a", "b", "c"), [b"1", b"1", None])
                with connection.pipeline() as pipe:
                    self.assertEqual(pipe.get("a").set("c", 2).get("c").execute(), [b"1", True, b"2"])
                    pipe.mset({"d": 1, "e": 2}).expire("d", 100).expire("none", 100).get("d")
                    self.assertEqual(pipe.execute(), [True, True, False, b"1"])
                    self.assertEqual(pipe.expire("d", 200).execute(), [True])
            self.assertTrue(100 < connection.ttl("d") <= 200)
        self.assertEqual(
            shown(patch.caches.redis.operations),
            "put a, put b, hit a, hit b, miss c, hit a, put c, hit c, put d, put e, hit d",
        )
        self.assertEqual([each.asked for each in patch.caches.redis.operations][-3:], ["MSET", "MSET", "GET"])

    def test_without_privates(self):
        """Where fakeredis is not what it was, all goes the long way, and nothing fails."""
        from cachetest.adapters.redis import quick

        with mock.patch.object(quick, "_probe", side_effect=AttributeError("_dict")):
            self.assertEqual(quick._probed(), {})

    @parameterized.expand(
        [
            ("CLIENT REPLY OFF",),
            ("CLIENT NO-EVICT ON",),
            ("CONFIG SET notify-keyspace-events KEA",),
            ("ACL SETUSER default on",),
            ("NOSUCH",),
        ]
    )
    def test_steps_aside(self, words):
        """After a command that may change what others mean, the connection goes the long way."""
        import redis

        from cachetest.adapters.redis.peer import Peer

        with patched():
            connection = redis.Connection(protocol=2)
            connection.connect()
            connection.send_command(*words.split())
            if not words.startswith("CLIENT REPLY"):
                call(connection.read_response)
            with mock.patch.object(Peer, "_process_command", side_effect=LookupError("the long way")):
                with self.assertRaisesRegex(LookupError, "the long way"):
                    connection.send_command("GET", "a")
            connection.disconnect()

    def test_who_has_to_be_told(self):
        """A put is told to who watches the key, subscribes to it, or waits for it."""
        with patched():
            connection, other = client(), client()
            pubsub = other.pubsub()
            pubsub.psubscribe("__keyspace@0__:*")
            self.assertEqual(pubsub.get_message(timeout=1)["type"], "psubscribe")
            connection.set("a", 1)
            self.assertEqual(pubsub.get_message(timeout=1)["data"], b"set")
            pubsub.close()
            with other.pipeline() as pipe:
                pipe.watch("a")
                connection.set("a", 2)
                pipe.multi()
                pipe.get("a")
                self.assertIn("WatchError", call(pipe.execute))


if __name__ == "__main__":
    unittest.main()
