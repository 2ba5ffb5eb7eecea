"""A forked child has nothing happen to the caches of its parent's test."""

import unittest

from cachetest import Fails, MockBackend, PatchCaches

from .children_support import failure_of, needs_fork, run_forked


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
