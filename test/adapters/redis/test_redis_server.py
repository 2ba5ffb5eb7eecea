"""The servers of a test: databases, subscriptions, waiting, and what is not there."""

import queue
import sys
import threading
import unittest

from ...support import needs
from .redis_support import client, needs_redis, patched, shown


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
        """What Sentinel and Cluster ask their servers for is refused, and the error says what to use."""
        import redis
        from redis.sentinel import Sentinel

        with patched():
            with self.assertRaisesRegex(redis.ResponseError, "no Sentinel: have the program use a client"):
                Sentinel([("localhost", 26379)]).master_for("main").get("a")
            with self.assertRaisesRegex(
                redis.exceptions.RedisClusterException,
                "single one, and no Redis Cluster|Cluster mode is not enabled",
            ):
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


if __name__ == "__main__":
    unittest.main()
