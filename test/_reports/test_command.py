"""``python -m cachetest why``: what it prints, and what it returns."""

import contextlib
import io
import unittest

from parameterized import parameterized

from cachetest.__main__ import main

from ..support import run_python
from .recorded import ReportCase, record


class WhyTests(ReportCase):
    def setUp(self):
        super().setUp()

        def warm(prices, caches):
            caches.prices.cache["lamp:de"] = 1
            prices.get("lamp:de")

        self.paths = [str(self.write(record(block))) for block in (warm, lambda p, c: p.get("lamp:fr"))]

    def call(self, *arguments, encoding="utf-8"):
        """Return the exit code, and what is printed to both streams."""
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()) as errors:
            try:
                code = main(["why", *arguments])
            except SystemExit as end:
                code = end.code
        out.flush()
        return code, out.buffer.getvalue().decode(encoding), errors.getvalue()

    def test_printed(self):
        """It prints what differs, and exits with 0."""
        code, out, errors = self.call(*self.paths)
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("hit then, missed now: part 2: 'de' -> 'fr'\n", out)

    @parameterized.expand([("miss", 1), ("refusal", 0), ("miss,refusal", 1), ("refusal, miss", 1)])
    def test_fail_on(self, kinds, code):
        """It exits with 1 where there is what it is to fail on."""
        self.assertEqual(self.call(*self.paths, "--fail-on", kinds)[0], code)

    @parameterized.expand(
        [("kind", ["--fail-on", "hit"], "'hit' is none of miss, refusal"), ("one", [], "AFTER")]
    )
    def test_wrong_arguments(self, _, more, why):
        """Wrong arguments are told, and it exits with 2."""
        code, out, errors = self.call(*self.paths[: len(more)], *more)
        self.assertEqual((code, out), (2, ""))
        self.assertIn(why, errors)

    def test_no_file(self):
        """So is a file that is not there, or no report."""
        code, _, errors = self.call(self.paths[0], "none.json")
        self.assertEqual(code, 2)
        self.assertIn("none.json", errors)
        self.assertEqual(self.call(self.paths[0], __file__)[0], 2)

    def test_terminal_without_the_character(self):
        """A terminal that lacks a character is shown an escape."""
        after = str(self.write(record(lambda prices, caches: prices.get("lamp:ü"))))
        _, out, _ = self.call(self.paths[0], after, encoding="ascii")
        self.assertIn("part 2: 'de' -> '\\xfc'", out)

    def test_in_a_process(self):
        """It is a command."""
        done = run_python("-m", "cachetest", "why", *self.paths, "--fail-on", "miss")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("part 2: 'de' -> 'fr'", done.stdout)


if __name__ == "__main__":
    unittest.main()
