import copy
import pickle
import unittest

from parameterized import parameterized

from cachetest import Fails, MockCache, Operation
from cachetest._recording.call_sites import Location
from cachetest._recording.operation import KINDS

WHERE = Location("f.py", 3, "g")


def operation(**given):
    return Operation(
        **{"number": 1, "kind": "put", "cache": "c", "key": "k", "thread": "main", "where": WHERE, **given}
    )


OTHERS = {
    "number": 2,
    "kind": "hit",
    "cache": "d",
    "key": "l",
    "thread": "worker",
    "where": Location("f.py", 4, "g"),
    "asked": "SET",
    "store": "redis://localhost:6379/0",
    "process": 7,
    "process_name": "ForkProcess-1",
    "error": "OSError",
    "fault": Fails(),
    "origin": 1,
}


class NamesTests(unittest.TestCase):
    def test_names(self):
        """All that is known of an operation is had by name."""
        made = operation(**OTHERS)
        for name, value in OTHERS.items():
            self.assertEqual(getattr(made, name), value)

    def test_what_nobody_knows(self):
        """What nobody knows is None."""
        made = operation()
        self.assertEqual((made.store, made.process, made.error, made.origin), (None, None, None, None))
        self.assertIsNone(made.fault)

    @parameterized.expand(
        [
            ("put", "put"),
            ("hit", "get"),
            ("miss", "get"),
            ("delete", "delete"),
            ("eviction", None),
            ("expiration", None),
            ("bypass", None),
            ("failure", None),
        ]
    )
    def test_asked(self, kind, asked):
        """What was called goes by the kind of the operation, unless somebody knows better."""
        self.assertIn(kind, KINDS)
        self.assertEqual(operation(kind=kind).asked, asked)
        self.assertEqual(operation(kind=kind, asked="GETDEL").asked, "GETDEL")

    def test_every_kind(self):
        """There are nine kinds."""
        self.assertEqual(
            KINDS, ("put", "hit", "miss", "delete", "eviction", "expiration", "bypass", "refusal", "failure")
        )


class EqualityTests(unittest.TestCase):
    def test_equal(self):
        """Two are equal when all of their attributes are."""
        self.assertEqual(operation(), operation())
        self.assertEqual(hash(operation()), hash(operation()))
        self.assertEqual(operation(asked="put"), operation())
        self.assertEqual(len({operation(), operation(), operation(number=2)}), 2)

    @parameterized.expand(OTHERS.items())
    def test_not_equal(self, name, value):
        """Each attribute counts."""
        self.assertNotEqual(operation(), operation(**{name: value}))

    def test_not_equal_to_anything_else(self):
        """Nothing else is equal to one, whatever it has."""
        made = operation()
        for other in (None, "put", (1, "put", "c", "k", "main", WHERE), object()):
            self.assertNotEqual(made, other)

    def test_hash_of_an_unhashable_key(self):
        """An operation on a key that can't be hashed, which failed, can be kept in a set all the same."""
        cache = MockCache("c")
        with self.assertRaises(TypeError):
            cache.get([])
        self.assertEqual({*cache.operations}, {cache.operations[0]})


class ReprTests(unittest.TestCase):
    def test_what_is_known(self):
        """repr() shows what is known, by name, and nothing else."""
        self.assertEqual(
            repr(operation()),
            "Operation(number=1, kind='put', cache='c', key='k', asked='put', thread='main', "
            "where=Location(filename='f.py', lineno=3, function='g'))",
        )
        self.assertTrue(repr(operation(error="OSError: down")).endswith(", error='OSError: down')"))
        self.assertEqual(eval(repr(operation(**OTHERS))), operation(**OTHERS))


class NoTupleTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("unpacked", lambda made: tuple(made)),
            ("indexed", lambda made: made[0]),
            ("counted", len),
            ("sorted", lambda made: sorted([made, operation(number=2)])),
        ]
    )
    def test_no_tuple(self, _, use):
        """It is no tuple: what is added to it later would break whoever unpacks it."""
        with self.assertRaises(TypeError):
            use(operation())

    @parameterized.expand([("kind", "hit"), ("error", None), ("new", 1)])
    def test_unchangeable(self, name, value):
        """What was logged can't be changed."""
        made = operation()
        for change in (lambda: setattr(made, name, value), lambda: delattr(made, name)):
            with self.assertRaisesRegex(AttributeError, f"a logged operation can't be changed: '{name}'"):
                change()
        self.assertEqual(made, operation())

    def test_copied(self):
        """A copy, and what was pickled, has all that it had."""
        made = operation(**OTHERS)
        for copied in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
            self.assertEqual(copied, made)

    def test_origin_when_asked(self):
        """The origin of a hit is worked out when somebody asks, once; a copy has it."""
        asked = []

        def origin():
            asked.append(1)
            return 7

        made = operation(kind="hit", origin=origin)
        self.assertEqual(asked, [])
        self.assertEqual(pickle.loads(pickle.dumps(copy.copy(made))).origin, 7)
        self.assertEqual((made.origin, made.origin), (7, 7))
        self.assertEqual(len(asked), 1)


if __name__ == "__main__":
    unittest.main()
