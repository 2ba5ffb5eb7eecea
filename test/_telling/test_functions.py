"""The function that a line is in: a comprehension counts as the one around it."""

import linecache
import unittest

from parameterized import parameterized

from cachetest._recording.operation import Location
from cachetest._telling.functions import function_of

SOURCE = """\
def prices(items):
    found = [get(each) for each in items]
    return {
        each: get(each)
        for each in found
    }, lambda: {get(each) for each in items}

class Shop:
    names = list(get(each) for each in range(2))

[get(each) for each in range(2)]
"""


class FunctionTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("<listcomp>", 2, "prices"),
            ("<dictcomp>", 4, "prices"),
            ("<setcomp>", 6, "<lambda>"),
            ("<genexpr>", 9, "Shop"),
            ("<listcomp>", 11, "<module>"),
            ("<listcomp>", 5, "<listcomp>"),
            ("<lambda>", 6, "<lambda>"),
            ("prices", 2, "prices"),
        ]
    )
    def test_around(self, name, line, function):
        """A comprehension counts as the function around it, also in a Python that has a function for it."""
        self.addCleanup(linecache.cache.pop, "shop", None)
        linecache.cache["shop"] = (len(SOURCE), None, SOURCE.splitlines(keepends=True), "shop")
        self.assertEqual(function_of(Location("shop", line, name)), function)

    def test_no_source(self):
        """Without a source its name is all there is."""
        for text in ("", "def ("):
            linecache.cache["none" + text] = (len(text), None, [text], "none")
            self.addCleanup(linecache.cache.pop, "none" + text, None)
            self.assertEqual(function_of(Location("none" + text, 1, "<listcomp>")), "<listcomp>")


if __name__ == "__main__":
    unittest.main()
