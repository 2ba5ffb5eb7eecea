"""What is in force in a test holds in its children, who put nothing in force there themselves."""

import unittest

from parameterized import parameterized

from cachetest import Fails, MockBackend, PatchCaches

from .children_support import (
    START_METHODS,
    counted_in,
    failure_of,
    needs_fork,
    outcome_of,
    run_by,
    run_forked,
)


def outcomes_of_three():
    """Return the outcomes of a get, of a put, and of a get of what was put."""
    prices = MockBackend("prices")
    return [
        outcome_of(prices.get, "lamp"),
        outcome_of(prices.put, "desk", 90.0),
        outcome_of(prices.get, "desk"),
    ]


@needs_fork
class InForceTests(unittest.TestCase):
    @parameterized.expand(START_METHODS)
    def test_fault(self, method):
        """A fault of the parent's test strikes the child, and is noted in the operation of the child."""

        def body(caches):
            MockBackend("prices").put("lamp", 4.0)
            with caches.prices.inject(Fails(), on="get", nth=1) as injected:
                told = run_by(method, outcomes_of_three)
            return told, injected.struck

        (told, struck), counts, operations = counted_in(body)
        self.assertIn("ConnectionError", told[0])
        self.assertEqual((told[1:], counts), ([None, 90.0], (2, 1, 0)))
        self.assertEqual(struck, [operations[1]])
        self.assertNotEqual(struck[0].process, operations[0].process)

    @parameterized.expand(
        [
            ("off", [None, None, None], (2, 0, 2)),
            ("cold", [None, None, 90.0], (2, 1, 1)),
        ]
    )
    def test_state(self, state, expected, counts):
        """So does a state."""

        def body(caches):
            MockBackend("prices").put("lamp", 4.0)
            with caches.in_state(state):
                return run_forked(outcomes_of_three)

        self.assertEqual(counted_in(body)[:2], (expected, counts))

    def test_clock(self):
        """The clock is one for all: what the parent has moved on is over in the child, and the other way."""

        def look(caches):
            found = caches.clock.offset, MockBackend("prices").get("lamp")
            MockBackend("prices").put("chair", 1.0, ttl=60)
            caches.clock.advance(120)
            return found, caches.clock.offset

        def body(caches):
            MockBackend("prices").put("lamp", 4.0, ttl=60)
            caches.clock.advance(120)
            told = run_forked(look, caches)
            return told, caches.clock.offset, MockBackend("prices").get("chair")

        self.assertEqual(counted_in(body)[0], (((120, None), 240), 240, None))


@needs_fork
class ForkTests(unittest.TestCase):
    def test_refused(self):
        """To inject faults there is refused: no call of the child would be struck."""

        def body(caches):
            MockBackend("prices")
            return run_forked(lambda: str(caches.inject(Fails())))

        told, failure = failure_of(body)
        self.assertIn("ChildOperationError: inject(), or another block that acts on the caches", told)
        self.assertIn("was refused inject()", failure)

    def test_own_scope(self):
        """In a scope of its own a child can do so."""

        def work():
            with PatchCaches() as patch:
                backend = MockBackend("prices")
                with patch.caches.inject(Fails()):
                    try:
                        backend.get("lamp")
                    except ConnectionError:
                        return "struck"
                return "not struck"

        told, failure = failure_of(lambda _: run_forked(work))
        self.assertEqual((told, failure), ("struck", ""))


if __name__ == "__main__":
    unittest.main()
