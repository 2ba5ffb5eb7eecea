"""What administrators and clients ask a server for is answered as by a real one."""

import unittest

from parameterized import parameterized

from ...servers import needs_redis_server
from .redis_support import client, needs_redis, patched
from .wire import Talk, alike, both

# In an order in which each finds what those before have left.
COMMANDS = [
    "CONFIG GET slowlog-max-l*",
    "CONFIG GET hash-max-listpack-e*",
    "CONFIG GET nosuch",
    "CONFIG SET maxmemory 512mb",
    "CONFIG GET maxmemory",
    "CONFIG SET MAXMEMORY 500000k TIMEOUT 7",
    "CONFIG GET maxmemory",
    "CONFIG SET maxmemory x",
    "CONFIG SET maxmemory 1 maxmemory 2",
    "CONFIG SET timeout x",
    "CONFIG SET appendonly maybe",
    "CONFIG SET databases 3",
    "CONFIG SET timeout 8 maxmemory x",
    "CONFIG GET timeout",
    "CONFIG SET hash-max-ziplist-entries 3",
    "CONFIG GET hash-max-listpack-e*",
    "CONFIG SET maxmemory",
    "CONFIG RESETSTAT x",
    "CONFIG NOSUCH",
    "COMMAND GETKEYS MSET a b c d",
    "COMMAND GETKEYS EVAL x 3 a b c d",
    "COMMAND GETKEYS EVAL x 0",
    "COMMAND GETKEYS EVAL x 5 a",
    "COMMAND GETKEYS GET",
    "COMMAND GETKEYS LPUSH a",
    "COMMAND GETKEYS NOSUCH a",
    "COMMAND GETKEYS OBJECT NOSUCH a",
    "COMMAND GETKEYS OBJECT ENCODING a",
    "COMMAND GETKEYS XGROUP CREATE a g 0",
    "COMMAND GETKEYS SUBSCRIBE a",
    "COMMAND GETKEYS ECHO a",
    "COMMAND GETKEYS ZUNION x a",
    "COMMAND GETKEYS ZUNION 3 a b",
    "COMMAND GETKEYS SORT a GET b STORE c LIMIT 0 STORE",
    "COMMAND GETKEYS XREAD COUNT 1 STREAMS a",
    "COMMAND GETKEYS BLPOP a b 0",
    "COMMAND GETKEYS GEORADIUS a 1 2 3 m STORE b",
    "COMMAND GETKEYSANDFLAGS LMOVE a b left left",
    "COMMAND GETKEYSANDFLAGS SET a b",
    "COMMAND GETKEYSANDFLAGS SET a b GET",
    "COMMAND GETKEYSANDFLAGS BITFIELD a GET u8 0",
    "COMMAND GETKEYSANDFLAGS BITFIELD a SET u8 0 1",
    "COMMAND GETKEYSANDFLAGS XREAD COUNT 1 STREAMS a b 0 0",
    "COMMAND GETKEYSANDFLAGS ZUNIONSTORE a 2 b c",
    "COMMAND GETKEYSANDFLAGS BITOP AND a b c",
    "COMMAND GETKEYSANDFLAGS PFMERGE a b c",
    "COMMAND GETKEYSANDFLAGS LMPOP 2 a b LEFT",
    "COMMAND GETKEYSANDFLAGS GETEX a",
    "COMMAND LIST x",
    "COMMAND LIST FILTERBY NOSUCH x",
    "COMMAND LIST FILTERBY MODULE x",
    "COMMAND LIST FILTERBY ACLCAT nosuch",
    "COMMAND NOSUCH",
    "ACL GENPASS 0",
    "ACL GENPASS x",
    "ACL GENPASS 4097",
    "ACL DELUSER default",
    "ACL DELUSER x y",
    "ACL GETUSER x",
    "ACL SETUSER u on >p ~k* +get",
    "ACL GETUSER u",
    "ACL DRYRUN u get k1",
    "ACL DRYRUN u get x",
    "ACL DRYRUN u set k1 v",
    "ACL DRYRUN nobody get x",
    "ACL DRYRUN u nosuch x",
    "ACL DRYRUN u get",
    "ACL DRYRUN",
    "AUTH a b c",
    "ACL DELUSER u u",
    "HELLO 4",
    "HELLO x",
    "HELLO 3 NOSUCH",
    "HELLO 3 AUTH a",
    "CLIENT TRACKING ON",
    "CLIENT TRACKINGINFO",
    "CLIENT TRACKING ON REDIRECT 999",
    "CLIENT TRACKING ON PREFIX a",
    "CLIENT TRACKING ON OPTIN",
    "CLIENT TRACKING OFF",
    "CLIENT GETREDIR",
    "CLIENT TRACKING ON OPTIN OPTOUT",
    "CLIENT TRACKING ON BCAST OPTIN",
    "CLIENT CACHING YES",
    "CLIENT TRACKING ON OPTIN NOLOOP",
    "CLIENT CACHING NO",
    "CLIENT CACHING x",
    "CLIENT CACHING YES",
    "CLIENT TRACKINGINFO",
    "CLIENT TRACKING ON OPTOUT",
    "CLIENT TRACKING ON NOSUCH",
    "CLIENT TRACKING x",
    "CLIENT GETREDIR",
    "CLIENT TRACKING OFF",
    "REPLICAOF NO ONE",
    "SLAVEOF no one",
    "REPLICAOF x",
    "MEMORY PURGE",
    "XADD s 1-1 a b",
    "XADD s 1-2 a c",
    "XADD s 1-3 d e",
    "XDEL s 1-2",
    "XINFO STREAM s",
    "XGROUP CREATE s g 0",
    "XGROUP CREATE s h $ ENTRIESREAD 2",
    "XREADGROUP GROUP g alice COUNT 1 STREAMS s >",
    "XREADGROUP GROUP g bob COUNT 1 STREAMS s >",
    "XGROUP CREATECONSUMER s h carol",
    "XINFO STREAM s FULL",
    "XINFO STREAM s FULL COUNT 1",
    "XINFO STREAM s FULL COUNT 0",
    "XINFO STREAM s FULL COUNT x",
    "XINFO STREAM s FULL COUNT",
    "XINFO STREAM s NOSUCH",
    "XINFO STREAM nothing FULL",
]


@needs_redis_server
@needs_redis
class AdministrationTests(unittest.TestCase):
    maxDiff = None

    @parameterized.expand([(2,), (3,)])
    def test_replies(self, protocol):
        """Each reply and each error is that of the real one."""

        def play(port):
            with Talk(port, protocol=protocol) as talk:
                return talk.lines(COMMANDS)

        real, ours = both(play)
        for line, expected, got in zip(COMMANDS, real, ours, strict=True):
            with self.subTest(line):
                self.assertEqual(alike(got), alike(expected))

    def test_settings(self):
        """All settings have the values of a real server that was started without any."""

        def play(port):
            with Talk(port, protocol=3) as talk:
                return talk("CONFIG", "GET", "*")

        real, ours = both(play)
        # Where it listens, and what it was started with here.
        for name in (b"port", b"save", b"unixsocket"):
            del real[name], ours[name]
        self.assertEqual(ours, {name: real[name] for name in ours})
        self.assertGreater(len(ours), 80)

    def test_keys_of_all(self):
        """COMMAND GETKEYSANDFLAGS tells of each command what the table of the real server has of its keys."""

        def play(port):
            with Talk(port, protocol=2) as talk:
                return {name: talk("COMMAND", "GETKEYSANDFLAGS", *name.split(), *words) for name in names}

        words = ["1", "a", "b", "c", "d", "STREAMS", "e", "f"]
        with patched():
            listed = client().command_list()
        names = [name.decode().replace("|", " ") for name in listed if b"." not in name]
        real, ours = both(play)
        # What the real one does not have, being older, or has by its own commands.
        known = {name for name, reply in real.items() if reply != "Invalid command specified"}
        different = {name: (real[name], ours[name]) for name in known if real[name] != ours[name]}
        # They have had more arguments since.
        del different["zrank"], different["zrevrank"]
        self.assertEqual(different, {})
        self.assertGreater(sum(isinstance(reply, list) for reply in ours.values()), 120)

    def test_places_of_keys(self):
        """COMMAND tells how many words each command has, and where its keys are, as the real server does."""

        def play(port):
            with Talk(port, protocol=2) as talk:
                self.assertEqual(talk("COMMAND", "INFO", "nosuch"), [None])
                return {name: told for each in talk("COMMAND") for name, told in self.told(each).items()}

        real, ours = both(play)
        known = real.keys() & ours.keys()
        different = {name: (real[name], ours[name]) for name in known if real[name] != ours[name]}
        # They have had more arguments since.
        del different["zrank"], different["zrevrank"]
        self.assertEqual(different, {})
        self.assertGreater(len(known), 220)

    def told(self, info):
        """Return, by name, what COMMAND tells of a command, and of its subcommands."""
        name, arity, flags, *places = info[:6]
        found = {name.decode().lower(): (arity, places, b"movablekeys" in flags or "movablekeys" in flags)}
        for each in info[9]:
            found |= self.told(each)
        return found


@needs_redis
class CommandTests(unittest.TestCase):
    def test_table(self):
        """COMMAND has all of them, each with its subcommands inside."""
        with patched():
            connection = client()
            found = connection.command()
            names = {name.decode() for name in connection.command_list() if b"|" not in name}
            self.assertEqual(found.keys(), names)
            self.assertEqual(connection.command_count(), len(found))
            encoding = connection.execute_command("COMMAND INFO", "object|encoding")
            self.assertIn("object|encoding", str(encoding))

    def test_list(self):
        """COMMAND LIST has all that the server has, by category and by pattern."""
        with patched():
            connection = client()
            names = connection.command_list()
            self.assertTrue({b"get", b"config|set", b"slowlog", b"slowlog|get", b"monitor"} <= set(names))
            self.assertIn(b"lpush", connection.command_list(category="list"))
            self.assertNotIn(b"set", connection.command_list(category="list"))
            self.assertEqual(connection.command_list(pattern="xinfo|g*"), [b"xinfo|groups"])

    @parameterized.expand(["ACL", "CLIENT", "CONFIG", "MEMORY", "OBJECT", "SLOWLOG", "LATENCY", "MODULE"])
    def test_help(self, name):
        """HELP names the subcommands that are there."""
        with patched():
            found = client().execute_command(name, "HELP")
            self.assertIn(name.encode(), found[0])
            self.assertIn(b"HELP", found)
            self.assertEqual(found[1:], sorted(found[1:]))

    def test_memory(self):
        """MEMORY STATS knows how many keys there are; the rest is that of a server without load."""
        for protocol in (2, 3):
            with self.subTest(protocol), patched():
                connection = client(protocol=protocol, db=2)
                connection.set("a", "v" * 1000)
                found = connection.memory_stats()
                self.assertEqual(found["keys.count"], 1)
                self.assertGreater(found["dataset.bytes"], 1000)
                self.assertIn("overhead.hashtable.main", str(found["db.2"]))
                self.assertIn("Stats not supported", str(connection.memory_malloc_stats()))


if __name__ == "__main__":
    unittest.main()
