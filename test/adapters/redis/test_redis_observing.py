"""A server of a test tells of the commands that it executes what a real one tells: MONITOR, SLOWLOG, INFO."""

import asyncio
import re
import unittest
from unittest import mock

from parameterized import parameterized

from ...servers import needs_redis_server
from ...support import needs
from .redis_support import client, needs_redis, patched
from .wire import Talk, both

# What is executed while somebody monitors, each line by one connection.
PROGRAM = [
    "SET a b",
    "get a",
    "GET",
    "NOSUCH",
    "INCR a",
    "MULTI",
    "SET a 1",
    "LPUSH a 1",
    "EXEC",
    "MULTI",
    "SET a 1",
    "DISCARD",
    "EXEC",
    "WATCH a",
    "MULTI",
    "GET",
    "EXEC",
    "CONFIG GET maxmemory",
    "CLIENT SETNAME me",
    "CLIENT LIST",
    "CLIENT ID",
    "SELECT 3",
    "GET a",
    "HELLO 2",
    "BLPOP l 0.01",
    "INFO server",
    "PUBLISH c x",
    "SUBSCRIBE c",
    "UNSUBSCRIBE c",
    "RESET",
    "FLUSHALL",
    "HGET h f",
]


def without_times(lines):
    """Return the lines of a monitor without times and ports."""
    return [re.sub(rb"^\S+ \[(\d+) (127.0.0.1:)?\d*", rb"[\1 ", line) for line in lines]


def entries(found):
    """Return the entries of a slow log without times and ports, and without numbers: their distances."""
    return [
        [each[0] - found[-1][0], type(each[1]), each[2] >= 0, each[3], each[4].rpartition(b":")[0], each[5]]
        for each in found
    ]


@needs_redis_server
@needs_redis
class ObservingTests(unittest.TestCase):
    def monitored(self, port, protocol, commands):
        with Talk(port, protocol=protocol) as monitor, Talk(port, protocol=2) as talk:
            self.assertEqual(monitor("MONITOR"), b"OK")
            for words in commands:
                talk(*words)
            talk("ECHO", "the end")
            return without_times(monitor.read_until(b"the end"))

    @parameterized.expand([(2,), (3,)])
    def test_monitor(self, protocol):
        """A monitor sees what is executed, as it was sent: no passwords, and nothing of administrators."""
        commands = [line.split() for line in PROGRAM]
        commands.append(["AUTH", "default", "secret"])
        commands.append(["HELLO", "2", "AUTH", "default", "secret", "SETNAME", "x"])
        commands.append(["SET", b'a\x00"\\\n\r\t\x07\x08\xff ', "\u00e9"])
        real, ours = both(self.monitored, protocol, commands)
        self.assertEqual(ours, real)
        self.assertGreater(len(real), 20)

    @needs("lupa", "fakeredis[lua]")
    def test_administration_in_script(self):
        """A script may not change the server, so that nothing changes behind the quick commands' back."""
        commands = [
            "CONFIG SET slowlog-log-slower-than 0",
            "MONITOR",
            "ACL SETUSER u on",
            "CLIENT TRACKING ON",
        ]
        with patched():
            for command in commands:
                words = ", ".join(f"'{word}'" for word in command.split())
                with Talk(6379, protocol=2) as talk, self.subTest(command):
                    self.assertIn("not allowed from script", talk("EVAL", f"return redis.call({words})", "0"))

    @needs("lupa", "fakeredis[lua]")
    def test_monitored_script(self):
        """What a script calls comes after the script."""
        script = "redis.call('GET','a') redis.call('SET','a', 5) return redis.pcall('INCR','l')"
        commands = [["SET", "l", "x"], ["EVAL", script, "0"], ["MULTI"], ["EVAL", script, "0"], ["EXEC"]]
        real, ours = both(self.monitored, 2, commands)
        self.assertEqual(ours, real)

    def slow(self, port):
        with Talk(port, protocol=2) as talk:
            talk("CLIENT", "SETNAME", "me")
            found = [talk("SLOWLOG", "LEN"), talk("CONFIG", "SET", "slowlog-log-slower-than", "0")]
            for line in PROGRAM:
                if "BLPOP" not in line:
                    talk(*line.split())
            talk("AUTH", "default", "secret")
            talk("CONFIG", "SET", "masterauth", "secret")
            talk("SET", "k", "v" * 200)
            talk("MSET", *map(str, range(80)))
            found += [entries(talk("SLOWLOG", "GET", "-1")), len(talk("SLOWLOG", "GET"))]
            for line in (
                "SLOWLOG RESET",
                "SLOWLOG LEN",
                "SLOWLOG GET x",
                "SLOWLOG GET -2",
                "SLOWLOG GET 0",
                "SLOWLOG GET 1 2",
                "SLOWLOG NOSUCH",
                "CONFIG SET slowlog-max-len 2",
                "SLOWLOG LEN",
                "CONFIG SET slowlog-log-slower-than -1",
                "SLOWLOG LEN",
                "CONFIG SET slowlog-log-slower-than 100000000",
                "SLOWLOG LEN",
            ):
                found.append(talk(*line.split()))
            return found

    def test_slow_log(self):
        """The slow log has each command that took as long as was set, the latest first, and cut."""
        real, ours = both(self.slow)
        self.assertEqual(ours, real)

    def count(self, port):
        with Talk(port, protocol=2) as talk:
            counted = []

            def note():
                info = talk("INFO", "stats")
                counted.append(int(re.search(rb"total_commands_processed:(\d+)", info)[1]))

            talk("CONFIG", "RESETSTAT")
            note()
            for line in PROGRAM:
                talk(*line.split())
            note()
            sent = [["SET", "a", "1"], ["GET", "a"], ["MGET", "a", "b"]]
            talk.connection.send_packed_command(talk.connection.pack_commands(sent))
            for _ in range(3):
                talk.connection.read_response()
            note()
            with Talk(port, protocol=2) as other:
                for line in ("MULTI", "SET a 1", "GET a", "EXEC", "GET a"):
                    other(*line.split())
            return [counted[n] - counted[n - 1] for n in range(1, len(counted))]

    def test_count(self):
        """INFO counts the commands that are executed, with fakeredis and without."""
        real, ours = both(self.count)
        self.assertEqual(ours, real)


@needs_redis
class MonitorTests(unittest.TestCase):
    def test_pipeline(self):
        """The monitor of redis-py sees what others send, quick as it would be, until it is closed."""
        with patched() as patch:
            connection = client()
            connection.get("a")
            with connection.monitor() as monitor:
                with connection.pipeline() as pipe:
                    pipe.set("a", 1).get("a").execute()
                found = []
                while "EXEC" not in found:
                    shown = monitor.next_command()
                    found.append(shown["command"])
                self.assertEqual(found[-4:], ["MULTI", "SET a 1", "GET a", "EXEC"])
                address = f"{shown['client_address']}:{shown['client_port']}"
                self.assertEqual(connection.client_info()["addr"], address)
            connection.get("a")
            self.assertEqual(patch.caches.redis.counts(), (1, 2, 1))

    def test_another_client(self):
        """Each connection has an address of its own, also of a unix socket."""
        with patched():
            one, other = (client(single_connection_client=True) for _ in range(2))
            addresses = {each["addr"] for each in one.client_list()}
            self.assertEqual(len(addresses), 2)
            self.assertTrue(one.client_kill(other.client_info()["addr"]))
            self.assertEqual(len(one.client_list()), 1)
            unix = client(unix_socket_path="/run/x.sock", single_connection_client=True)
            self.assertEqual(
                (unix.client_info()["addr"], unix.client_info()["flags"]), ("/run/x.sock:0", "U")
            )

    def test_asyncio(self):
        """So do the clients of asyncio."""
        import redis.asyncio

        async def run():
            connection = redis.asyncio.Redis(decode_responses=True)
            async with connection, connection.monitor() as monitor:
                await connection.set("a", "1")
                found = [await monitor.next_command()]
                while "SET a" not in found[-1]["command"]:
                    found.append(await monitor.next_command())
                return found[-1]["command"]

        with patched():
            self.assertEqual(asyncio.run(run()), "SET a 1")

    def test_quiet_by_default(self):
        """Where nobody has set a limit, nothing is slow: the machine may be."""
        with patched(), mock.patch("time.perf_counter_ns", side_effect=range(0, 10**12, 10**9)):
            connection = client()
            connection.sadd("s", 1)
            connection.smembers("s")
            self.assertEqual(connection.slowlog_get(), [])


if __name__ == "__main__":
    unittest.main()
