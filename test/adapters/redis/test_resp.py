"""The wire protocol: commands are found however their bytes are cut, and replies are what redis-py reads."""

import random
import unittest

from parameterized import parameterized

from .redis_support import needs_redis

COMMANDS = [
    [b"GET", b"a"],
    [b"PING"],
    [b"SET", b"line\r\nbreak", b""],
    [b"SET", b"\xff\x00", b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n"],
    [b"MSET", *[b"%d" % n for n in range(20)]],
    [b"SET", b"long", b"v" * 10_000],
]


def pack(fields):
    """Return a command as a client sends it."""
    return b"*%d\r\n" % len(fields) + b"".join(b"$%d\r\n%s\r\n" % (len(each), each) for each in fields)


@needs_redis
class RequestTests(unittest.TestCase):
    @parameterized.expand([(n,) for n in range(10)])
    def test_cut_anywhere(self, seed):
        """Each command comes once, when its last byte does."""
        from cachetest.adapters.redis.resp import Requests

        sent = [pack(command) for command in COMMANDS]
        data, chance = b"".join(sent), random.Random(seed)
        cuts = sorted(chance.sample(range(len(data)), chance.randrange(30)))
        requests, found, fed = Requests(), [], 0
        for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            found += requests.feed(data[start:end])
            fed += end - start
            self.assertEqual(len(found), sum(len(b"".join(sent[: n + 1])) <= fed for n in range(len(sent))))
        self.assertEqual(found, COMMANDS)

    def test_byte_by_byte(self):
        """A command may come in single bytes, and one without a name is none."""
        from cachetest.adapters.redis.resp import Requests

        requests, found = Requests(), []
        for number in b"*0\r\n*1\r\n$4\r\nPING\r\n":
            found += requests.feed(bytes([number]))
        self.assertEqual(found, [[b"PING"]])

    def test_forget(self):
        """A command that was begun can be forgotten."""
        from cachetest.adapters.redis.resp import Requests

        requests = Requests()
        self.assertEqual(requests.feed(b"*2\r\n$3\r\nGE"), [])
        requests.forget()
        self.assertEqual(requests.feed(b"*1\r\n$4\r\nPING\r\n"), [[b"PING"]])


@needs_redis
class ReplyTests(unittest.TestCase):
    @parameterized.expand(
        [
            (b"a\r\nb", b"$4\r\na\r\nb\r\n", b"$4\r\na\r\nb\r\n"),
            (None, b"$-1\r\n", b"_\r\n"),
            (True, b":1\r\n", b"#t\r\n"),
            (7, b":7\r\n", b":7\r\n"),
            (1.5, b"$3\r\n1.5\r\n", b",1.5\r\n"),
            ("x", b"$1\r\nx\r\n", b"$1\r\nx\r\n"),
            ([1, [None]], b"*2\r\n:1\r\n*1\r\n$-1\r\n", b"*2\r\n:1\r\n*1\r\n_\r\n"),
            ({b"a": 1}, b"*2\r\n$1\r\na\r\n:1\r\n", b"%1\r\n$1\r\na\r\n:1\r\n"),
            (frozenset([1]), b"*1\r\n:1\r\n", b"~1\r\n:1\r\n"),
        ]
    )
    def test_forms(self, reply, in_resp2, in_resp3):
        """A reply has the form of its protocol."""
        from cachetest.adapters.redis.resp import encode

        self.assertEqual((encode(reply, 2), encode(reply, 3)), (in_resp2, in_resp3))

    def test_push(self):
        """A message that comes unasked is marked so in RESP3."""
        from cachetest.adapters.redis.resp import encode

        self.assertEqual(encode([1], 2, push=True), b"*1\r\n:1\r\n")
        self.assertEqual(encode([1], 3, push=True), b">1\r\n:1\r\n")

    def test_no_form(self):
        """An object that has no form is an error that shows it."""
        from cachetest.adapters.redis.resp import encode

        with self.assertRaisesRegex(TypeError, "no form in RESP: <object"):
            encode(object(), 2)


if __name__ == "__main__":
    unittest.main()
