"""The places at which faults can strike the calls of a function, and how each is reached again."""

import unittest
from types import SimpleNamespace

from cachetest import Fails, Gone
from cachetest._assertions.places import Seen, places_of


def given_of(cold, warm, *faults, impossible=()):
    """Return the arguments of ``inject`` for each place, those of a place alone first."""
    watch = SimpleNamespace(impossible={"prices": dict.fromkeys(impossible, "why")})
    return [(each.is_warm, each.given) for each in places_of(cold, warm, faults, watch)]


def get(*keys):
    return Seen("prices", "get", "get", keys)


class PlacesTests(unittest.TestCase):
    def test_which_call(self):
        """A call is told by its kind, its key, and which one of these it is; from it on, by its number."""
        put = Seen("prices", "put", "put", ("lamp",))
        other = Seen("users", "get", "get", ("lamp",))
        calls = [get("lamp"), get("chair"), other, put, get("lamp")]
        alone = [
            (False, {"on": "get", "key": "lamp", "nth": 1}),
            (False, {"on": "get", "key": "chair", "nth": 1}),
            (False, {"on": "get", "key": "lamp", "nth": 1}),
            (False, {"on": "put", "key": "lamp", "nth": 1}),
            (False, {"on": "get", "key": "lamp", "nth": 2}),
        ]
        numbers = [1, 2, 1, 3, 4]
        on = [(False, {"nth": range(n, 10_000)}) for n in numbers]
        self.assertEqual(given_of(calls, [], Fails()), [*alone, *on])

    def test_warm(self):
        """Of the second call of the function the numbers go on from the first."""
        alone = [(warm, {"on": "get", "key": "lamp", "nth": n}) for warm, n in ((False, 1), (True, 2))]
        on = [(warm, {"nth": range(n, 10_000)}) for warm, n in ((False, 1), (True, 2))]
        self.assertEqual(given_of([get("lamp")], [get("lamp")], Fails()), [*alone, *on])

    def test_several_keys(self):
        """What strikes a call as a whole does so once, and what strikes keys each of them."""
        found = given_of([get("lamp", "chair", "lamp")], [], Fails(), Gone())
        self.assertEqual([given.get("key") for _, given in found[:3]], ["lamp", "lamp", "chair"])
        self.assertEqual(len(found), 5)
        found = given_of([get(["lamp"], ["chair"])], [], Gone())
        self.assertEqual([given.get("key") for _, given in found[:2]], [["lamp"], ["chair"]])

    def test_no_kind_and_no_key(self):
        """Of a call about no key any is meant, and of one whose kind can't be told as well."""
        ping = Seen("prices", None, "PING", ())
        self.assertEqual(given_of([ping], [], Fails())[0], (False, {"nth": 1}))

    def test_impossible(self):
        """What can't strike the cache has no places there."""
        self.assertEqual(given_of([get("lamp")], [], Gone(), Fails(), impossible=[Gone(), Fails()]), [])


if __name__ == "__main__":
    unittest.main()
