import unittest

from .support import ROOT, needs, needs_torch, run_python

EXAMPLES = ROOT / "examples"


class ExampleTests(unittest.TestCase):
    def run_example(self, pattern, *options):
        done = run_python(*options, "-m", "unittest", "discover", "-v", "-s", str(EXAMPLES), "-p", pattern)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def test_prices(self):
        """The program with a cache of its own is tested through a backend by hand."""
        self.assertIn("Ran 4 tests", self.run_example("test_prices.py"))

    @needs("django", "Django")
    def test_django(self):
        """The Django project is tested through its adapter."""
        self.assertIn("Ran 3 tests", self.run_example("test_django.py"))

    @needs_torch
    def test_model(self):
        """The model is tested through inductor."""
        text = self.run_example("test_model.py")
        self.assertIn("test_second_machine_is_warm (", text)
        self.assertNotIn("skipped", text)

    def test_model_without_torch(self):
        """Without torch, its test says in one line how to install it, and is skipped."""
        script = (
            "import sys; sys.modules['torch'] = None; import unittest; "
            f"unittest.main(module=None, argv=['unittest', 'discover', '-v', '-s', {str(EXAMPLES)!r}, "
            "'-p', 'test_model.py'])"
        )
        done = run_python("-c", script)
        self.assertIn("skipped 'needs PyTorch: pip install torch'", done.stderr)
        # Since Python 3.12 nothing but skips is an exit status of its own.
        self.assertIn(done.returncode, (0, 5), done.stderr)

    @needs("fakeredis", "cachetest[redis]")
    def test_redis(self):
        """The shop is tested without a Redis server."""
        text = self.run_example("test_redis.py")
        self.assertIn("Ran 4 tests", text)
        self.assertNotIn("skipped", text)

    def test_each_is_run(self):
        """Every example has a test here."""
        found = {path.name for path in EXAMPLES.glob("test_*.py")}
        self.assertEqual(found, {"test_prices.py", "test_model.py", "test_django.py", "test_redis.py"})


if __name__ == "__main__":
    unittest.main()
