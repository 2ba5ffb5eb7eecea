import io
import unittest
from unittest import mock

from cachetest._caches.attribution import bind_to_scope, cache_for
from cachetest._caches.scope import Scope
from cachetest._recording.call_sites import Location
from cachetest._recording.operation import Operation
from cachetest._recording.uncounted import UncountedOperation
from cachetest._telling.uncounted_lines import describe_uncounted, left_lines

from .._caches.scopes import ScopeCase, scope
from ..support import run_python


class LeftTests(ScopeCase):
    def test_report_names_them(self):
        """A report ends with what is still to be told."""
        with scope("first") as first:
            use = bind_to_scope(first, lambda: cache_for("c").put("k", 1))
        use()
        with scope() as after:
            out = io.StringIO()
            after.caches.report(out)
        self.assertRegex(
            out.getvalue(), r"counted for no test:\n  late: put on 'c', key 'k'.* for first, which"
        )
        self.assertEqual(len(self.uncounted()), 1)

    def test_only_counted(self):
        """Those that were not kept are told of also where none was."""
        with mock.patch("cachetest._recording.uncounted._not_kept", [None] * 3):
            self.assertIn("  (3 more stray operations)", left_lines())

    def test_told_at_exit(self):
        """Where no test comes after, the process tells as it ends."""
        done = run_python("-c", "from cachetest import MockBackend; MockBackend('c').put('k', 1)")
        self.assertRegex(done.stderr, "no test was left to tell of this(.|\n)*late: put on 'c', key 'k'")
        self.assertEqual(done.returncode, 0)


class TextTests(unittest.TestCase):
    operation = Operation(1, "put", "c", "k", "worker", Location("f.py", 3, "g"))

    def uncounted(self, suspects=(), ended=None):
        return UncountedOperation(self.operation, suspects, ended)

    def test_texts(self):
        """Each kind of uncounted operation says what it is."""
        scope = Scope("test_a")
        what = "put on 'c', key 'k', by thread worker, at f.py:3 in g"
        self.assertEqual(
            describe_uncounted(
                [self.uncounted(suspects=(scope,)), self.uncounted(ended=scope), self.uncounted()]
            ),
            [
                f"unattributed: {what}",
                f"late: {what}, for test_a, which had ended",
                f"late: {what}, while no test was running",
            ],
        )

    def test_many(self):
        """Very many are counted and not listed."""
        lines = describe_uncounted([self.uncounted()] * 100)
        self.assertEqual(len(lines), 21)
        self.assertEqual(lines[-1], "(80 more stray operations)")
        self.assertEqual(describe_uncounted([self.uncounted()], 7)[-1], "(7 more stray operations)")


if __name__ == "__main__":
    unittest.main()
