"""Two answers are the same in value and in type, all the way down."""

import collections
import datetime
import decimal
import enum
import types
import unittest
from dataclasses import dataclass, field
from unittest import mock

from parameterized import parameterized

from cachetest._recording.answers import NotComparableError, difference, same_answer

from ..support import is_there


@dataclass
class Price:
    item: str
    value: object


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Bare:
    """Compared by identity."""


class Model:
    """What an object of Django's models is like: equal where it is of one row."""

    _meta = "of the class"

    def __init__(self, pk, **fields):
        vars(self).update(fields, pk=pk, _state=object())

    def __eq__(self, other):
        return self.pk == other.pk

    __hash__ = None


class LastOfLists(dict):
    """A dict of lists that gives the last of each, as Django's QueryDict."""

    def __getitem__(self, key):
        return super().__getitem__(key)[-1]

    def items(self):
        return [(key, self[key]) for key in self]


class Lamp(Model):
    """A model with relations, of which *maker* and *tags* are loaded."""

    maker = tags = title = property(lambda self: None)

    def __init__(self, pk, maker=None, tags=None, **fields):
        super().__init__(pk, **fields)
        self._state = types.SimpleNamespace(fields_cache={} if maker is None else {"maker": maker})
        if tags is not None:
            self._prefetched_objects_cache = {"tags": types.SimpleNamespace(_result_cache=tags)}

    def __hash__(self):
        return hash(self.pk)


@dataclass
class Rounded:
    value: float

    def __eq__(self, other):
        return round(self.value) == round(other.value)


@dataclass
class Noted:
    value: int
    note: str = field(compare=False)


class Raises:
    def __eq__(self, other):
        raise ValueError("no order")


NAN = float("nan")


def nested(depth):
    found = []
    for _ in range(depth):
        found = [found]
    return found


def looped():
    found = [1]
    found.append(found)
    return found


class AnswerTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("number", 1, 1),
            ("text", "a", "a"),
            ("none", None, None),
            ("nan", float("nan"), float("nan")),
            ("nan_within", [float("nan")], [float("nan")]),
            ("complex_nan", complex(float("nan"), 1), complex(float("nan"), 1)),
            ("list", [1, "a", (2,)], [1, "a", (2,)]),
            ("dict_in_another_order", {"a": 1, "b": [2]}, {"b": [2], "a": 1}),
            ("set", {1, "a"}, {"a", 1}),
            ("dataclass", Price("lamp", 4.0), Price("lamp", 4.0)),
            ("date", datetime.date(2026, 1, 1), datetime.date(2026, 1, 1)),
            ("exception", ValueError("a", 1), ValueError("a", 1)),
            ("model", Model(1, name="a"), Model(1, name="a")),
            ("itself", looped(), looped()),
            ("class", int, int),
            ("nan_in_a_set", {NAN, 1}, {float("nan"), 1}),
            ("nan_as_a_key", {NAN: 1}, {float("nan"): 1}),
            ("nan_of_decimal", decimal.Decimal("nan"), decimal.Decimal("nan")),
            ("nan_in_a_dataclass", Price("lamp", NAN), Price("lamp", float("nan"))),
            ("views", {"a": [1]}.values(), {"a": [1]}.values()),
            ("nested_deeper_than_the_stack", nested(5_000), nested(5_000)),
            ("unlike_where_it_says_so", Rounded(1.2), Rounded(1.4)),
            ("field_that_is_not_compared", Noted(1, note="a"), Noted(1, note="b")),
            ("relation_that_one_has_loaded", Lamp(1, "Ada"), Lamp(1)),
            ("computed_by_one", Lamp(1, title="a lamp"), Lamp(1)),
        ]
    )
    def test_same(self, _, one, other):
        self.assertIs(same_answer(one, other), True)

    @parameterized.expand(
        [
            ("number_and_text", 42, "42"),
            ("int_and_float", 1, 1.0),
            ("int_and_bool", 1, True),
            ("text_and_bytes", "a", b"a"),
            ("list_and_tuple", [1], (1,)),
            ("within", {"a": [1, 2.0]}, {"a": [1, 2]}),
            ("length", [1], [1, 2]),
            ("keys", {1: "a"}, {1.0: "a"}),
            ("more_keys", {"a": 1}, {"a": 1, "b": 2}),
            ("sets", {1}, {True}),
            ("float_and_decimal", 1.5, decimal.Decimal("1.5")),
            ("exceptions", ValueError("a"), ValueError("b")),
            ("kinds_of_exceptions", ValueError("a"), TypeError("a")),
            ("models", Model(1, name="a"), Model(1, name="b")),
            ("models_in_a_list", [Model(1, n=1)], [Model(1, n=1.0)]),
            ("models_in_a_set", {Lamp(1, n=1)}, {Lamp(1, n=2)}),
            ("models_as_keys", {Lamp(1, n=1): 1}, {Lamp(1, n=2): 1}),
            ("models_in_a_dataclass", Price("lamp", Lamp(1, n=1)), Price("lamp", Lamp(1, n=2))),
            ("relations", Lamp(1, Lamp(2, n=1)), Lamp(1, Lamp(2, n=2))),
            ("prefetched", Lamp(1, tags=[1]), Lamp(1, tags=[])),
            ("annotated", Lamp(1, n=1), Lamp(1)),
            ("types_in_a_dataclass", Price("lamp", 4.0), Price("lamp", 4)),
            ("types_in_a_deque", collections.deque([1]), collections.deque([True])),
            ("types_in_a_namespace", types.SimpleNamespace(a=1), types.SimpleNamespace(a=1.0)),
            ("types_in_items", {"a": 1}.items(), {"a": True}.items()),
            ("types_in_keys", {1: 0}.keys(), {True: 0}.keys()),
            ("types_in_a_user_dict", collections.UserDict(a=1), collections.UserDict(a=1.0)),
            ("types_in_keys_of_tuples", {(1,): 0}, {(True,): 0}),
            ("first_of_lists_by_key", LastOfLists(a=[1, 3]), LastOfLists(a=[2, 3])),
            ("order", collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1)),
            ("classes", int, float),
            ("members", Colour.RED, Colour.BLUE),
        ]
    )
    def test_not_the_same(self, _, one, other):
        self.assertIs(same_answer(one, other), False)

    @parameterized.expand([("alone", Bare(), Bare()), ("within", [Bare()], [Bare()])])
    def test_by_identity(self, _, one, other):
        """What Python compares by identity is an error that names the class; the same object is the same."""
        self.assertTrue(same_answer(one, one))
        with self.assertRaisesRegex(
            NotComparableError, r"test_answers\.Bare is compared by identity.*equal="
        ):
            same_answer(one, other)

    @parameterized.expand(
        [
            ("in_a_set", {Bare()}, {Bare()}, "Bare is compared by identity"),
            ("as_a_key", {Bare(): 1}, {Bare(): 1}, "Bare is compared by identity"),
            ("raises", Raises(), Raises(), "Raises can't be compared, which raised ValueError: no order"),
            ("mocks", mock.MagicMock(), mock.MagicMock(), "MagicMock is a class that is made anew each time"),
            ("generators", iter([]), iter([]), "list_iterator is compared by identity"),
        ]
    )
    def test_not_comparable(self, _, one, other, text):
        """What no comparison can tell is an error, and not another answer."""
        with self.assertRaisesRegex(NotComparableError, text):
            same_answer(one, other)

    def test_difference(self):
        """The first part that differs is found, with the way to it."""
        found = difference({"a": [1, Price("lamp", 4.0)]}, {"a": [1, Price("lamp", 5.0)]})
        names = []
        step = found.at
        while step is not None:
            names.append(step.name)
            step = step.before
        self.assertEqual((names, found.one, found.other), ([".value", 1, "a"], 4.0, 5.0))

    def test_many_unlike(self):
        """Two sets of many, none of which is in the other, are told apart in no time."""
        asked = []

        class Key(int):
            def __eq__(self, other):
                asked.append(1)
                return int(self) == int(other)

            __hash__ = int.__hash__

        self.assertFalse(same_answer(set(map(Key, range(3_000))), set(map(Key, range(3_000, 6_000)))))
        self.assertLess(len(asked), 100_000)

    def test_arrays(self):
        """Arrays are compared by shape and type of elements as well: == would stretch one."""
        if not is_there("numpy"):
            self.skipTest("needs numpy")
        import numpy

        ones = numpy.ones(2)
        self.assertTrue(same_answer([ones], [numpy.ones(2)]))
        for other in (numpy.ones(1), numpy.ones((2, 2)), numpy.ones(2, dtype="float32"), numpy.zeros(2)):
            self.assertFalse(same_answer(ones, other))
        self.assertTrue(same_answer(numpy.array([NAN, 1]), numpy.array([NAN, 1])))
        # To == of arrays, the objects in them are equal whatever their types are.
        self.assertFalse(same_answer(numpy.array([1], dtype=object), numpy.array([True], dtype=object)))

    def test_tensors(self):
        if not is_there("torch"):
            self.skipTest("needs torch")
        import torch

        self.assertTrue(same_answer(torch.tensor([NAN, 1.0]), torch.tensor([NAN, 1.0])))
        self.assertFalse(same_answer(torch.tensor([1.0]), torch.tensor([2.0])))


if __name__ == "__main__":
    unittest.main()
