"""The text of a snapshot: keys, functions, threads, and what is another in each run."""

import threading
import unittest
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool

from parameterized import parameterized

from cachetest import MockBackend, PatchCaches
from cachetest._telling.snapshots import plain, snapshot_differs, snapshot_lines, was_written

ONE, TWO = uuid.UUID(int=2**127), uuid.UUID(int=2**126)


@dataclass(frozen=True)
class Key:
    user: str


class Odd:
    def __repr__(self):
        raise ZeroDivisionError


def texts_of(caches, *patterns):
    # Other caches are there as well where their libraries have been imported.
    used = [each.history() for each in caches.values() if each.operations.total]
    return [line.text for line in snapshot_lines(used, patterns)]


class PlainTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("lamp", "lamp"),
            (":1:price:lamp", ":1:price:lamp"),
            ("two words/ü?a=1&b=2", "two words/ü?a=1&b=2"),
            ("1:lamp", "1:lamp"),
            ("-x", "-x"),
            ("", "''"),
            (" a", "' a'"),
            ("5", "'5'"),
            ("-1.5", "'-1.5'"),
            ("1_0", "'1_0'"),
            ("None", "'None'"),
            ("inf", "'inf'"),
            ("(1,)", "'(1,)'"),
            ("<1>", "'<1>'"),
            ("a\nb", r"'a\nb'"),
            ("\ud800", r"'\ud800'"),
            (5, "5"),
            (None, "None"),
            (b"lamp", "b'lamp'"),
            (("a", 1), "('a', 1)"),
            (frozenset("cab"), "frozenset({'a', 'b', 'c'})"),
            (((((((1,),),),),),), "((((((1,),),),),),)"),
            (Key("ada"), "Key(user='ada')"),
        ]
    )
    def test_written(self, key, text):
        """A text stands as it is, unless that could be something else's."""
        self.assertEqual(plain(key), text)

    def test_whole(self):
        """Nothing is left out, and what can't be written goes by its class."""
        self.assertEqual(len(plain("x" * 5_000)), 5_000)
        self.assertEqual(len(plain(("x" * 5_000,))), 5_005)
        self.assertRegex(plain(Odd()), "^<Odd instance at 0x[0-9a-f]+>$")


class LineTests(unittest.TestCase):
    def test_sections(self):
        """Caches go by their names, and operations in their order."""
        with PatchCaches() as patched:
            second, first = MockBackend("b"), MockBackend("a 1")
            second.get(1)
            first.put("x", 1)
            second.put(1, 1)
        self.assertEqual(
            texts_of(patched.caches),
            [
                "cache a 1",
                "  put x < test_sections",
                "cache b",
                "  miss 1 < test_sections",
                "  put 1 < test_sections",
            ],
        )

    def test_comprehensions(self):
        """What is looked up in one counts as that of its function, in each Python."""
        with PatchCaches() as patched:
            backend = MockBackend("a")
            [backend.get(n) for n in (1,)]
            {n: backend.get(n) for n in (2,)}
            for _ in (backend.get(n) for n in (3,)):
                pass
        names = [line.partition(" < ")[2] for line in texts_of(patched.caches)[1:]]
        self.assertEqual(names, ["test_comprehensions"] * 3)

    def test_threads(self):
        """Those of a cache go by what they did, however they are called and whichever was first."""
        expected = ["cache a, thread 1", "  miss 1 < get_all", "  miss 2 < get_all", "cache a, thread 2"]
        expected += ["  miss 2 < get_all", "cache a, thread 3", "  miss 3 < get_all"]

        def get_all(*keys):
            for key in keys:
                backend.get(key)

        for order in ((3,), (2,), (1, 2)), ((1, 2), (2,), (3,)):
            with PatchCaches() as patched:
                backend = MockBackend("a")
                for keys in order:
                    thread = threading.Thread(target=get_all, args=keys)
                    thread.start()
                    thread.join()
            self.assertEqual(texts_of(patched.caches), expected)

    @parameterized.expand([("executor", ThreadPoolExecutor), ("pool", ThreadPool)])
    def test_jobs(self, _, kind):
        """Each job of a pool has a section, whichever of its workers has done it."""
        expected = []
        for n in range(4):
            expected += [f"cache a, thread {n + 1}", f"  miss {n} < get_twice", f"  miss {n} < get_twice"]

        def get_twice(key):
            for _ in range(2):
                backend.get(key)

        for workers in (1, 2):
            with PatchCaches() as patched, kind(workers) as pool:
                backend = MockBackend("a")
                list(pool.map(get_twice, (3, 1, 0, 2)))
            self.assertEqual(texts_of(patched.caches), expected)
            names = {each.thread for each in patched.caches.a.operations}
            self.assertLessEqual(len(names), workers)

    def test_threads_that_are_alike(self):
        """Where they differ in what is volatile alone, those with known parts come first."""

        def look_up(user):
            backend.get(f"user:{user}")

        expected = ["cache a", "  put user:<1> < set_up", "cache b, thread 1", "  miss user:<1> < look_up"]
        expected += ["cache b, thread 2", "  miss user:<2> < look_up"]
        for order in ((ONE, TWO), (TWO, ONE)):
            with PatchCaches() as patched:
                backend = MockBackend("b")

                def set_up():
                    MockBackend("a").put(f"user:{ONE}", 1)

                set_up()
                for user in order:
                    thread = threading.Thread(target=look_up, args=(user,))
                    thread.start()
                    thread.join()
            self.assertEqual(texts_of(patched.caches), expected)

    def test_stores(self):
        """Where a cache has several, each line says which."""
        with PatchCaches() as patched:
            MockBackend("a").get("x")
            patched.caches.a.record("hit", "x", known={"store": "redis://h/1"})
        self.assertEqual(
            [line.partition(" < ")[0] for line in texts_of(patched.caches)[1:]],
            ["  miss x in None", "  hit x in redis://h/1"],
        )

    def test_long_key(self):
        """Of one that is very long, its ends are written, and a hash of what they leave out."""
        with PatchCaches() as patched:
            for middle in (f"x{ONE}", f"x{TWO}", "y"):
                MockBackend("a").get("x" * 400 + middle + "x" * 400)
        lines = texts_of(patched.caches)[1:]
        self.assertEqual(len(set(lines)), 3)
        for line in lines:
            self.assertRegex(
                line, r"^  miss x{200}\.\.\.x{200} \(\d+ characters, sha256 [0-9a-f]{16}\) < test_long"
            )


class FailureTests(unittest.TestCase):
    def lines(self):
        with PatchCaches() as patched:
            for n in range(50):
                MockBackend("a").get(f"k{n}")
                MockBackend("b").get(f"k{n}")
        return snapshot_lines([each.history() for each in patched.caches.values() if each.operations.total])

    def test_same(self):
        lines = self.lines()
        self.assertIsNone(snapshot_differs("f", [line.text for line in lines], lines, ["x"], "remedy"))

    def test_heads(self):
        """The head of what differs is shown, and the others are not."""
        lines = self.lines()
        expected = [line.text for line in lines]
        expected[30] = "  hit other < f"
        text = snapshot_differs("f", expected, lines, ["c", "d"], "remedy")
        self.assertTrue(
            text.startswith("not as in f: missing hit other < f; not expected miss k29 < lines\n"), text
        )
        self.assertIn("\n    cache a\n    ... 27 as expected\n      miss k27", text)
        self.assertNotIn("cache b", text)
        self.assertTrue(
            text.endswith("\n  remedy\n  used, and left out since their operations can't be known: 'c', 'd'"),
            text,
        )
        self.assertLess(text.count("\n"), 38)

    def test_heads_alone(self):
        """Also where they alone differ."""
        lines = self.lines()
        expected = [line.text.replace("cache b", "cache c") for line in lines]
        text = snapshot_differs("f", expected, lines, [], "remedy")
        self.assertIn("not as in f: other lines without operations\n", text)
        self.assertRegex(text, r"\n  - cache c\n  \+ cache b\n")

    def test_written(self):
        """Of a long one that was written, the first lines are shown."""
        text = was_written("f", self.lines(), [])
        self.assertEqual(text.count("\n"), 36)
        self.assertTrue(text.endswith("\n  ... 67 more lines"), text)


if __name__ == "__main__":
    unittest.main()
