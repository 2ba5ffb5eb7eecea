"""What is said of a key that is gone, or was never put: no more than was seen."""

import threading
import unittest

from parameterized import parameterized

from cachetest import MockCache


class Mutable:
    """A key whose hash can change."""

    value = 1

    def __hash__(self):
        return self.value

    def __eq__(self, other):
        return self is other

    def __repr__(self):
        return "Mutable"


class GoneTests(unittest.TestCase):
    def setUp(self):
        self.cache = MockCache("c")
        self.cache.put("k", 1)

    def why(self):
        return str(self.cache.explain()).partition("key 'k': ")[2]

    def test_by_hand(self):
        """What nothing but the test can have taken out was emptied by hand."""
        self.cache.cache.clear()
        self.cache.get("k")
        self.assertEqual(
            self.why(),
            "it was there at operation 1, then gone with no delete logged: the cache was emptied by hand",
        )

    def test_on_another_thread(self):
        """Where two threads had a part in it, nobody can tell."""
        self.cache.cache.clear()
        worker = threading.Thread(target=self.cache.get, args=("k",))
        worker.start()
        worker.join()
        self.assertEqual(self.why(), "it was there at operation 1, then gone with no delete logged")

    def test_under_way(self):
        """A lookup that was logged after a put, and had begun before it, is no sign of an emptied cache."""
        self.cache.record("miss", "k")
        self.assertEqual(
            self.why(), "it was there at operation 1, and is there now, but this lookup did not find it"
        )

    def test_uncounted_call(self):
        """A call that is not counted, and may have done it, is named with its line; one before is not."""
        import sys

        self.cache.remark("EVAL", sys._getframe(), frozenset(), None)
        self.cache.cache.clear()
        self.cache.get("k")
        first, second = self.why().splitlines()
        self.assertEqual(first, "it was there at operation 1, then gone with no delete logged")
        self.assertRegex(
            second, r"EVAL ran at .*test_outcome.py:\d+ in test_uncounted_call, and may have changed it"
        )
        self.cache.put("k", 2)
        self.cache.cache.clear()
        self.cache.get("k")
        self.assertNotIn("EVAL", self.why())

    def test_hash_changed(self):
        """An entry whose key has another hash now is still there."""
        key = Mutable()
        self.cache.put(key, 1)
        key.value = 2
        self.cache.get(key)
        self.assertTrue(
            str(self.cache.explain()).endswith(
                "at operation 2, and still is: the hash of its key has changed since"
            )
        )

    def test_view(self):
        """Of entries that a library keeps, it is not said who took them out."""

        class View(dict):
            """Stands for a view of a library's entries."""

        self.cache.cache = View()
        self.cache.get("k")
        self.assertEqual(self.why(), "it was there at operation 1, then gone with no delete logged")


class NeverPutTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("twice", ["g", "g"], "missed before, at operation 1, and never put since"),
            ("latest", ["g", "g", "g"], "missed before, at operation 2, and never put since"),
            (
                "others between",
                ["jit_g", "jit_f", "jit_g"],
                "missed before, at operation 1, and never put since",
            ),
        ]
    )
    def test_missed_again(self, _, keys, text):
        """A key that was missed before is told so, and with no key that has nothing to do with it."""
        cache = MockCache("c")
        cache.put("something quite different", 1)
        for key in keys:
            cache.get(key)
        self.assertRegex(
            str(cache.explain()).partition(": ")[2], text.replace("1", "2") if _ != "latest" else "3"
        )
        self.assertNotIn("nearest", str(cache.explain()))

    def test_missed_again_near(self):
        """A near key that was put is told all the same: it may be the key that was meant."""
        cache = MockCache("c")
        cache.get("user:42")
        cache.put("user:43", 1)
        cache.get("user:42")
        text = str(cache.explain())
        self.assertIn(
            "missed before, at operation 1, and never put since; the nearest key, 'user:43', put by", text
        )

    def test_put_too_late(self):
        """Where it was put later, it is not said that it never was."""
        cache = MockCache("c")
        cache.get("k")
        cache.get("k")
        cache.put("k", 1)
        self.assertIn(
            "missed before, at operation 1, and not put in between; put later, by operation 3",
            str(cache.explain()),
        )

    def test_after_a_reset(self):
        """Where a reset took away more keys than are remembered, nobody can say that one was never put."""
        cache = MockCache("c")
        for n in range(2_000):
            cache.put(n, n)
        cache.reset()
        cache.get(3)
        self.assertIn("not put in the operations that are known", str(cache.explain()))
        cache.get(1_999)
        self.assertIn("put, then the cache was reset", str(cache.explain()))

    def test_found_is_not_put(self):
        """The operation that shows a near key is called what it is."""
        cache = MockCache("c")
        cache.cache["price:lamp"] = 4
        cache.get("price:lamp")
        cache.get("price:lamb")
        self.assertIn("the nearest key, 'price:lamp', found by operation 1, differs in", str(cache.explain()))

    def test_entry_that_is_found_later(self):
        """An entry that no operation put is a near key, also where it is found only later."""
        cache = MockCache("c")
        cache.cache["a:b:c"] = 1
        cache.get("a:b:d")
        cache.get("a:b:c")
        self.assertIn("the nearest key, 'a:b:c' differs in", str(cache.explain()))


if __name__ == "__main__":
    unittest.main()
