"""The report as a page, in a real browser."""

import tempfile
import threading
import unittest
from contextlib import ExitStack
from pathlib import Path

from parameterized import parameterized

from cachetest import MockBackend, PatchCaches
from cachetest._reports.files import write_reports
from cachetest._reports.recorder import Recorder

from ..browser import browser, needs_chromium
from ..support import takes_a_while

HOSTILE = "</script><script>document.title='taken over'</script><img src=x onerror=alert(1)>\u202e\ud800"


def record_tests():
    """Return a recorder that has three tests: of two threads, of many operations, and a hostile one."""
    recorder = Recorder()
    with recorder:
        with PatchCaches():
            prices = MockBackend("prices")
            prices.put("lamp:de", 1)
            worker = threading.Thread(target=lambda: prices.get("lamp:fr"), name="worker")
            worker.start()
            worker.join()
        with PatchCaches():
            for n in range(700):
                MockBackend("pages").get(f"page {n}")
        with PatchCaches():
            MockBackend(HOSTILE).get(HOSTILE)
            with PatchCaches():
                MockBackend("inner").get("x" * 1_000_000)
    for test, name in zip(recorder.tests, ("threads", "many", HOSTILE), strict=True):
        test.label, test.outcome = name, "passed"
    recorder.tests[1].cost = 2.0
    return recorder


@needs_chromium
@takes_a_while
class PageTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            cls.page = folder / "report.html"
            write_reports([str(cls.page)], record_tests())
            cls.browser = stack.enter_context(browser())
            cls.addClassCleanup(stack.pop_all().close)

    def setUp(self):
        self.browser.command("Emulation.clearDeviceMetricsOverride")
        self.browser.command("Emulation.setEmulatedMedia", features=[])
        self.browser.open(self.page)

    def labels(self):
        """Return the first letters of the tests that are shown, in their order."""
        return self.browser.run(
            "return [...document.querySelectorAll('#tests tbody:not([hidden]) .open')]"
            ".map(each => each.textContent.slice(0, 7))"
        )

    def open_test(self, start):
        """Open the test whose name begins with *start*."""
        self.browser.run(
            "const all = [...document.querySelectorAll('.open')];"
            "all.find(each => each.textContent.startsWith(arguments[0])).click()",
            start,
        )

    def text(self, selector):
        """Return the text of each element that *selector* finds."""
        return self.browser.run(
            "return [...document.querySelectorAll(arguments[0])].map(each => each.textContent)", selector
        )

    def focus(self):
        """Return the text of the element that keys go to."""
        return self.browser.run("return document.activeElement.textContent || document.activeElement.id")

    def test_nothing_is_loaded(self):
        """The page asks for nothing, and its console is empty."""
        self.browser.errors()
        self.browser.open(self.page)
        self.assertEqual(self.browser.run("return performance.getEntriesByType('resource').length"), 0)
        self.assertEqual(self.browser.errors(), [])

    def test_order(self):
        """First is the test that spent most on misses; a click on a head sorts by it, up or down."""
        self.assertEqual(self.labels()[0], "many")
        self.browser.click("#tests th:first-child button")
        self.assertEqual(self.labels(), ["threads", "many", "</scrip"])
        self.browser.click("#tests th:first-child button")
        self.assertEqual(self.labels(), ["</scrip", "many", "threads"])
        self.assertEqual(
            self.browser.run("return document.querySelector('#tests th').getAttribute('aria-sort')"),
            "ascending",
        )

    def test_lanes(self):
        """A test that is opened shows its operations, those of each thread in a lane of its own."""
        self.open_test("threads")
        self.assertEqual(self.text(".lane"), ["MainThread", "worker"])
        self.assertEqual([each.split()[0] for each in self.text(".op")], ["put'lamp:de'", "miss'lamp:fr'"])
        columns = "return [...document.querySelectorAll('.op')].map(each => each.style.gridColumnStart)"
        self.assertEqual(self.browser.run(columns), ["1", "2"])
        self.open_test("threads")
        self.assertEqual(self.text(".op"), [])

    def test_explanation(self):
        """A click on a miss tells why, and where; another one takes that away."""
        self.open_test("threads")
        self.browser.click(".op.miss")
        (told,) = self.text(".told")
        self.assertIn("part 2: 'de' -> 'fr'", told)
        self.assertIn("test_page.py", told)
        self.browser.click(".op.miss")
        self.assertEqual(self.text(".told"), [])

    def test_keyboard(self):
        """All of it is done with keys alone."""
        self.browser.press("/")
        self.assertEqual(self.focus(), "search")
        self.browser.run("document.querySelector('.open').focus()")
        self.browser.press("Enter", "Down")
        self.assertIn("page 0", self.focus())
        self.browser.press("Down", "Enter")
        self.assertIn("operation 2", self.text(".told")[0])
        self.browser.press("Escape", "Up")
        self.assertEqual(self.text(".told"), [])
        self.assertIn("page 0", self.focus())

    def test_search(self):
        """What is searched for is in the name of a test or in a key; its operations are marked."""
        self.browser.press("/", *"LAMP:F")
        self.browser.wait("document.querySelectorAll('#tests tbody[hidden]').length === 2")
        self.assertEqual(self.labels(), ["threads"])
        self.assertEqual(self.text("#count"), ["1 of 3 tests"])
        self.open_test("threads")
        self.assertEqual(len(self.text(".op.found")), 1)
        self.browser.press("/")
        self.browser.run("document.querySelector('#search').focus()")
        self.browser.press("Escape")
        self.assertEqual(len(self.labels()), 3)

    def test_many_operations(self):
        """Of very many operations the first are shown, and more when asked for."""
        self.open_test("many")
        self.assertEqual(len(self.text(".op")), 500)
        self.assertIn("500 of 700", self.text(".next")[0])
        self.browser.run("document.querySelector('.next').click()")
        self.assertEqual(len(self.text(".op")), 700)

    def test_hostile_texts(self):
        """Names and keys that are markup are shown as text, and nothing in them is run."""
        self.open_test("</script>")
        self.assertEqual(self.browser.run("return document.title"), "Caches in the tests")
        self.assertEqual(self.text("img"), [])
        name = HOSTILE.replace("\u202e\ud800", "\\u202e\\ud800")
        self.assertIn(name, self.text(".open"))
        self.assertIn(repr(HOSTILE)[:100], self.text(".op")[0])
        self.assertIn("inner", self.text(".op")[1])
        self.browser.click(".op")
        self.assertIn(repr(HOSTILE)[:100], self.text(".told")[0])
        self.assertEqual(self.text(".told img"), [])

    @parameterized.expand([("threads",), ("many",), ("</script>",)])
    def test_narrow(self, start):
        """On a telephone nothing is wider than the screen."""
        self.browser.command(
            "Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=1, mobile=True
        )
        self.browser.open(self.page)
        self.open_test(start)
        self.browser.run("document.querySelector('.op').click()")
        self.assertEqual(self.browser.run("return document.documentElement.scrollWidth"), 360)
        right = "return document.querySelector('.told').getBoundingClientRect().right"
        self.assertLessEqual(self.browser.run(right), 360)

    def test_dark(self):
        """In the dark the page is dark, and its text is light."""
        background = "return getComputedStyle(document.body).backgroundColor"
        self.assertEqual(self.browser.run(background), "rgb(255, 255, 255)")
        self.browser.command(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}]
        )
        self.assertEqual(self.browser.run(background), "rgb(20, 24, 29)")


if __name__ == "__main__":
    unittest.main()
