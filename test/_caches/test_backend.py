"""The short ways of `MockBackend`, and of the backends of libraries, record what the gate records.

The same program takes the short way, the long one through `MockCache` and the gate, and that with something
in force; all that can be known of its operations afterwards has to be the same.
"""

import contextlib
import threading
import unittest
from unittest import mock

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from parameterized import parameterized

from cachetest import MockBackend
from cachetest._caches import backend as short_ways
from cachetest._caches.attribution import bind_to_scope
from cachetest._caches.backend import get_for_child, get_from_library, put_from_library
from cachetest._caches.scope import Scope, close_scope, open_scope
from cachetest._sharing.as_child import frame_at

from .._behaving.behaviours import put_in_force
from ..support import expand, in_module, sample_or_all
from .actors import Actor

LIBRARIES = frozenset({"some_library"})
NAMES = ("c", "d")
LOG_LENGTH = 12


class Unequal:
    """A key whose == raises, and whose hash is that of others."""

    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return 1

    def __eq__(self, other):
        raise ValueError(f"{self.number} is ambiguous")


class Unhashable:
    """A key whose hash raises something of its own."""

    def __hash__(self):
        raise RuntimeError("no hash")


# The same objects in each run: in a tuple, what is identical is equal.
KEYS = ["a", 1, True, 1.0, None, ("a", 1), [1], ("a", [1]), Unequal(1), Unequal(2), Unhashable()]
VALUES = [None, 0, "", "value", [1], ...]

CALL = "def call(function, *args):\n    return function(*args)\n"
TWO_CALLS = CALL.replace("call(function", "call(function", 1) + "\n\n" + CALL.replace("def call", "def again")


def nameless(function, *args):
    names = {}
    exec(compile(CALL, "<generated>", "exec"), names)
    del names["__builtins__"]
    return names["call"](function, *args)


def by_the_standard_library(function, *args):
    found = []
    with contextlib.ExitStack() as stack:
        stack.callback(lambda: found.append(function(*args)))
    return found[0]


# What stands between the program and the cache.
CALLERS = {
    "a program": in_module("some_program", CALL)["call"],
    "another line of it": in_module("some_program", "\n\n" + CALL)["call"],
    "the library": in_module("some_library", CALL)["call"],
    "a module of the library": in_module("some_library.inner", CALL)["call"],
    "a library named alike": in_module("some_library_too", CALL)["call"],
    "a module of ours": in_module("cachetest.inner", CALL)["call"],
    "one named alike": in_module("cachetest_too", CALL)["call"],
    "a module of the standard library": in_module("json.inner", CALL)["call"],
    "the standard library": by_the_standard_library,
    "generated code": nameless,
}


def mock_get(name, key, value):
    return MockBackend(name).get, (key,)


def mock_put(name, key, value):
    return MockBackend(name).put, (key, value)


def library_get(name, key, value):
    return get_from_library, (name, key, LIBRARIES)


def library_put(name, key, value):
    return put_from_library, (name, key, value, LIBRARIES)


def no_library_get(name, key, value):
    return get_from_library, (name, key, frozenset())


def no_library_put(name, key, value):
    return put_from_library, (name, key, value, frozenset())


def child_get(name, key, value):
    return get_for_child, (frame_at(("shop.py", 7, "buy", "shop")), name, key)


WAYS = [mock_get, mock_put, library_get, library_put, no_library_get, no_library_put, child_get]


def take_short_way(scope):
    """Leave all as it is."""
    assert scope.is_innermost


def take_long_way(scope):
    """Have the gate asked, with nothing in force."""
    scope.is_innermost = False


def put_something_in_force(scope):
    """Have something in force that lets every call go on."""
    put_in_force(scope, lambda call, proceed: proceed())


def run_through(callers, function, args):
    """Call *function* through all of *callers*, and return what came of it."""
    for caller in reversed(callers):
        function, args = CALLERS[caller], (function, *args)
    try:
        return "returned", function(*args)
    except Exception as error:
        return "raised", type(error), str(error)


@contextlib.contextmanager
def opened(prepare):
    """Have a scope open, of which the calls take the way that *prepare* has them take."""
    scope = Scope("a test", NAMES, log_length=LOG_LENGTH)
    open_scope(scope)
    try:
        prepare(scope)
        yield scope
    finally:
        close_scope(scope)


def facts_of(caches):
    """Return all that can be known of *caches*."""
    names = (
        "number",
        "kind",
        "asked",
        "cache",
        "key",
        "store",
        "thread",
        "process",
        "process_name",
        "where",
        "error",
    )
    return {
        name: {
            "operations": [
                tuple(getattr(operation, each) for each in names) for operation in cache.operations
            ],
            "counts": cache.counts(),
            "failures": cache.operations.tally("failure"),
            "dropped": cache.operations.dropped,
            "total": cache.operations.total,
            # By position: a key may not be comparable.
            "entries": [(id(key), value) for key, value in cache.cache.items()],
        }
        for name, cache in caches.items()
    }


STEPS = st.tuples(
    st.sampled_from(WAYS),
    st.sampled_from(NAMES),
    st.integers(0, len(KEYS) - 1),
    st.integers(0, len(VALUES) - 1),
    st.lists(st.sampled_from(sorted(CALLERS)), max_size=3),
    st.integers(0, 2),
)
PROGRAMS = st.lists(STEPS, min_size=1, max_size=30)
SETTINGS = settings(
    max_examples=sample_or_all(40, of=200),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
# One that has everything in it, whatever the random ones have: each key, by each way, from each caller.
ALL_KEYS = [
    (way, "c", key, 3, [caller], n % 3)
    for n, (key, caller) in enumerate((key, caller) for key in range(len(KEYS)) for caller in sorted(CALLERS))
    for way in WAYS
]


class ShortWayCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # The same threads for all of the ways, so that they have the same names.
        cls.actors = [Actor(f"actor {n}") for n in (1, 2)]
        for actor in cls.actors:
            actor.thread.start()
            cls.addClassCleanup(actor.stop)

    def run_program(self, prepare, program):
        """Run *program* by the way that *prepare* has it take; return what came of it, and of the caches."""
        with opened(prepare) as scope:
            came = []
            for way, name, key, value, callers, who in program:
                function, args = way(name, KEYS[key], VALUES[value])

                def step(callers=callers, function=function, args=args):
                    return run_through(callers, function, args)

                came.append(self.actors[who - 1].do(bind_to_scope(scope, step)) if who else step())
            return came, facts_of(scope.caches)

    def compare(self, program):
        expected = self.run_program(take_long_way, program)
        for prepare in (take_short_way, put_something_in_force):
            self.assertEqual(self.run_program(prepare, program), expected, prepare)


class ProgramTests(ShortWayCase):
    @SETTINGS
    @example(ALL_KEYS)
    @given(PROGRAMS)
    def test_programs(self, program):
        """Whatever the keys, the callers and the threads are, each way records the same."""
        self.compare(program)

    def test_every_kind(self):
        """The program with everything in it comes to all that there is: it would be little of a test else."""
        with opened(take_short_way) as scope:
            for way, name, key, value, callers, _ in ALL_KEYS:
                run_through(callers, *way(name, KEYS[key], VALUES[value]))
            log = scope.caches["c"].operations
            self.assertGreater(log.dropped, 100)
            for kind in ("put", "hit", "miss", "failure"):
                self.assertGreater(log.tally(kind), 0, kind)

    @expand(
        [
            ("callers not looked for", "calling_frame", lambda frame, libraries=None: frame),
            ("threads mixed up", "this_thread", mock.Mock()),
            ("misses told as values", "MISSING", ...),
        ],
        quick=1,
    )
    def test_found_out(self, _, name, broken):
        """A short way that is broken is found out by a random program."""
        check = settings(parent=SETTINGS, phases=[Phase.generate], report_multiple_bugs=False)(
            given(PROGRAMS)(self.compare)
        )
        with mock.patch.object(short_ways, name, broken), self.assertRaises(AssertionError):
            check()


class NothingOutsideTests(unittest.TestCase):
    """Threads that run nothing but a library, ours and the standard one."""

    def run_on_threads(self, prepare, way):
        with opened(prepare) as scope:
            for module in ("some_library", "json.inner", "cachetest.inner"):
                call = in_module(module, TWO_CALLS)
                for each in ("call", "again", "call"):
                    function, args = way("c", "k", 1)
                    thread = threading.Thread(
                        target=bind_to_scope(scope, call[each]), args=(function, *args), name="worker"
                    )
                    thread.start()
                    thread.join()
            return facts_of(scope.caches)

    @parameterized.expand([(way.__name__, way) for way in WAYS])
    def test_same(self, _, way):
        """Each way records the same lines."""
        expected = self.run_on_threads(take_long_way, way)
        self.assertEqual(len(expected["c"]["operations"]), 9)
        for prepare in (take_short_way, put_something_in_force):
            self.assertEqual(self.run_on_threads(prepare, way), expected)


if __name__ == "__main__":
    unittest.main()
