"""The gate as each adapter has it: what is in force acts before a call is done, and acts once."""

from parameterized import parameterized

from cachetest import PatchCaches
from cachetest._behaving.gate import MISSING
from cachetest._caches.attribution import scope_of_caller

from .._behaving.behaviours import put_in_force

# Each call of a subject: its arguments after the cache, the kind that the gate is told, and the keys.
CALLS = [
    ("get", ("a",), "get", ["a"]),
    ("put", ("b", "second"), "put", ["b"]),
    ("delete", ("a",), "delete", ["a"]),
    ("get_many", (["a", "c"],), "get", ["a", "c"]),
]
METHODS = [(method,) for method, *_ in CALLS]


class RefusedError(Exception):
    """The error of what is in force; no library knows it, so none makes another of it."""


def refuse(call, proceed):
    # A client of Redis that connects anew calls without keys first.
    if call.keys:
        raise RefusedError("no")
    return proceed()


class Onlooker:
    """A behaviour that lets every call go on, and keeps what it was told of those that are about keys."""

    def __init__(self):
        self.calls = []

    def __call__(self, call, proceed):
        if call.keys:
            self.calls.append((call.kind, list(call.keys)))
        return proceed()


class GateCase:
    """The tests for one adapter, in front of a TestCase that makes the subject of its contract."""

    absent = MISSING
    """The result of a lookup that finds nothing, as the adapter gives it to the gate."""

    def make_subject(self):
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.subject = self.make_subject()
        self.name = self.subject.caches[0]
        patch = PatchCaches(self.subject.adapter)
        patch.__enter__()
        self.addCleanup(patch.__exit__, None, None, None)
        self.cache = patch.caches[self.name]
        self.opened = self.subject.open(self.name)
        self.subject.put(self.opened, "a", "first")

    def call(self, method):
        """Return a method of the subject, its arguments, and the kind and the keys that it is about."""
        if not self.subject.offers(method) and method in ("delete", "get_many"):
            self.skipTest(f"the library has no {method}")
        ((_, args, kind, keys),) = (each for each in CALLS if each[0] == method)
        return lambda: getattr(self.subject, method)(self.opened, *args), kind, [*map(self.made_key, keys)]

    def made_key(self, key):
        """Return what the library makes of a key of the program."""
        return self.subject.adapter.entry_key(self.name, key)

    def put_in_force(self, *behaviours):
        put_in_force(scope_of_caller(), *behaviours)

    @parameterized.expand(METHODS)
    def test_refused(self, method):
        """A call that is refused is not done; it raises, and is logged as a failure of each key."""
        call, _, keys = self.call(method)
        entries, counts = dict(self.cache.cache), self.cache.counts()
        before = len(self.cache.operations)
        self.put_in_force(refuse)
        with self.assertRaises(RefusedError):
            call()
        self.put_in_force()
        self.assertEqual(dict(self.cache.cache), entries)
        self.assertEqual(self.cache.counts(), counts)
        logged = self.cache.operations[before:]
        self.assertEqual([(each.kind, each.key) for each in logged], [("failure", key) for key in keys])
        for each in logged:
            self.assertEqual(each.error, "RefusedError: no")
            self.assertIsNotNone(each.asked)

    @parameterized.expand(METHODS)
    def test_seen_once(self, method):
        """A behaviour that only looks on is told of each call, once, and changes nothing."""
        call, kind, keys = self.call(method)
        found = [call()]
        without = [(each.kind, each.asked, each.key) for each in self.cache.operations[1:]]
        self.cache.reset()
        self.subject.put(self.opened, "a", "first")
        onlooker = Onlooker()
        self.put_in_force(onlooker)
        found.append(call())
        self.put_in_force()
        self.assertEqual(onlooker.calls, [(kind, keys)])
        self.assertEqual(found[0], found[1])
        self.assertEqual([(each.kind, each.asked, each.key) for each in self.cache.operations[1:]], without)

    def test_hidden(self):
        """An entry that a lookup is not to find is a miss to the program, and stays."""
        self.put_in_force(lambda call, proceed: self.absent if call.kind == "get" else proceed())
        self.assertIs(self.subject.get(self.opened, "a"), MISSING)
        self.put_in_force()
        self.assertEqual([each.kind for each in self.cache.operations[1:]], ["miss"])
        self.assertEqual(self.subject.get(self.opened, "a"), "first")
