"""What a test replaces in the standard library is for its program: cachetest goes on as it did."""

import os
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend

from ..support import run_method

NAMES = [
    "builtins.open",
    "builtins.print",
    "os.environ",
    "os.fork",
    "os.getcwd",
    "os.getcwdb",
    "os.getpid",
    "os.linesep",
    "os.pardir",
    "os.path.abspath",
    "os.path.dirname",
    "os.path.isfile",
    "os.path.relpath",
    "os.path.sep",
    "os.sep",
    "sys.argv",
    "sys.path",
    "threading.Event",
    "threading.Lock",
    "threading.RLock",
    "threading.current_thread",
    "threading.get_ident",
    "time.monotonic",
    "time.perf_counter",
    "time.sleep",
    "time.time",
    "uuid.uuid4",
]

# Lines of a file that no operation has come from before, so that whose it is has to be worked out.
SOURCE = """
def use(cache):
    cache.get("key")
    cache.put("key", 1)
    cache.get("key")
"""


class MockedNameTests(unittest.TestCase):
    @parameterized.expand([(name,) for name in NAMES])
    def test_counted(self, name):
        """Operations are counted, with their line, and a failure is told, while *name* is a mock."""
        path = os.path.join(os.getcwd(), "mocked", f"{name}.py")
        program = {"__name__": "mocked"}
        exec(compile(SOURCE, path, "exec"), program)

        def body(case):
            with mock.patch(name):
                program["use"](MockBackend("mocked"))
                case.assertCacheStats("mocked", puts=1, hits=1, misses=1)
                with case.assertRaises(AssertionError) as caught:
                    case.assertCacheStats("mocked", puts=2)
            return str(caught.exception)

        text = []
        _, result = run_method(CacheTestCase, lambda case: text.append(body(case)))
        self.assertEqual(result.errors + result.failures, [])
        (text,) = text
        self.assertIn(f"{name}.py:4 in use", text)


if __name__ == "__main__":
    unittest.main()
