"""What a server knows of its clients is what it knows of them in reality, also of those that have gone."""

import asyncio
import unittest
from functools import partial

from parameterized import parameterized

from .redis_support import client, needs_redis, patched


@needs_redis
class GoneTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("channel", "subscribe", "publish", "pubsub_numsub"),
            ("pattern", "psubscribe", "publish", "pubsub_numpat"),
            ("shard_channel", "ssubscribe", "spublish", "pubsub_shardnumsub"),
        ]
    )
    def test_subscriber(self, _, subscribe, publish, count):
        """One that has closed its connection subscribes to nothing any more."""
        with patched():
            program = client()
            asked = () if count == "pubsub_numpat" else ("a",)
            before = getattr(program, count)(*asked)
            pubsub = client().pubsub()
            getattr(pubsub, subscribe)("a")
            self.assertEqual(getattr(program, publish)("a", "text"), 1)
            self.assertNotEqual(getattr(program, count)(*asked), before)
            pubsub.close()
            self.assertEqual(getattr(program, publish)("a", "text"), 0)
            self.assertEqual(getattr(program, count)(*asked), before)

    def test_async_subscriber(self):
        """Nor does one of asyncio, whose stream takes nothing more."""
        from redis import asyncio as redis

        async def run():
            async with redis.Redis() as program, redis.Redis() as other:
                pubsub = other.pubsub()
                await pubsub.execute_command("SSUBSCRIBE", "a")
                await pubsub.aclose()
                await other.connection_pool.disconnect()
                return await program.spublish("a", "text")

        with patched():
            self.assertEqual(asyncio.run(run()), 0)


@needs_redis
class ListTests(unittest.TestCase):
    def commands_of(self, program):
        return {each["name"]: each.get("cmd") for each in program.client_list()}

    def test_command(self):
        """It shows the latest command of each, with its subcommand, by whichever way it was executed."""
        with patched():
            program = client(client_name="program")
            other = client(client_name="other")
            for call, name in (
                (lambda: other.get("a"), "get"),
                (lambda: other.pipeline().set("a", 1).set("b", 2).execute(), "exec"),
                (lambda: other.object("encoding", "a"), "object|encoding"),
                (lambda: other.pipeline(transaction=False).get("a").incr("a").execute(), "incrby"),
            ):
                with self.subTest(name):
                    call()
                    found = self.commands_of(program)
                    self.assertEqual(found, {"program": "client|list", "other": name})
            pubsub = other.pubsub()
            pubsub.subscribe("a")
            self.assertIn("subscribe", [each["cmd"] for each in program.client_list()])

    def test_some(self):
        """It shows those of one kind, or of some numbers, and refuses what is neither."""
        import redis

        with patched():
            program = client(client_name="program")
            pubsub = client(client_name="other").pubsub()
            pubsub.subscribe("a")

            def names(**which):
                return sorted(each["name"] for each in program.client_list(**which))

            self.assertEqual(names(), ["other", "program"])
            self.assertEqual(names(_type="normal"), ["program"])
            self.assertEqual(names(_type="pubsub"), ["other"])
            self.assertEqual(names(client_id=[str(program.client_id())]), ["program"])
            self.assertEqual(names(client_id=["99"]), [])
            for asked, told in (
                ("TYPE waiter", "Unknown client type 'waiter'"),
                ("ID one", "Invalid client ID"),
                ("NAMES", "syntax error"),
            ):
                with self.subTest(asked), self.assertRaisesRegex(redis.ResponseError, told):
                    program.execute_command("CLIENT LIST", *asked.split())


@needs_redis
class KilledTests(unittest.TestCase):
    def id_of(self, program, name):
        return next(each["id"] for each in program.client_list() if each["name"] == name)

    @parameterized.expand(["subscriber", "waiting"])
    def test_reader(self, name):
        """One that reads finds that its connection has ended, whatever it waits for."""
        import redis

        with patched():
            program = client()
            other = client(client_name="other", single_connection_client=True, retry=None)
            if name == "subscriber":
                pubsub = other.pubsub()
                pubsub.subscribe("a")
                pubsub.get_message()
                read = partial(pubsub.parse_response, block=True)
            else:
                other.connection.send_command("BLPOP", "a", 0)
                read = other.connection.read_response
            for each in program.client_list():
                if each["name"] == "other":
                    program.client_kill_filter(_id=each["id"])
            with self.assertRaisesRegex(redis.ConnectionError, "Connection closed by server"):
                read()
            # Nobody waits for it any more.
            self.assertEqual((program.rpush("a", 1), program.llen("a")), (1, 1))

    def test_async_reader(self):
        """So does one of asyncio, killed from another thread."""
        from redis import asyncio as redis

        async def run():
            async with redis.Redis(client_name="other", retry=None) as other:
                pubsub = other.pubsub()
                await pubsub.subscribe("a")
                await pubsub.get_message()
                kill = partial(program.client_kill_filter, _id=self.id_of(program, "other"))
                await asyncio.gather(asyncio.to_thread(kill), pubsub.parse_response())

        with patched():
            program = client()
            with self.assertRaisesRegex(ConnectionError, "Connection closed by server"):
                try:
                    asyncio.run(run())
                except redis.ConnectionError as error:
                    raise ConnectionError(str(error)) from None

    def test_itself(self):
        """One that kills itself has its answer first."""
        import redis

        with patched():
            program = client(single_connection_client=True, retry=None)
            self.assertEqual(program.client_kill_filter(_id=program.client_id(), skipme=False), 1)
            with self.assertRaises(redis.ConnectionError):
                program.connection.read_response()

    def test_idle(self):
        """One that is idle connects anew where its pool looks before it is used."""
        with patched():
            program, other = client(), client(client_name="other")
            other.set("a", 1)
            program.client_kill_filter(_id=self.id_of(program, "other"))
            self.assertEqual(other.get("a"), b"1")


if __name__ == "__main__":
    unittest.main()
