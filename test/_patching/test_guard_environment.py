"""The guard that the environment asks for."""

import unittest

from parameterized import parameterized

from ..support import needs, run_python


class EnvironmentTests(unittest.TestCase):
    def run_with(self, value, *lines):
        return run_python("-c", "\n".join(lines), CACHETEST_GUARD=value)

    LINES = (
        "import redis",
        "client = redis.Redis(port=1, retry=None)",
        "try: client.get('k')",
        "except Exception as error: print(type(error).__name__)",
    )

    @needs("redis", "redis")
    def test_on(self):
        """With 1, a guard starts as cachetest is imported, and stderr has what it has refused."""
        done = self.run_with("1", "import cachetest", *self.LINES)
        self.assertEqual(done.stdout, "GuardError\n")
        self.assertRegex(
            done.stderr,
            r"^cachetest: CACHETEST_GUARD refused: redis: localhost:1 was to be used outside any test, at "
            r"<string>:4 in <module>\. Use it in a test or ",
        )

    @parameterized.expand([("off", "0"), ("empty", "")])
    @needs("redis", "redis")
    def test_off(self, _, value):
        """With 0, or nothing, there is none, and nothing is loaded."""
        done = self.run_with(value, "import cachetest", *self.LINES)
        self.assertEqual((done.stdout, done.stderr), ("ConnectionError\n", ""))
        done = self.run_with(
            value, "import sys, cachetest; print([m for m in sys.modules if '_patching' in m])"
        )
        self.assertEqual(done.stdout, "[]\n" if not value else done.stdout)

    def test_wrong(self):
        """Another value is an error that says what is expected."""
        done = self.run_with("yes", "import cachetest")
        self.assertIn("ValueError: CACHETEST_GUARD='yes' in the environment: expected 1 or 0", done.stderr)


if __name__ == "__main__":
    unittest.main()
