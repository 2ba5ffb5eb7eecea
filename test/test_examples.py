import unittest

from parameterized import parameterized

from .pytest_runs import run_pytest
from .support import EXHAUSTIVE, ROOT, is_there, run_python
from .warm import run_unittest

EXAMPLES = ROOT / "examples"

# Each example, and the library that it can't do without.
PLAIN = ["test_catalog.py", "test_prices.py", "test_third_party.py"]
NEEDING = [
    ("test_cachetools.py", "cachetools"),
    ("test_django.py", "django"),
    ("test_dogpile.py", "dogpile"),
    ("test_compile_caches.py", "torch"),
    ("test_model.py", "torch"),
    ("test_precompile.py", "torch"),
    ("test_pymemcache.py", "pymemcache"),
    ("test_redis.py", "fakeredis"),
    ("test_serving.py", "torch"),
]
DISCOVER = ("discover", "-v", "-s", str(EXAMPLES), "-p")


def run_example(pattern):
    return run_unittest(*DISCOVER, pattern, cwd=ROOT)


class ExampleTests(unittest.TestCase):
    def check(self, pattern):
        done = run_example(pattern)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"Ran [1-9]\d* test")
        self.assertNotRegex(done.stderr, "skipped '?needs")

    @parameterized.expand(PLAIN)
    def test_plain(self, pattern):
        """An example that needs nothing passes."""
        self.check(pattern)

    @parameterized.expand(NEEDING)
    def test_with_its_library(self, pattern, library):
        """An example passes with the library that it is about."""
        if not is_there(library):
            self.skipTest(f"needs {library}")
        self.check(pattern)

    @parameterized.expand(NEEDING if EXHAUSTIVE else NEEDING[-2:-1])
    def test_without_its_library(self, pattern, library):
        """Without it, it says in one line how to install it, and is skipped."""
        script = (
            f"import sys; sys.modules[{library!r}] = None; import unittest; "
            f"unittest.main(module=None, argv=['unittest', *{(*DISCOVER, pattern)!r}])"
        )
        done = run_python("-c", script)
        self.assertRegex(done.stderr, r"skipped '?.*pip install ")
        # Since Python 3.12 nothing but skips is an exit status of its own.
        self.assertIn(done.returncode, (0, 5), done.stderr)

    @unittest.skipUnless(
        is_there("pytest_django") and is_there("xdist"), "needs pytest-django and pytest-xdist"
    )
    def test_project_of_pytest(self):
        """The project that has fixtures and marks alone passes, on two workers, and in any order."""
        project = EXAMPLES / "pytest_project"
        ways = [("-n", "2", "--cachetest-snapshots=none"), ("-x", "--cachetest-snapshots=none")]
        for options in ways if EXHAUSTIVE or is_there("pytest_randomly") else ways[:1]:
            done = run_pytest(project, *options)
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertIn("12 passed", done.stdout)
            self.assertIn("cachetest: 12 tests used 3 caches: 16 puts, 14 hits, 13 misses", done.stdout)

    def test_each_is_run(self):
        """Every example has a test here."""
        found = sorted(path.name for path in EXAMPLES.glob("test_*.py"))
        self.assertEqual(found, sorted([*PLAIN, *(pattern for pattern, _ in NEEDING)]))


if __name__ == "__main__":
    unittest.main()
