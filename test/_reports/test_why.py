"""The comparison of two runs: what it finds, in which order, and what it says where it can't know."""

import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import MockBackend, PatchCaches
from cachetest._recording import numbering
from cachetest._reports.pairs import NO_PARTS, NOT_COVERED
from cachetest._reports.reading import read_report
from cachetest._reports.record import Report, merge
from cachetest._reports.recorder import Recorder
from cachetest._reports.why import compare
from cachetest._telling.formatting import Shown

from .recorded import HOSTILE, ReportCase, record


def loading(*keys):
    """Return a block that looks up each of *keys*, and puts what it misses, twice."""

    def block(prices, caches):
        for key in keys * 2:
            if prices.get(key) is None:
                prices.put(key, 1)

    return block


def warm(*keys):
    """Return a block that finds each of *keys* in the cache."""

    def block(prices, caches):
        caches.prices.cache.update(dict.fromkeys(keys, 1))
        for key in keys:
            prices.get(key)

    return block


class FoundTests(ReportCase):
    def only(self, before, after):
        """Return the one finding of the comparison."""
        found = self.compare(before, after).findings
        self.assertEqual(len(found), 1, found)
        return found[0]

    def test_same(self):
        """Two runs that did the same have no findings, and that is said."""
        found = self.compare(loading("lamp", "shoe"), loading("lamp", "shoe"))
        self.assertEqual((found.findings, str(found)), ([], "No key, and no count, differs."))

    def test_part_of_a_key(self):
        """A hit that is a miss since a part of its key is another names the part, on one line."""
        found = self.only(warm('{"item": 1, "fast": true}'), loading('{"item": 1, "fast": false}'))
        self.assertEqual((found.kind, found.lines), ("miss", ["fast: True -> False"]))
        self.assertRegex(found.told()[0], r"^prices, hit then, missed now, .*s: fast: True -> False$")

    def test_cold_both_times(self):
        """Where both runs are cold, the key is another all the same; nothing that was hit is missed."""
        found = self.only(loading("lamp:de"), loading("lamp:fr"))
        self.assertEqual((found.kind, found.lines), ("key", ["part 2: 'de' -> 'fr'"]))

    def test_many_keys_of_one_cause(self):
        """What has the same cause is told once, with how many keys it concerns."""
        keys = [[f'{{"item": {n}, "lang": "{lang}"}}' for n in range(40)] for lang in ("de", "fr")]
        found = self.only(loading(*keys[0]), loading(*keys[1]))
        self.assertEqual((found.lines, len(found.keys)), (["lang: 'de' -> 'fr'"], 40))
        self.assertIn("40 keys that are others now", found.told()[0])
        self.assertIn(f"key {keys[0][0]!r} then, {keys[1][0]!r} now, and 39 more", found.told()[1])

    def test_same_key_is_missed(self):
        """A key that is the same and missed now is told with the explanation of the later run."""

        def after(prices, caches):
            warm("lamp")(prices, caches)
            caches.prices.delete("lamp")
            prices.get("lamp")

        found = self.only(warm("lamp"), after)
        self.assertEqual(found.kind, "miss")
        self.assertIn("deleted by operation", found.lines[0])
        self.assertIn("came from by hand", found.lines[-1])

    def test_missed_again(self):
        """A key that is missed once more than then is told with the reason of that miss, not of the first."""

        def after(prices, caches):
            loading("lamp")(prices, caches)
            caches.prices.delete("lamp")
            prices.get("lamp")

        found = self.only(loading("lamp"), after)
        self.assertEqual(found.kind, "miss")
        self.assertIn("put, then deleted by operation 4", found.lines[0])

    def test_counts(self):
        """A key that is asked for more often, with no hit lost, is told by its counts."""
        found = self.only(
            loading("lamp"), lambda prices, caches: [loading("lamp")(prices, caches), prices.get("lamp")]
        )
        self.assertEqual((found.kind, found.lines), ("counts", ["hit 1 -> 2"]))

    def test_only_in_one(self):
        """Keys that are in one run only, and like none of the other's, are told as that."""
        found = self.compare(loading("lamp"), loading("lamp", "9f" * 20)).findings
        self.assertEqual(
            [(each.kind, each.lines) for each in found],
            [("new", ["only in the run after: miss 1, put 1, hit 1"])],
        )
        found = self.compare(loading("lamp", "9f" * 20), loading("lamp")).findings
        self.assertEqual([each.kind for each in found], ["gone"])

    def test_nothing_in_common(self):
        """Keys that have nothing in common are not taken for each other."""
        found = self.compare(loading("lamp"), loading("9f" * 20)).findings
        self.assertCountEqual([each.kind for each in found], ["new", "gone"])

    def test_cache_in_one(self):
        """So are caches."""
        found = self.only(loading(), loading("lamp"))
        self.assertEqual(
            (found.kind, found.cache, found.lines), ("new", "prices", ["used in the run after only"])
        )

    def test_bypass(self):
        """A library that does not ask any more has a reason, which is no key."""
        found = self.only(
            lambda prices, caches: prices.get("lamp"),
            lambda prices, caches: [
                prices.get("lamp"),
                caches.prices.record("bypass", Shown("no shape env")),
            ],
        )
        self.assertEqual((found.lines, found.keys), (["not asked, in the run after only: no shape env"], []))

    def test_refusal(self):
        """An entry that is refused now is told with the reason of its library."""
        found = self.only(
            warm("lamp"),
            lambda prices, caches: [
                warm("lamp")(prices, caches),
                caches.prices.record("refusal", "lamp", known={"error": "its guards failed: x > 3"}),
            ],
        )
        self.assertEqual((found.kind, found.lines), ("refusal", ["its guards failed: x > 3"]))

    def test_parts_that_cover_nothing(self):
        """A difference of keys that no recorded part covers is told as that."""

        class Explainer:
            def components(self, cache, key):
                return [("config", "fast"), ("graph", "a+b")]

            def why_opaque(self, cache):
                return ""

        def run(key):
            def made(prices, caches):
                caches.ensure("prices").explainer = Explainer()
                prices.get(key)

            return made

        found = self.only(run("f0a1"), run("f9c7"))
        self.assertEqual(found.lines, [NOT_COVERED])

    def test_no_parts(self):
        """Keys that are alike and of which nothing is known are told as that."""
        found = self.only(loading("settings-abc"), loading("settings-abd"))
        self.assertEqual(found.lines, [NO_PARTS])


class OrderTests(ReportCase):
    def setUp(self):
        super().setUp()
        self.now = 0.0
        patch = mock.patch.object(numbering, "_NOW", (lambda: self.now,))
        patch.start()
        self.addCleanup(patch.stop)

    def slow(self, **seconds):
        """Return a block that loads keys, each in so many seconds."""

        def block(prices, caches):
            for key, each in seconds.items():
                prices.get(key)
                self.now += each
                prices.put(key, 1)

        return block

    def test_by_cost(self):
        """The finding that cost most comes first, with what it cost."""
        found = self.compare(loading("lamp:de", "shoe|x"), self.slow(**{"lamp:fr": 1.0, "shoe|y": 30.0}))
        self.assertEqual([each.cost for each in found.findings], [30.0, 1.0])
        self.assertIn("30.0 s: part 2: 'x' -> 'y'", found.lines()[0])

    def test_most_are_shown(self):
        """Of very many findings the dearest are shown, and how many there are beside them."""
        after = self.slow(**{f"{chr(97 + n % 26) * 3}{n * 7919}|{n}": 1.0 for n in range(40)})
        with mock.patch("cachetest._reports.why._SHOWN_FINDINGS", 3):
            found = self.compare(loading(*(f"{n * 104729}|{n + 1}:{n}" for n in range(40))), after)
            self.assertIn(f"{len(found.findings) - 3} more differences cost less", found.lines())


class TestsTests(ReportCase):
    def run_of(self, **tests):
        """Return a run of several tests, each with the keys that it loads."""
        return merge([record(loading(*keys), label=label) for label, keys in tests.items()])

    def both(self, before, after):
        paths = [self.write(each) for each in (before, after)]
        return compare(*(read_report(str(path)) for path in paths))

    def test_by_label(self):
        """Tests are compared by their labels; those of one run only are told as that."""
        found = self.both(
            self.run_of(a=["k:1"], b=["k:1"], c=["k:9"]), self.run_of(a=["k:2"], b=["k:2"], d=["k:3"])
        )
        told = [(each.kind, each.lines, list(each.tests)) for each in found.findings]
        self.assertCountEqual(
            told,
            [
                ("key", ["part 2: '1' -> '2'"], ["a", "b"]),
                ("new", ["only in the run after"], ["d"]),
                ("gone", ["only in the run before"], ["c"]),
            ],
        )
        self.assertIn("     in a, b", found.lines())

    def test_program_by_another_name(self):
        """The only test of each is the same, whatever it is called."""
        found = self.both(self.run_of(a=["k"]), self.run_of(b=["k"]))
        self.assertEqual(found.findings, [])

    def test_other_machine(self):
        """A block is the same in another folder, or some lines further down; the machines are told."""
        runs = [self.run_of(one=["k"], two=["j"]) for _ in range(2)]
        for run, place in zip(runs, ("/home/a/x.py:3", "C:\\work\\x.py:17"), strict=True):
            run.tests[0].label = f"the block at {place} in main"
        with mock.patch("cachetest._reports.layout.environment", lambda: {"python": "CPython 3.10.1"}):
            path = self.write(runs[0])
        found = compare(read_report(str(path)), read_report(str(self.write(runs[1]))))
        self.assertEqual(found.findings, [])
        self.assertRegex(found.lines()[0], r"^python: CPython 3\.10\.1 then, .* now$")

    def test_addresses(self):
        """An object without a repr of its own has another address in each run, and is no other key."""

        class Key:
            pass

        found = self.compare(loading(Key()), loading(Key()))
        self.assertEqual(found.findings, [])

    def test_log_that_is_cut(self):
        """Where the oldest operations are gone, that is said."""

        def run():
            recorder = Recorder()
            with recorder, PatchCaches(log_length=2):
                loading("lamp", "shoe")(MockBackend("prices"), None)
            return recorder

        found = self.compare(run(), run())
        self.assertIn("The report before lacks the oldest operations of prices", found.lines()[-2])

    def test_hostile(self):
        """Nothing in names and keys is obeyed by a terminal."""
        found = self.both(
            Report([*self.run_of(a=["k:1"]).tests, *record(loading(HOSTILE), label=HOSTILE).tests]),
            Report([*self.run_of(a=["k:2"]).tests, *record(loading(HOSTILE + "y"), label=HOSTILE).tests]),
        )
        for line in found.lines():
            self.assertTrue(line.isprintable(), line[:200])
            self.assertLess(len(line), 3_000)
        self.assertIn(NO_PARTS, str(found))


class FailOnTests(ReportCase):
    @parameterized.expand(
        [
            ("miss", warm("lamp:de"), loading("lamp:fr"), ["miss"], True),
            ("other_kind", warm("lamp:de"), loading("lamp:fr"), ["refusal"], False),
            ("cold", loading("lamp:de"), loading("lamp:fr"), ["miss", "refusal"], False),
            ("nothing", warm("lamp"), warm("lamp"), ["miss", "refusal"], False),
        ]
    )
    def test_failures(self, _, before, after, kinds, fails):
        """It fails for what was hit then and is missed now, and for nothing that it was not told to."""
        self.assertEqual(bool(self.compare(before, after).failures(kinds)), fails)


if __name__ == "__main__":
    unittest.main()
