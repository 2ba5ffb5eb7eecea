"""The files of a report: their endings, their layout, and what of a program can't break them."""

import contextlib
import io
import json
import os
import tracemalloc
import unittest
import zlib
from html.parser import HTMLParser
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, Fails, MockBackend, PatchCaches
from cachetest._reports import html
from cachetest._reports.files import validate_report, write_reports
from cachetest._reports.record import Report, TestRecord
from cachetest._reports.recorder import Recorder

from ..support import EXHAUSTIVE, ROOT, needs
from .recorded import HOSTILE, ReportCase, record


def hostile_run():
    """Return a recorder with a hostile name of a test, of a cache, a key, a value, and an error."""

    def block(prices, caches):
        evil = MockBackend(HOSTILE[:60])
        evil.get(HOSTILE)
        evil.put(HOSTILE, HOSTILE)
        evil.get(HOSTILE + "y")
        with caches.inject(Fails(RuntimeError(HOSTILE)), on="get"), contextlib.suppress(RuntimeError):
            prices.get(HOSTILE)

    return record(block, label=HOSTILE)


class ValidateTests(ReportCase):
    @parameterized.expand([("a.txt",), ("a.json",), ("A.HTML",), ("github",)])
    def test_known(self, path):
        """These are known, in either case."""
        self.assertEqual(validate_report(path), path)

    @parameterized.expand([("a.xml",), ("json",), ("a.json.gz",), ("",)])
    def test_unknown(self, path):
        """An unknown ending is an error that lists those that are known."""
        with self.assertRaisesRegex(ValueError, r"ends in \.txt, \.json, \.html, or is the word 'github'"):
            validate_report(path)

    def test_folder(self):
        """So is a folder that is not there, before any test is run."""
        with self.assertRaisesRegex(ValueError, "there is no folder"):
            validate_report(str(self.folder / "none" / "a.txt"))

    def test_nothing_is_written(self):
        """Where one of several is wrong, none is written."""
        good = self.folder / "a.txt"
        with self.assertRaises(ValueError):
            write_reports([str(good), "a.xml"], Recorder())
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_old_file_stays(self):
        """A report that can't be written leaves the one before it as it was, and no other file."""
        path = self.folder / "a.txt"
        path.write_text("old")
        broken = TestRecord("t", packed=b"no zlib")
        with self.assertRaises(zlib.error):
            write_reports([str(path)], Report([broken]))
        self.assertEqual((path.read_text(), len(list(self.folder.iterdir()))), ("old", 1))


class LayoutTests(ReportCase):
    class Tests(CacheTestCase):
        def test_all(self):
            prices = MockBackend("prices")
            prices.put(("lamp", 1.5, float("nan"), None, b"x", ("a", ("b", 1))), 1)
            prices.get(("lamp", 1.5, float("nan"), None, b"x", ("a", ("b", 2))))
            self.caches.prices.record("bypass", "no shape env")
            with PatchCaches():
                MockBackend("prices").get(1 << 20_000)

    @parameterized.expand([("hostile",), ("all",), ("none",)])
    @needs("jsonschema", "jsonschema")
    def test_schema(self, which):
        """A report is as the schema in the documentation has it."""
        import jsonschema

        recorder = Recorder()
        if which == "hostile":
            recorder = hostile_run()
        elif which == "all":
            with recorder:
                self.Tests("test_all").debug()
            recorder.add_outcome("another", "skipped", None)
        data = json.loads(self.write(recorder).read_text(encoding="ascii"))
        schema = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(data, schema)
        self.assertEqual(len(data["tests"]), {"hostile": 1, "all": 2, "none": 0}[which])

    def test_parts_once(self):
        """The parts of a key are there once, however often it was asked for."""

        def block(prices, caches):
            for _ in range(3):
                prices.get("lamp:de")

        (test,) = json.loads(self.write(record(block)).read_text())["tests"]
        self.assertEqual(
            test["caches"]["prices"]["keys"],
            [{"text": "'lamp:de'", "parts": [["part 1", "lamp"], ["part 2", "de"]]}],
        )

    def test_long_keys_are_told_apart(self):
        """Keys that begin in the same way, or are nested alike, have another hash each."""

        def block(prices, caches):
            for key in (
                "x" * 1000,
                "x" * 1001,
                b"x" * 1000,
                ((((1,),),),),
                ((((2,),),),),
                1 << 5000,
                2 << 5000,
            ):
                prices.get(key)

        (test,) = json.loads(self.write(record(block)).read_text())["tests"]
        keys = [(each["text"], each.get("hash")) for each in test["caches"]["prices"]["keys"]]
        self.assertEqual(len(set(keys)), 7, keys)

    def test_memory(self):
        """A report of many tests is never in memory as a whole."""
        (test,) = record(lambda prices, caches: [prices.get(n) for n in range(2_000)]).tests
        report = Report([test] * 200)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        path = self.write(report)
        self.assertGreater(path.stat().st_size, 20_000_000)
        self.assertLess(tracemalloc.get_traced_memory()[1], 4_000_000)


class Parsed(HTMLParser):
    """A page, as a browser reads its tags."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.data, self.scripts = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        (self.scripts if self.tags[-1:] and self.tags[-1][0] == "script" else self.data).append(data)


class HostileTests(ReportCase):
    def lines(self, ending):
        return self.write(hostile_run(), ending).read_text(encoding="utf-8")

    def test_json(self):
        """A file is ASCII, and gives back what went in."""
        path = self.write(hostile_run())
        (test,) = json.loads(path.read_bytes().decode("ascii"))["tests"]
        self.assertEqual(test["label"], HOSTILE)

    @parameterized.expand([(".txt",), (".html",)])
    def test_no_controls(self, ending):
        """Nothing in a text file can turn a line, end it, or be obeyed by a terminal."""
        text = self.lines(ending)
        for mark in ("\u202e", "\x1b", "\ud800", "onerror=alert(1)> x\n"):
            self.assertNotIn(mark, text)

    def test_markdown(self):
        """Nor is any of it markup in the summary of a job, or ends a cell."""
        file = self.folder / "summary"
        with mock.patch.dict(os.environ, {"GITHUB_STEP_SUMMARY": str(file)}):
            write_reports(["github"], hostile_run())
            write_reports(["github"], hostile_run())
        text = file.read_text(encoding="utf-8")
        self.assertEqual(text.count("## Caches"), 2)
        self.assertNotIn("<img", text)
        self.assertNotIn("\u202e", text)
        self.assertLess(len(text), 20_000)
        cells = {line.count("|") for line in text.splitlines() if line.startswith("|")}
        self.assertEqual(cells, {8, 6})

    def test_markdown_is_printed(self):
        """Where GitHub names no file, it is printed."""
        with mock.patch.dict(os.environ), contextlib.redirect_stdout(io.StringIO()) as out:
            os.environ.pop("GITHUB_STEP_SUMMARY", None)
            write_reports(["github"], record(lambda prices, caches: prices.get("lamp")))
        self.assertIn("| prices | 0 | 0 | 1 |", out.getvalue())

    def test_html(self):
        """A page has no tags but its own, asks for nothing, and its data can be parsed."""
        found = Parsed(self.lines(".html"))
        self.assertNotIn("img", [tag for tag, _ in found.tags])
        scripts = [attrs for tag, attrs in found.tags if tag == "script"]
        self.assertEqual(scripts, [{"type": "application/json", "id": "d0"}, {}])
        asked = [
            (tag, attrs) for tag, attrs in found.tags if {"src", "href", "onclick", "style"} & set(attrs)
        ]
        self.assertEqual(asked, [])
        data = json.loads(found.scripts[0])
        self.assertEqual([row[0] for row in data["ops"]], [1, 2, 3, 4])

    def test_html_size(self):
        """However much there is, a page has no more data than opens quickly, and says what it lacks."""
        # A tenth of each is as good a sample.
        part = 1 if EXHAUSTIVE else 10
        count = 9_000 // part
        (test,) = record(lambda prices, caches: [prices.get("x" * 80 + str(n)) for n in range(count)]).tests
        most = {name: getattr(html, name) // part for name in ("_MOST_DATA", "_MOST_OPERATIONS")}
        with mock.patch.multiple(html, **most):
            path = self.write(Report([test] * 20), ".html")
        self.assertLess(path.stat().st_size, 10_000_000 // part)
        self.assertIn(f"{count:,} earlier operations are not on this page", path.read_text())


if __name__ == "__main__":
    unittest.main()
