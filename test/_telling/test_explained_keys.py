"""What made a key is remembered as it was, and no more of it than is told."""

import inspect
import unittest
from decimal import Decimal

from parameterized import parameterized

from cachetest._telling.explained_keys import ExplainedKeys
from cachetest._telling.shortening import Shown


class Row:
    def __init__(self, **values):
        vars(self).update(values)

    def __repr__(self):
        raise AssertionError("nobody asks for it")


class MemoryTests(unittest.TestCase):
    def parts(self, *args, **kwargs):
        explained = ExplainedKeys(["shop:make"])
        explained.note("shop:make", "key", args, kwargs, lambda args, kwargs: {"args": args, **kwargs})
        return dict(explained.apart(list, "key"))

    @parameterized.expand(
        [
            ({"pk": 7}, "<Row 7>"),
            ({"id": "a"}, "<Row 'a'>"),
            ({}, "<Row>"),
        ]
    )
    def test_object(self, values, text):
        """Objects of the program are told by class and id, and their repr is not asked for."""
        self.assertEqual(repr(self.parts(Row(**values))["args[0]"]), text)

    @parameterized.expand([(Decimal("1.5"), "Decimal('1.5')"), (1.5, "1.5"), (None, "None")])
    def test_plain(self, value, text):
        self.assertEqual(repr(self.parts(value)["args[0]"]), text)

    def test_containers(self):
        self.assertEqual(
            self.parts({"b"}, {"x": [1, (2,)]}),
            {"args[0]": Shown("{'b'}"), "args[1].x[0]": 1, "args[1].x[1][0]": 2},
        )

    def test_sets(self):
        """Sets that are equal are the same, whatever their order; they are written in that."""
        one, other = {8, 0}, {0, 8}
        self.assertEqual(self.parts(one), self.parts(other))
        self.assertEqual([repr(each) for each in self.parts(one).values()], [repr(one)])

    def test_long(self):
        """Of long texts and many elements the first are kept; that others differ is still told."""
        one, other = (self.parts("x" * 10_000 + end)["args[0]"] for end in "ab")
        self.assertLess(len(repr(one)), 1_100)
        self.assertNotEqual(one, other)
        self.assertEqual(repr(self.parts(list(range(1_000)))["args[0][50]"]), "950 more")

    def test_deep(self):
        deep = []
        for _ in range(100):
            deep = [deep]
        self.assertEqual([repr(each) for each in self.parts(deep).values()], ["[<list>]"])

    def test_many_keys(self):
        """The newest are remembered."""
        explained = ExplainedKeys(["shop:make"])
        for n in range(6_000):
            explained.note("shop:make", n, (n,), {}, lambda args, kwargs: {"n": args[0]})
        self.assertEqual(explained.apart(list, 5_999), [("n", 5_999)])
        self.assertEqual(explained.apart(lambda key: [("key", key)], 0), [("key", 0)])
        self.assertLessEqual(len(explained._calls), 5_000)

    def test_made_again(self):
        """A key that was made again is one of the newest, with what it was made of then."""
        explained = ExplainedKeys(["shop:make"])
        for n in (*range(5_000), 0, 5_000):
            explained.note("shop:make", n, (n,), {}, lambda args, kwargs: {"n": args[0]})
        self.assertEqual(explained.apart(list, 0), [("n", 0)])
        self.assertEqual(explained.apart(lambda key: [], 1), [])

    def test_inside_another(self):
        """Of those that a key has in it the longest is told, with what is around it; not what is short."""
        explained = ExplainedKeys(["shop:make"])
        for made in ("shop:lamp", "shop:lamp:en", "shop:lam", "en"):
            explained.note("shop:make", made, (made,), {}, lambda args, kwargs: {"made": args[0]})
        self.assertEqual(
            explained.apart(list, "v1:shop:lamp:en:x"),
            [("made", "shop:lamp:en"), ("before make()", "v1:"), ("after make()", ":x")],
        )
        self.assertEqual(explained.apart(lambda key: [("key", key)], "v1:en:x"), [("key", "v1:en:x")])

    def test_never_called(self):
        explained = ExplainedKeys(["shop:make", "shop:other"])
        explained.note("shop:make", "key", (), {}, lambda args, kwargs: {})
        self.assertEqual(explained.why_opaque(), "of explain_keys, shop:other was not called in this scope")

    def test_arguments_that_do_not_fit(self):
        """A function may have been called otherwise than its signature says."""
        explained = ExplainedKeys(["shop:make"])
        explained.note("shop:make", "key", (1,), {"a": 2}, inspect.signature(lambda: 0).bind)
        self.assertEqual(explained.apart(list, "key"), [("argument 1", 1), ("a", 2)])


if __name__ == "__main__":
    unittest.main()
