"""What is logged of a command beside its key: its name, its server, and the error that it came to."""

import unittest

from .redis_support import client, needs_redis, patched, shown


@needs_redis
class KnownTests(unittest.TestCase):
    def test_asked(self):
        """An operation has the name of its command, also in a transaction."""
        with patched() as patch:
            client().mget("a", "b")
            client().execute_command("set", "a", 1)
            with client().pipeline() as pipe:
                pipe.get("a").delete("a").execute()
            asked = [each.asked for each in patch.caches.redis.operations]
        self.assertEqual(asked, ["MGET", "MGET", "SET", "GET", "DEL"])

    def test_store(self):
        """An operation has the server and the database that it was on."""
        with patched() as patch:
            client(host="h", port=7000, db=3).get("a")
            client(unix_socket_path="/run/x", db=1).get("a")
            single = client(single_connection_client=True)
            single.get("a")
            single.select(2)
            single.get("a")
            with single.pipeline() as pipe:
                pipe.get("a").execute_command("SELECT", 5).get("a").execute()
            stores = [each.store for each in patch.caches.redis.operations]
        here = [f"redis://localhost:6379/{db}" for db in (0, 2, 0, 5)]
        self.assertEqual(stores, ["redis://h:7000/3", "unix:///run/x?db=1", *here])


@needs_redis
class FailureTests(unittest.TestCase):
    def test_reply(self):
        """An error that the server replies with is a failure of each key, with its text and its command."""
        import redis

        with patched() as patch:
            connection = client()
            connection.set("a", "x")
            with self.assertRaises(redis.ResponseError):
                connection.hset("a", mapping={"x": 1, "y": 2})
            found = patch.caches.redis.operations[1:]
        self.assertEqual(shown(found), "failure a.x, failure a.y")
        self.assertRegex(found[0].error, "^(Response|WrongType)Error: WRONGTYPE Operation against a key")
        self.assertEqual((found[0].asked, found[0].store), ("HSET", "redis://localhost:6379/0"))
        self.assertEqual(found[0].where.function, "test_reply")

    def test_in_a_transaction(self):
        """So is that of one command of a transaction, and that of a transaction which is not executed."""
        import redis

        with patched() as patch, client().pipeline() as pipe:
            pipe.set("a", "x").incr("a").execute(raise_on_error=False)
            (failure,) = patch.caches.redis.operations[1:]
            self.assertEqual((failure.kind, failure.asked, failure.key), ("failure", "INCRBY", "a"))
            self.assertIn("not an integer", failure.error)
            pipe.set("b", "x").execute_command("SET", "c")
            with self.assertRaises(redis.ResponseError):
                pipe.execute()
            found = [(each.kind, each.asked, each.key) for each in patch.caches.redis.operations[2:]]
            self.assertEqual(found, [("failure", "SET", "c"), ("failure", "EXEC", "b")])

    def test_without_a_key(self):
        """An error of a command that is about no key is not logged."""
        import redis

        with patched() as patch:
            for command in ("NOSUCH", "GET", "EXEC", "SELECT 99"):
                with self.assertRaises(redis.ResponseError):
                    client().execute_command(*command.split())
            self.assertEqual(patch.caches.redis.operations, [])


if __name__ == "__main__":
    unittest.main()
