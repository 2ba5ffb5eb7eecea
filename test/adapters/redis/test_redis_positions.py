"""Positions have the digits, and are found in the order, that they have in a real Redis."""

import random
import unittest

from parameterized import parameterized

from ...servers import needs_redis_server, server
from ...support import sample_or_all
from .redis_support import needs_redis, patched
from .wire import Talk

MEMBERS = [b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h"]
PROGRAMS = 60
STEPS = 40

# Each of them, in this order: wrong arguments, and the borders.
FIXED = [
    "GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania",
    "GEOADD g NX CH 13 38 Palermo 12.758489 38.788135 edge",
    "GEOADD g XX CH 13.5 38 Palermo 1 1 nobody",
    "GEOADD g NX XX 1 1 x",
    "GEOADD g 1 1",
    "GEOADD g 1 1 x 2",
    "GEOADD g CH NX XX",
    "GEOADD g 181 1 x",
    "GEOADD g 1 -86 x",
    "GEOADD g one 1 x",
    "GEOADD g 180 85.05112878 x -180 -85.05112878 y 0 0 z",
    "SET s 1",
    "GEOADD s 1 1 x",
    "GEOPOS g x y z nobody Palermo",
    "GEOPOS nothing x",
    "GEOPOS g",
    "GEOHASH g x y z nobody Palermo",
    "GEOHASH nothing x y",
    "ZSCORE g Catania",
    "ZRANGE g 0 -1 WITHSCORES",
    "GEODIST g Palermo Catania",
    "GEODIST g Palermo Catania km",
    "GEODIST g Palermo Catania FT",
    "GEODIST g Palermo Catania mi",
    "GEODIST g Palermo Catania in",
    "GEODIST g Palermo Catania km km",
    "GEODIST g Palermo nobody",
    "GEODIST nothing Palermo Catania",
    "GEORADIUS g 15 37 200 km WITHDIST WITHHASH WITHCOORD",
    "GEORADIUS g 15 37 200 km WITHCOORD ASC COUNT 1",
    "GEORADIUS g 15 37 200 in",
    "GEORADIUS g 15 37 x km",
    "GEORADIUS g 15 37 -1 km",
    "GEORADIUS g 15 37 200 km COUNT 0",
    "GEORADIUS g 15 37 200 km COUNT x",
    "GEORADIUS g 15 37 200 km ANY",
    "GEORADIUS g 15 37 200 km NOSUCH",
    "GEORADIUS g 15 37 200 km STORE",
    "GEORADIUS g 15 37 200 km STORE t WITHDIST",
    "GEORADIUS g 15 37 200 km STOREDIST t",
    "ZRANGE t 0 -1 WITHSCORES",
    "GEORADIUS g 15 37 200 km STORE t",
    "ZRANGE t 0 -1 WITHSCORES",
    "GEORADIUS g 15 37 0 km STORE t",
    "EXISTS t",
    "GEORADIUS_RO g 15 37 200 km DESC",
    "GEORADIUS_RO g 15 37 200 km STORE t",
    "GEORADIUSBYMEMBER g Palermo 200 km WITHDIST",
    "GEORADIUSBYMEMBER g nobody 200 km",
    "GEORADIUSBYMEMBER nothing nobody x in",
    "GEORADIUSBYMEMBER nothing nobody 1 m STORE t",
    "GEORADIUSBYMEMBER_RO g Palermo 200 km ASC",
    "GEORADIUSBYMEMBER s Palermo 200 km",
    "GEORADIUS s x 38 200 km",
    "GEOSEARCH g FROMMEMBER Palermo BYBOX 400 400 km WITHDIST WITHCOORD WITHHASH",
    "GEOSEARCH g BYRADIUS 200 km FROMLONLAT 15 37 ASC",
    "GEOSEARCH g BYRADIUS 200 km BYRADIUS 1 m FROMLONLAT 1 1 FROMLONLAT 15 37",
    "GEOSEARCH g FROMMEMBER Palermo FROMLONLAT 15 37 BYRADIUS 1 m",
    "GEOSEARCH g FROMMEMBER Palermo BYBOX 1 1 m BYRADIUS 1 m",
    "GEOSEARCH g FROMMEMBER nobody BYBOX 1 1 m",
    "GEOSEARCH nothing FROMMEMBER nobody BYBOX 1 1 m",
    "GEOSEARCH g FROMLONLAT 1 91 BYBOX 1 1 m",
    "GEOSEARCH g FROMMEMBER Palermo BYBOX -1 1 m",
    "GEOSEARCH g FROMMEMBER Palermo BYBOX 1 y m",
    "GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 in",
    "GEOSEARCH g FROMMEMBER Palermo ASC WITHDIST WITHCOORD",
    "GEOSEARCH g BYRADIUS 1 m WITHDIST WITHCOORD ASC",
    "GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 m ANY",
    "GEOSEARCH g FROMMEMBER Palermo BYRADIUS 9 m STOREDIST",
    "GEOSEARCH g FROMMEMBER Palermo",
    "GEOSEARCHSTORE t g FROMMEMBER Palermo BYRADIUS 300 km",
    "ZRANGE t 0 -1 WITHSCORES",
    "GEOSEARCHSTORE t g FROMMEMBER Palermo BYRADIUS 300 km STOREDIST",
    "ZRANGE t 0 -1 WITHSCORES",
    "GEOSEARCHSTORE t g FROMMEMBER Palermo BYRADIUS 300 km WITHDIST",
    "GEOSEARCHSTORE t nothing FROMMEMBER Palermo BYRADIUS 300 km",
    "EXISTS t",
    "GEOSEARCHSTORE s g FROMMEMBER Palermo BYRADIUS 300 km COUNT 1",
    "TYPE s",
]


def number(chance, low, high):
    """Return a number as text, now and then a border."""
    return repr(chance.choice([chance.uniform(low, high), chance.uniform(low, high), 0.0, low, high]))


def point(chance, spread):
    """Return a position near one of a few centers, or anywhere."""
    if chance.random() < 0.3:
        return number(chance, -180, 180), number(chance, -85.05112878, 85.05112878)
    x, y = chance.choice([(0, 0), (13, 38), (179, -17), (-179.9, 66.5), (25, 81), (-60, -70)])
    shifted = x + chance.uniform(-spread, spread), y + chance.uniform(-spread, spread)
    return repr(max(-180, min(180, shifted[0]))), repr(max(-85, min(85, shifted[1])))


def random_command(chance, spread):
    """Return the words of a random command about positions."""
    unit, member = chance.choice(["m", "km", "ft", "mi"]), chance.choice(MEMBERS)
    reach = repr(10 ** chance.uniform(-1, 8) / {"m": 1, "km": 1000, "ft": 0.3, "mi": 1609}[unit])
    options = [
        word
        for words in (["WITHDIST"], ["WITHCOORD"], ["WITHHASH"], ["ASC"], ["DESC"], ["COUNT", "3"])
        if chance.random() < 0.3
        for word in words
    ]
    if "COUNT" in options and chance.random() < 0.5:
        options.append("ANY")
    start = chance.choice([["FROMMEMBER", member], ["FROMLONLAT", *point(chance, spread)]])
    shape = chance.choice([["BYRADIUS", reach, unit], ["BYBOX", reach, repr(float(reach) / 2), unit]])
    return chance.choice(
        [
            ["GEOADD", "g", *point(chance, spread), member],
            ["GEOADD", "g", *point(chance, spread), member],
            ["GEODIST", "g", member, chance.choice(MEMBERS), unit],
            ["GEOPOS", "g", *MEMBERS],
            ["GEOHASH", "g", *MEMBERS],
            ["GEOSEARCH", "g", *start, *shape, *options],
            ["GEOSEARCH", "g", *start, *shape, *options],
            ["GEORADIUS", "g", *point(chance, spread), reach, unit, *options],
            ["GEORADIUSBYMEMBER", "g", member, reach, unit, *options],
            ["ZADD", "g", chance.choice(["5", "0", "1.5", "4503599627370495"]), member],
        ]
    )


def play(commands, **options):
    """Send *commands* on a connection of its own, and return the replies as they are on the wire."""
    with Talk(**options) as talk:
        return [talk(*words) for words in commands]


@needs_redis_server
@needs_redis
class PositionTests(unittest.TestCase):
    def compare(self, commands, port, **options):
        """Have the real server and that of a test execute the same, and compare each reply."""
        real = play(commands, port=port, **options)
        with patched():
            ours = play(commands, port=port, **options)
        for words, expected, got in zip(commands, real, ours, strict=True):
            with self.subTest(command=words):
                self.assertEqual(got, expected)

    @parameterized.expand([(2,), (3,)])
    def test_fixed(self, protocol):
        """Each form and each error is that of the real one."""
        with server("redis-server") as port:
            self.compare([line.split() for line in FIXED], port, protocol=protocol)

    def test_random(self):
        """So are random programs: at any scale, near the poles, and across the date line."""
        with server("redis-server") as port:
            for seed in range(sample_or_all(8, PROGRAMS)):
                chance = random.Random(seed)
                spread = 10 ** chance.uniform(-3, 1)
                commands = [["FLUSHALL"]] + [random_command(chance, spread) for _ in range(STEPS)]
                with self.subTest(seed=seed):
                    self.compare(commands, port, protocol=chance.choice([2, 3]))


if __name__ == "__main__":
    unittest.main()
