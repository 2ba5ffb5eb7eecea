import io
import unittest
from unittest import mock

from cachetest import Stats
from cachetest._behaving.gate import MISSING
from cachetest._caches.attribution import bind_to_scope, cache_for
from cachetest._caches.scope import Scope, close_scope, open_scope
from cachetest._recording.uncounted import take_uncounted
from cachetest._telling.uncounted_lines import describe_uncounted

from .._caches.scopes import ScopeCase, elsewhere, scope


class UncountedTests(ScopeCase):
    def test_unattributed(self):
        """What can't be told is counted apart, and told to every suspect."""
        with scope("one") as one:
            other = elsewhere(self.opened)
            elsewhere(lambda: cache_for("c").put("k", 1))
            self.assertEqual((one.caches.c, other.caches.c), (Stats(), Stats()))
            self.assertEqual(elsewhere(lambda: cache_for("c").get("k")), 1)
            close_scope(other)
            kinds = take_uncounted(other)
            self.assertEqual([s.operation.kind for s in kinds.unattributed], ["put", "hit"])
        kinds = take_uncounted(one)
        self.assertEqual([s.operation.kind for s in kinds.unattributed], ["put", "hit"])

    def opened(self):
        made = Scope("two", ("c",))
        open_scope(made)
        return made

    def test_late(self):
        """What comes after the end goes to nobody's counts, and is told once, to the next to end."""
        with scope("first") as first:
            use = bind_to_scope(first, lambda: cache_for("c").put("k", 1))
        with scope("second") as second:
            elsewhere(use)
            self.assertEqual((first.caches.c, second.caches.c), (Stats(), Stats()))
            self.assertEqual(second.caches.c.cache, {})
        kinds = take_uncounted(second)
        self.assertEqual([(s.operation.key, s.ended) for s in kinds.others_late], [("k", first)])
        self.assertEqual(kinds.unattributed + kinds.own_late, [])

    def test_late_for_an_inner_block(self):
        """What an inner block left behind is its own test's fault."""
        with scope("outer") as outer:
            with scope("inner") as inner:
                use = bind_to_scope(inner, lambda: cache_for("c").get("k"))
            elsewhere(use)
        kinds = take_uncounted(outer)
        self.assertEqual([s.operation.kind for s in kinds.own_late], ["miss"])

    def test_outside(self):
        """An operation while no test runs is told of by the next one."""
        cache_for("c").put("k", 1)
        with scope() as after:
            self.assertNotIn("k", after.caches.c.cache)
        (found,) = take_uncounted(after).others_late
        self.assertIsNone(found.ended)
        (line,) = describe_uncounted([found])
        self.assertIn("while no test was running", line)

    def test_unassigned_entries_are_fresh(self):
        """What was put while nothing was open is not found later."""
        cache_for("c").put("k", 1)
        with scope("one") as one:
            other = elsewhere(self.opened)
            self.assertIs(elsewhere(lambda: cache_for("c").get("k")), MISSING)
            close_scope(other)
        self.assertEqual(len(take_uncounted(one).unattributed), 1)
        self.assertEqual(len(take_uncounted(other).unattributed), 1)

    def test_very_many(self):
        """Of very many late operations the first are kept, and all are counted."""
        with mock.patch("cachetest._recording.uncounted._KEPT", 3):
            for n in range(10):
                cache_for("c").put(n, 1)
            with scope() as after:
                out = io.StringIO()
                after.caches.report(out)
        self.assertTrue(out.getvalue().endswith("(7 more stray operations)\n"))
        findings = take_uncounted(after)
        self.assertEqual((len(findings.others_late), findings.not_kept), (3, 7))
        self.assertIsNone(take_uncounted(after))


if __name__ == "__main__":
    unittest.main()
