"""redis-py in child processes: the server of the parent's test does what they send, and it is counted."""

import asyncio
import importlib
import threading
import time
import unittest
from functools import partial

from parameterized import parameterized

from cachetest import CacheTestCase, Fails, LosesReply, PatchCaches, Slow

from ..._sharing.children_support import (
    ANEW,
    METHODS,
    SECONDS,
    failure_of,
    listening_port,
    needs_fork,
    outcome_of,
    run_forked,
    run_in_child,
)
from ...support import needs, run_python, takes_a_while


def client_at(port, **options):
    redis = importlib.import_module("redis")
    return redis.Redis(port=port, **{"retry": None, **options})


def use(port, name):
    """Hit what the parent has put, miss, put, and hit that."""
    client = client_at(port)
    return [client.get("lamp"), client.get(name), client.set(name, 4), client.get(name)]


async def use_async(port, name):
    client = importlib.import_module("redis.asyncio").Redis(port=port, retry=None)
    found = [await client.get("lamp"), await client.get(name), await client.set(name, 4)]
    found.append(await client.get(name))
    await client.aclose()
    return found


def use_asyncio(port, name):
    return asyncio.run(use_async(port, name))


def use_pipeline(port, name):
    """Send several commands at once, some as a transaction, and a script."""
    client = client_at(port, decode_responses=True)
    with client.pipeline() as pipe:
        first = pipe.set(name, 1).incr(name).get("lamp").execute()
    with client.pipeline(transaction=False) as pipe:
        second = pipe.get(name).mget("lamp", "none").execute()
    return [first, second, client.eval("return redis.call('GET', KEYS[1])", 1, name)]


def wait_for_item(port, name):
    """Wait for what the parent pushes."""
    client = client_at(port)
    client.set(name, 1)
    return client.blpop("queue", timeout=SECONDS)


def wait_for_item_async(port, name):
    async def wait():
        client = importlib.import_module("redis.asyncio").Redis(port=port, retry=None)
        await client.set(name, 1)
        return await client.blpop("queue", timeout=SECONDS)

    return asyncio.run(wait())


def wait_in_vain(port):
    return client_at(port).blpop("queue", timeout=0.01)


def subscribe(port):
    """Return what is published to a channel, by this process itself."""
    client = client_at(port)
    with client.pubsub(ignore_subscribe_messages=True) as heard:
        heard.subscribe("news")
        heard.get_message(timeout=SECONDS)
        client.publish("news", "sold")
        found = None
        while found is None:
            found = heard.get_message(timeout=SECONDS)
        return found["data"]


def use_many(port, times):
    client = client_at(port)
    for _ in range(times):
        client.incr("sold")
    return client.get("sold")


def use_with_retries(port, kind="get"):
    """Try three times more, a minute after each."""
    redis = importlib.import_module("redis")
    backoff, retry = importlib.import_module("redis.backoff"), importlib.import_module("redis.retry")
    # Releases before 6 try again only what they are told.
    options = {
        "retry": retry.Retry(backoff.ConstantBackoff(60), 3),
        "retry_on_error": [redis.ConnectionError],
    }
    client = redis.Redis(port=port, **options)
    begun = time.monotonic()
    return outcome_of(
        client.get if kind == "get" else partial(client.set, "desk"), "lamp"
    ), time.monotonic() - begun


@needs("fakeredis", "fakeredis[lua]")
class ChildTests(CacheTestCase):
    patch_caches = ("redis",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        listening = listening_port()
        cls.port = listening.__enter__()
        cls.addClassCleanup(listening.__exit__, None, None, None)

    def setUp(self):
        super().setUp()
        self.client = client_at(self.port)
        self.client.set("lamp", 3)

    @parameterized.expand(
        [(f"{each}_{method}", each, method) for each in ("sync", "asyncio") for method in METHODS]
    )
    def test_hit_is_a_hit(self, _, each, method):
        """A child finds what its parent has put, the parent what the child has, and all is counted."""
        done = run_in_child(method, use if each == "sync" else use_asyncio, self.port, "desk")
        self.assertEqual(done, [b"3", None, True, b"4"])
        self.assertEqual(self.client.get("desk"), b"4")
        self.assertCacheStats("redis", puts=2, hits=3, misses=1)
        kinds = [(each.kind, each.key) for each in self.caches.redis.operations]
        self.assertEqual(
            kinds,
            [
                ("put", "lamp"),
                ("hit", "lamp"),
                ("miss", "desk"),
                ("put", "desk"),
                ("hit", "desk"),
                ("hit", "desk"),
            ],
        )

    def test_lines_of_the_child(self):
        """Each operation has the child's process and line."""
        run_in_child(ANEW, use, self.port, "desk")
        own, *others = self.caches.redis.operations
        self.assertEqual({each.where.function for each in others}, {"use"})
        self.assertEqual({each.where.filename for each in others}, {__file__})
        self.assertEqual(len({each.process for each in others}), 1)
        self.assertNotEqual(own.process, others[0].process)

    @parameterized.expand(METHODS)
    def test_pipeline(self, method):
        """Pipelines, transactions and scripts are done at once, as ever; replies are decoded by the child."""
        done = run_in_child(method, use_pipeline, self.port, "desk")
        self.assertEqual(done, [[True, 2, "3"], ["2", ["3", None]], "2"])
        self.assertCacheStats("redis", puts=3, hits=4, misses=1)

    @parameterized.expand([("sync", wait_for_item), ("asyncio", wait_for_item_async)])
    def test_waiting(self, _, wait):
        """A child that waits for something holds nobody up: the parent may put it in meanwhile."""
        told = []
        thread = threading.Thread(target=lambda: told.append(run_in_child(ANEW, wait, self.port, "ready")))
        thread.start()
        # Its first command is through when this is there.
        while self.client.get("ready") is None:
            pass
        self.client.rpush("queue", "desk")
        thread.join(SECONDS)
        self.assertEqual(told, [(b"queue", b"desk")])

    def test_waiting_in_vain(self):
        self.assertIsNone(run_in_child(ANEW, wait_in_vain, self.port))

    def test_publishing(self):
        self.assertEqual(run_in_child(ANEW, subscribe, self.port), b"sold")

    @needs_fork
    def test_open_connection(self):
        """A forked child goes on with a client that its parent has a connection of."""
        self.assertEqual(run_forked(self.client.get, "lamp"), b"3")
        self.assertEqual(self.client.get("lamp"), b"3")
        self.assertCacheStats("redis", puts=1, hits=2, misses=0)

    def test_several_at_once(self):
        """Two children count one number up: nothing is lost."""
        told = []
        threads = [
            threading.Thread(target=lambda: told.append(run_in_child(ANEW, use_many, self.port, 200)))
            for _ in range(2)
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join(SECONDS)
        self.assertEqual(len(told), 2)
        self.assertEqual(self.client.get("sold"), b"400")

    def test_assertions_in_the_child(self):
        """What a child has done can be asserted there."""

        def check():
            use(self.port, "desk")
            self.assertCacheStats("redis", puts=2, hits=2, misses=1)
            return self.caches.redis.counts()

        self.assertEqual(run_forked(check), (2, 2, 1))

    def test_tries(self):
        """All tries of a call are struck once, and the waits between them pass on the clock of the test."""
        with self.caches.redis.inject(Fails(), on="get", times=1):
            told, seconds = run_in_child(ANEW, use_with_retries, self.port)
        self.assertIn("ConnectionError", told)
        self.assertLess(seconds, 30)
        self.assertEqual([each.kind for each in self.caches.redis.operations], ["put", "failure"])
        self.assertAlmostEqual(self.caches.clock.now() - time.time(), 180, delta=5)
        with self.caches.redis.inject(LosesReply(), on="put"):
            self.assertEqual(run_in_child(ANEW, use_with_retries, self.port, "put")[0], True)

    def test_fault(self):
        """What is in force in the parent strikes what a child sends."""
        with self.caches.redis.inject(Fails(), on="get"):
            told = run_in_child(ANEW, use, self.port, "desk")
        self.assertIn("ConnectionError", told)
        self.assertEqual([each.kind for each in self.caches.redis.operations], ["put", "failure"])
        with self.caches.redis.inject(Slow(0.5), on="get"):
            self.assertEqual(run_in_child(ANEW, use, self.port, "chair")[0], b"3")


STRUCK = "1 call was struck: ConnectionError\nit is gone\n"


@needs_fork
@needs("fakeredis", "fakeredis[lua]")
class KeptTests(unittest.TestCase):
    @takes_a_while
    def test_nothing_is_kept(self):
        """What has struck the calls of a child goes with the scope that they were of."""
        # In a process where nothing else can keep the scope.
        done = run_python("-m", "test.adapters.redis.redis_kept")
        self.assertEqual((done.stdout, done.stderr), (STRUCK, ""))


@needs("fakeredis", "fakeredis[lua]")
class UrlTests(unittest.TestCase):
    def test_by_url(self):
        """A child has the caches that its parent's adapter was told of, and no others."""
        from cachetest.adapters import Redis

        with listening_port() as port:

            def body(caches):
                told = run_in_child(ANEW, use, port, "desk")
                return told, caches.prices.counts(), run_in_child(ANEW, outcome_of, use, port + 1, "desk")

            (told, counts, other), failure = failure_of(body, Redis(prices=f"redis://localhost:{port}/0"))
        self.assertEqual((told, counts, failure), ([None, None, True, b"4"], (1, 1, 2), ""))
        self.assertRegex(other, "^CacheTestError: no cache of this test is at redis://")

    @needs_fork
    def test_own_scope(self):
        """A scope of the child is its own."""

        def in_own_scope(port):
            with PatchCaches("redis") as patched:
                use(port, "desk")
                return patched.caches.redis.counts()

        with listening_port() as port:
            found = failure_of(
                lambda caches: (run_forked(in_own_scope, port), caches.redis.counts()), "redis"
            )
        self.assertEqual(found, (((1, 1, 2), (0, 0, 0)), ""))


if __name__ == "__main__":
    unittest.main()
