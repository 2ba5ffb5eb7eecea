"""Health checks, start-up code and clients that cache get the answers that they need."""

import unittest

from parameterized import parameterized

from .redis_support import client, needs_redis, patched, shown


@needs_redis
class AnswerTests(unittest.TestCase):
    def test_info(self):
        """INFO has the sections and fields that programs look at, of the server that is there."""
        with patched():
            connection = client(db=3)
            connection.set("a", 1, ex=100)
            connection.set("b", 1)
            info = connection.info()
            self.assertEqual(info["redis_mode"], "standalone")
            self.assertEqual((info["role"], info["loading"]), ("master", 0))
            self.assertEqual((info["db3"]["keys"], info["db3"]["expires"]), (2, 1))
            self.assertEqual(
                set(connection.info("replication")), {"role", "connected_slaves", "master_repl_offset"}
            )
            self.assertEqual(connection.info("nosuch"), {})
            self.assertEqual(connection.info("keyspace"), {"db3": info["db3"]})

    def test_hello(self):
        """The version is the same wherever it is told, and no more than the server of a test is."""
        with patched():
            connection = client(protocol=3, single_connection_client=True)
            self.assertEqual(connection.execute_command("HELLO", 3)[b"server"], b"redis")
            self.assertEqual(
                connection.execute_command("HELLO", 3)[b"version"].decode(),
                connection.info("server")["redis_version"],
            )

    def test_settings(self):
        """CONFIG GET gives what CONFIG SET has set, by patterns."""
        with patched():
            connection = client()
            self.assertEqual(connection.config_get("maxmemory*")["maxmemory-policy"], "noeviction")
            connection.config_set("maxmemory", "1mb")
            self.assertEqual(connection.config_get("maxmemory"), {"maxmemory": "1048576"})

    def test_sizes(self):
        """MEMORY USAGE grows with the entry."""
        with patched():
            connection = client()
            connection.set("small", "v")
            connection.set("large", "v" * 1000)
            connection.hset("hash", "f", "v")
            self.assertGreaterEqual(connection.memory_usage("large"), connection.memory_usage("small") + 999)
            self.assertGreater(connection.memory_usage("hash"), 0)

    def test_touch(self):
        """TOUCH counts what is there, and is no lookup."""
        with patched() as patch:
            connection = client()
            connection.set("a", 1)
            self.assertEqual(connection.touch("a", "b"), 1)
            self.assertEqual(shown(patch.caches.redis.operations), "put a")

    def test_clients(self):
        """CLIENT LIST tells subscribers from others, and wants a kind that there is."""
        import redis

        with patched(), client().pubsub() as pubsub:
            connection = client(single_connection_client=True, client_name="me")
            pubsub.subscribe("news")
            pubsub.get_message(timeout=1)
            self.assertIn("me", [each["name"] for each in connection.client_list(_type="normal")])
            self.assertNotIn("me", [each.get("name") for each in connection.client_list(_type="pubsub")])
            self.assertEqual(len(connection.client_list(_type="pubsub")), 1)
            self.assertEqual(len(connection.client_list()), 2)
            with self.assertRaises(redis.ResponseError):
                connection.execute_command("CLIENT LIST", "TYPE", "nosuch")

    def test_restore(self):
        """RESTORE takes the time that an entry was not used for, and a time to live that is absolute."""
        with patched():
            connection = client()
            connection.set("a", "x")
            dumped = connection.dump("a")
            connection.restore("b", 0, dumped, idletime=5)
            connection.restore("c", 33_000_000_000_000, dumped, absttl=True)
            self.assertEqual((connection.get("b"), connection.expiretime("c")), (b"x", 33_000_000_000))

    def test_encoding(self):
        """OBJECT ENCODING is what a server keeps a value of that size as."""
        with patched():
            connection = client()
            for value, encoding in (
                (12, b"int"),
                ("012", b"embstr"),
                ("x" * 44, b"embstr"),
                ("x" * 45, b"raw"),
            ):
                with self.subTest(value):
                    connection.set("a", value)
                    self.assertEqual(connection.object("encoding", "a"), encoding)
            connection.rpush("list", 1)
            connection.hset("hash", "x", 1)
            connection.zadd("sorted", {"x": 1})
            connection.xadd("stream", {"x": 1})
            found = [connection.object("encoding", key) for key in ("list", "hash", "sorted", "stream")]
            self.assertEqual(found, [b"listpack", b"listpack", b"listpack", b"stream"])

    def test_parts_of_a_second(self):
        """GETEX keeps them, as SET does."""
        import time
        from unittest import mock

        with patched(), mock.patch.object(time, "time", lambda: 1_700_000_000.25):
            connection = client()
            connection.set("a", 1)
            for options in ({"ex": 60}, {"px": 60_000}, {"pxat": 1_700_000_060_250}):
                connection.getex("a", **options)
                self.assertEqual(connection.pexpiretime("a"), 1_700_000_060_250)

    def test_quit(self):
        """QUIT is answered, and then the connection is closed."""
        import redis

        with patched():
            connection = redis.Connection(protocol=2)
            connection.connect()
            connection.send_command("QUIT")
            self.assertEqual(connection.read_response(), b"OK")
            with self.assertRaises(redis.ConnectionError):
                connection.read_response()

    def test_reset(self):
        """RESET ends the transaction, and the database is the first again."""
        with patched() as patch:
            single = client(single_connection_client=True, protocol=2, db=2)
            single.execute_command("MULTI")
            self.assertIn(single.execute_command("RESET"), ("RESET", b"RESET"))
            single.set("a", 1)
            self.assertEqual(patch.caches.redis.operations[-1].store, "redis://localhost:6379/0")

    @parameterized.expand(
        [
            ("PSYNC a 1", "unknown command 'psync': fakeredis, the server of a test, does not have it"),
            ("REPLICAOF there 6379", "the server of a test is a single one, and no replica"),
            ("CLUSTER INFO", "cluster support disabled: the server of a test is a single one"),
            ("SENTINEL MASTERS", "the server of a test is no Sentinel"),
            ("CLIENT TRACKING ON BCAST", "no option BCAST in the server of a test"),
            ("SLOWLOG NOSUCH", "unknown subcommand 'NOSUCH'. Try SLOWLOG HELP"),
            ("MODULE LOAD x", "unknown subcommand 'LOAD'. Try MODULE HELP"),
            ("BITFIELD_RO a SET u8 0 1", "only supports the GET subcommand"),
        ]
    )
    def test_refused(self, words, text):
        """What is not there says so."""
        import redis

        with patched(), self.assertRaisesRegex(redis.ResponseError, text):
            client().execute_command(*words.split())

    def test_fault_of_fakeredis(self):
        """What fakeredis fails at is an error that says so; the connection goes on."""
        from unittest import mock

        import redis

        from cachetest.adapters.redis.peer import Peer

        with patched():
            connection = client(single_connection_client=True)
            with mock.patch.object(Peer, "strlen", side_effect=KeyError("x")):
                with self.assertRaisesRegex(redis.ResponseError, "can't do strlen: KeyError: 'x'"):
                    connection.strlen("a")
            self.assertTrue(connection.ping())


@needs_redis
class ParserTests(unittest.TestCase):
    def test_replaced_parser(self):
        """`mock.patch` may replace the parser of a connection; it has its own again afterwards."""
        import asyncio
        from unittest import mock

        import redis
        import redis.asyncio

        with patched():
            for protocol in (2, 3):
                connection = redis.Connection(protocol=protocol)
                connection.connect()
                with mock.patch.object(connection, "_parser") as parser:
                    self.assertIs(connection._parser, parser)
                connection.send_command("PING")
                self.assertEqual(connection.read_response(), b"PONG")
                connection.disconnect()

            async def asked():
                connection = redis.asyncio.Connection()
                await connection.connect()
                with mock.patch.object(connection, "_parser") as parser:
                    self.assertIs(connection._parser, parser)
                await connection.send_command("PING")
                found = await connection.read_response()
                await connection.disconnect()
                return found

            self.assertEqual(asyncio.run(asked()), b"PONG")


if __name__ == "__main__":
    unittest.main()
