"""Scripts have the libraries that they have in Redis, and these do the same."""

import unittest

from parameterized import parameterized

from ...servers import needs_redis_server
from ...support import needs
from .redis_support import needs_redis
from .wire import Talk, both

NUMBERS = [
    *("0", "127", "128", "255", "256", "65535", "65536", "4294967295", "4294967296"),
    *("2^53", "-1", "-32", "-33", "-128", "-129", "-32768", "-32769", "-2147483648", "-2147483649", "-2^53"),
    *("0.5", "1/3", "-0.1", "1e300", "1/0"),
]
VALUES = [
    *("nil", "true", "false", *NUMBERS, "''", "'a'", "string.rep('a', 31)", "string.rep('a', 32)"),
    *("string.rep('a', 255)", "string.rep('a', 256)", "string.rep('a', 65536)", "{}", "{1, 2, {3, {4}}}"),
    *("{a = 1}", "{[1] = 1, [3] = 3}", "{[0] = 1}", "{{}, {b = {}}}", "{1, nil, 3}", "{[1.5] = 2}"),
]
# Lists and maps that are longer than their first byte tells, and one that is nested too deep.
MADE = [
    "local t = {} for n = 1, 15 do t[n] = n end return cmsgpack.pack(t)",
    "local t = {} for n = 1, 16 do t[n] = n end return cmsgpack.pack(t)",
    "local t = {} for n = 1, 65536 do t[n] = 1 end return cmsgpack.pack(t)",
    "local t = {} for n = 2, 17 do t[n] = 1 end return #cmsgpack.pack(t)",
    "local t = {} for n = 1, 20 do t = {t} end return cmsgpack.pack(t)",
    "return cmsgpack.pack(1, 'a', {2})",
]
READ = [
    "return {cmsgpack.unpack(cmsgpack.pack(1, 'a', {2}, {a = 5}))}",
    "return {cmsgpack.unpack_one(cmsgpack.pack(1, 'a'))}",
    "return {cmsgpack.unpack_one(cmsgpack.pack(1, 'a'), 1)}",
    "return {cmsgpack.unpack_limit(cmsgpack.pack(1, 'a', 3), 2)}",
    "return {cmsgpack.unpack_limit(cmsgpack.pack(1, 'a', 3), 2, 1)}",
    "return {cmsgpack.unpack('')}",
    r"return tostring(cmsgpack.unpack('\203\63\213\51\51\51\51\51\51'))",
    r"return cmsgpack.unpack('\217\3abc')",
    r"return cmsgpack.unpack('\221\0\0\0\2\1\2')",
    r"return cmsgpack.unpack('\223\0\0\0\1\161a\1').a",
    r"return cmsgpack.unpack('\208\128')",
    r"return tostring(cmsgpack.unpack('\211\255\255\255\255\255\255\255\254'))",
    "return cmsgpack.unpack(ARGV[1])['name']",
]
WRONG = [
    "return cmsgpack.pack()",
    r"return cmsgpack.unpack('\193')",
    r"return cmsgpack.unpack('\162a')",
    r"return cmsgpack.unpack('\196\3abc')",
    "return cmsgpack.unpack({})",
    "return cmsgpack.unpack_one('a', 2)",
    "return cmsgpack.unpack_limit('a', -1)",
    "return bit.band({}, 1)",
    "return bit.tohex('x')",
]
BITS = [
    "tobit(0xffffffff)",
    "tobit(2^31)",
    "tobit(-1.2)",
    "bnot(0)",
    "bnot(0x12345678)",
    "band(0x12345678, 0xff)",
    "band(7, 3, 2)",
    "bor(1, 2, 4, 2^31)",
    "bxor(0xa5a5f0f0, 0xaa55ff00)",
    "lshift(1, 31)",
    "lshift(1, 33)",
    "rshift(-256, 8)",
    "arshift(-256, 8)",
    "rol(0x12345678, 12)",
    "ror(0x12345678, 12)",
    "rol(1, 0)",
    "bswap(0x12345678)",
    "bswap(0xff)",
    "tohex(1)",
    "tohex(-1, 4)",
    "tohex(-1, -8)",
    "tohex(0x12345678, -2)",
    "tohex(255, 0)",
]


@needs_redis
@needs_redis_server
@needs("lupa", "fakeredis[lua]")
class LibraryTests(unittest.TestCase):
    def check(self, scripts, alike=lambda reply: reply):
        """Check that *scripts* come to the same as on a real server."""

        def play(port):
            with Talk(port, protocol=2) as talk:
                return [talk("EVAL", script, 0, b"\x81\xa4name\xa3Joe") for script in scripts]

        real, ours = both(play)
        for script, expected, got in zip(scripts, real, ours, strict=True):
            with self.subTest(script):
                self.assertEqual(alike(got), alike(expected))

    @parameterized.expand(
        [
            ("pack", [f"return cmsgpack.pack({value})" for value in VALUES]),
            ("pack_more", MADE),
            ("unpack", READ),
            ("unpack_packed", [f"return type(cmsgpack.unpack(cmsgpack.pack({each})))" for each in VALUES]),
            (
                "unpack_number",
                [f"return tostring(cmsgpack.unpack(cmsgpack.pack({each})))" for each in NUMBERS],
            ),
            ("bit", [f"return bit.{call}" for call in BITS]),
        ]
    )
    def test_same(self, _, scripts):
        """They answer as on a real server, to the byte."""
        self.check(scripts)

    def test_wrong(self):
        """What a real server refuses is refused."""
        self.check(WRONG, lambda reply: isinstance(reply, str))


if __name__ == "__main__":
    unittest.main()
