"""Any user and password will do until the program sets some; then each may do what Redis lets it do."""

import unittest

from parameterized import parameterized

from ...servers import needs_redis_server
from .redis_support import client, needs_redis, patched
from .wire import Talk, alike, both


@needs_redis_server
@needs_redis
class PermissionTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("+get",),
            ("+@all -get ~*",),
            ("+@read -@hash ~a*",),
            ("-get +@read +get ~*",),
            ("+get +@all -@write ~*",),
            ("+@all -@all +set ~b*",),
            ("+set -set +mset ~a* ~b*",),
            ("+config|get +acl|whoami",),
            ("+config -config|set ~*",),
            ("+@all ~* &news*",),
            ("+@pubsub allchannels",),
            ("+@all -@dangerous allkeys",),
            ("+GET ~*",),
        ]
    )
    def test_rules(self, rules):
        """A user may do what a real server lets it do."""
        commands = [
            "GET a",
            "GET b",
            "SET a 1",
            "SET b 1",
            "MSET a 1 b 1",
            "HGET a f",
            "KEYS *",
            "CONFIG GET x",
        ]
        commands += [
            "CONFIG SET x y",
            "ACL WHOAMI",
            "PING",
            "PUBLISH news x",
            "PUBLISH old x",
            "SUBSCRIBE news",
        ]
        commands += [
            "PSUBSCRIBE news*",
            "PSUBSCRIBE new*",
            "AUTH x",
            "ZUNIONSTORE a 1 b",
            "EVAL x 1 b",
            "FLUSHALL",
        ]

        def play(port):
            with Talk(port, protocol=2) as talk:
                self.assertEqual(talk("ACL", "SETUSER", "u", "on", *rules.split()), b"OK")
                return talk.lines(f"ACL DRYRUN u {command}" for command in commands)

        real, ours = both(play)
        for command, expected, got in zip(commands, real, ours, strict=True):
            with self.subTest(command):
                self.assertEqual(alike(got), alike(expected))

    def test_changed_rules(self):
        """What is said last counts, in whichever of several calls."""

        def play(port):
            with Talk(port, protocol=2) as talk:
                found = []
                for rules in ("+get ~*", "-get", "+@all", "-get", "+get", "nocommands", "+@read", "reset"):
                    talk("ACL", "SETUSER", "u", *rules.split())
                    found += talk.lines(["ACL DRYRUN u GET a", "ACL DRYRUN u SET a 1"])
                return [alike(each) for each in found]

        real, ours = both(play)
        self.assertEqual(ours, real)


def resigned(**options):
    """Return a client that does not try again what was refused."""
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return client(retry=Retry(NoBackoff(), 0), **options)


@needs_redis
class UserTests(unittest.TestCase):
    def test_any_password(self):
        """A password is taken, whatever it is, where the program has set none."""
        with patched():
            self.assertTrue(client(password="x").ping())
            self.assertTrue(resigned(username="who", password="x").ping())
            self.assertEqual(resigned(username="who", password="x").acl_whoami(), "default")

    @needs_redis_server
    def test_selectors(self):
        """What a user may not do by its own rules it may by those in brackets, each with its keys."""

        def play(port):
            with Talk(port, protocol=2) as talk:
                rules = ("on", "nopass", "-@all", "~a", "+get", "+publish", "resetchannels", "&news")
                made = talk("ACL", "SETUSER", "ada", *rules, "(-@all ~b +set)", "(-@all +publish &sport)")
                self.assertEqual(made, b"OK")
                talk.lines(["MSET a 1 b 2"])
                asked = ["GET a", "SET b 3", "GET b", "SET a 3", "PUBLISH news x", "PUBLISH sport x"]
                found = talk.lines(["AUTH ada x", *asked, "PUBLISH other x", "DEL a"])
                # Each release words it in its own way.
                words = ("command", "key", "channel")
                return [next((word for word in words if word in str(each)), each) for each in found]

        real, ours = both(play)
        self.assertEqual(ours, real)

    @needs_redis_server
    def test_log_in(self):
        """Who has connected before a password was set may go on; others have to log in."""

        def play(port):
            with Talk(port, protocol=2) as before:
                found = before.lines(["CONFIG SET requirepass secret", "GET a"])
                with Talk(port, protocol=2) as talk:
                    lines = [
                        "GET a",
                        "AUTH x",
                        "HELLO 3",
                        "MULTI",
                        "ACL WHOAMI",
                        "AUTH secret",
                        "GET a",
                        "RESET",
                    ]
                    found += talk.lines([*lines, "GET a", "AUTH default secret", "GET a"])
                found += before.lines(["CONFIG SET requirepass", "ACL SETUSER default resetpass >other"])
                with Talk(port, protocol=2) as talk:
                    found += talk.lines(["GET a", "AUTH other", "GET a"])
            return found

        real, ours = both(play)
        self.assertEqual(ours, real)

    @parameterized.expand([(2,), (3,)])
    def test_password_that_is_set(self, protocol):
        """Where the program has set one, no other will do."""
        import redis

        with patched():
            client().config_set("requirepass", "secret")
            self.assertTrue(client(password="secret", protocol=protocol).ping())
            with self.assertRaises(redis.AuthenticationError):
                resigned(password="wrong", protocol=protocol).ping()

    @parameterized.expand([(2,), (3,)])
    def test_user(self, protocol):
        """A user that the program has made may do what it was given."""
        import redis

        with patched():
            admin = client()
            admin.acl_setuser(
                "u", enabled=True, passwords=["+p"], keys=["*"], commands=["+get", "+acl|whoami"]
            )
            self.assertIsNone(resigned(username="u", password="p", protocol=protocol).get("a"))
            with self.assertRaises(redis.exceptions.NoPermissionError):
                resigned(username="u", password="p", protocol=protocol).set("a", 1)
            for name, password in (("u", "wrong"), ("nobody", "p")):
                with self.assertRaises(redis.AuthenticationError):
                    resigned(username=name, password=password, protocol=protocol).ping()
            self.assertEqual(admin.acl_deluser("u", "nobody"), 1)
            self.assertTrue(resigned(username="u", password="p").ping())


if __name__ == "__main__":
    unittest.main()
