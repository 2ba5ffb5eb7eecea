"""Reports that are read: of both versions, as they were written or laid out anew, and files that are none."""

import json
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import MockBackend, PatchCaches
from cachetest._reports import reading
from cachetest._reports.reading import read_report
from cachetest._reports.record import Report
from cachetest._reports.why import compare

from .recorded import ReportCase, record


def run(prices, caches):
    prices.get("lamp:de")
    prices.put("lamp:de", 1)
    prices.get("lamp:de")
    prices.get(7)
    with PatchCaches():
        MockBackend("prices").get("inner")


def other_run(prices, caches):
    prices.get("lamp:fr")
    prices.get(7)


class ReadingTests(ReportCase):
    def as_version_1(self, block):
        """Return the path of what `as_dict` gives of a scope."""
        path = self.folder / f"{block.__name__}.json"
        with PatchCaches() as patch:
            block(MockBackend("prices"), patch.caches)
            path.write_text(json.dumps(patch.caches.as_dict()), encoding="utf-8")
        return path

    def test_version_2(self):
        """A test has its caches, those of its blocks as well, and each key what was done to it."""
        found = read_report(str(self.write(record(run, label="t"))))
        (test,) = found.tests.values()
        cache = test.caches["prices"]
        uses = {use.text: (use.counts, use.parts) for use in cache.keys.values()}
        self.assertEqual((cache.counts["misses"], cache.counts["hits"]), (3, 1))
        self.assertEqual(
            uses,
            {
                "'lamp:de'": ({"miss": 1, "put": 1, "hit": 1}, [["part 1", "lamp"], ["part 2", "de"]]),
                "7": ({"miss": 1}, None),
                "'inner'": ({"miss": 1}, None),
            },
        )

    def test_laid_out_anew(self):
        """A file that somebody has laid out in another way says the same."""
        path = self.write(Report(record(run, label="t").tests * 2))
        first = read_report(str(path)).tests
        self.assertEqual(list(first), ["t", "t (2)"])
        for indent in (None, 2):
            path.write_text(json.dumps(json.loads(path.read_text()), indent=indent))
            self.assertEqual(read_report(str(path)).tests, first)

    def test_read_by_tests(self):
        """A file as it was written is read a test at a time, and never as a whole."""
        path = self.write(record(run, label="t"))
        with mock.patch.object(reading.json, "load", side_effect=AssertionError):
            read_report(str(path))

    def test_version_1(self):
        """Files of version 1 are read, and compared with each other and with those of version 2."""
        one, other = self.as_version_1(run), self.as_version_1(other_run)
        new = [self.write(record(block)) for block in (lambda p, c: run_alone(p), other_run)]
        for before, after in ((one, other), (one, new[1]), (new[0], other)):
            with self.subTest(before=before.name, after=after.name):
                found = compare(read_report(str(before)), read_report(str(after)))
                self.assertEqual([each.lines for each in found.findings], [["part 2: 'de' -> 'fr'"]])
                self.assertEqual(found.findings[0].kind, "key")

    @parameterized.expand(
        [
            ("no_json", "x", "Expecting value"),
            ("empty", "", "Expecting value"),
            ("list", "[]", "it has no version"),
            ("other", '{"version": 3, "tests": []}', "of version 3, and this cachetest reads 1 and 2"),
            ("lacking", '{"version": 2}', "it lacks 'environment'"),
            ("strange", '{"version": 2, "environment": {}, "tests": [{"label": 1}]}', "expected string"),
            ("nested", "[" * 100_000, "recursion|Expecting|too many"),
        ]
    )
    def test_no_report(self, _, text, why):
        """A file that is no report says what it lacks, with its name."""
        path = self.folder / "a.json"
        path.write_text(text)
        with self.assertRaisesRegex(ValueError, f"(?s)a.json' is no report of cachetest: .*({why})"):
            read_report(str(path))

    def test_no_text(self):
        """Nor is one that is not text at all."""
        path = self.folder / "a.json"
        path.write_bytes(b"\xff\xfe\x00")
        with self.assertRaisesRegex(ValueError, "is no report of cachetest"):
            read_report(str(path))

    @parameterized.expand([(2,), (5,), (200,)])
    def test_cut_off(self, most):
        """A file whose end is missing is no report, wherever it ends."""
        path = self.write(Report(record(run, label="t").tests * 2))
        text = path.read_text()
        path.write_text("\n".join(text.splitlines()[:most])[: -1 if most < 5 else None].removesuffix("\n]}"))
        with self.assertRaisesRegex(ValueError, "is no report of cachetest"):
            read_report(str(path))


def run_alone(prices):
    prices.get("lamp:de")
    prices.put("lamp:de", 1)
    prices.get("lamp:de")
    prices.get(7)


if __name__ == "__main__":
    unittest.main()
