"""What a guard lets through, and how guards inside each other agree."""

import contextlib
import unittest
from pathlib import Path

from parameterized import parameterized

from cachetest import GuardError, guard
from cachetest._patching import watched_functions
from cachetest._patching.guard_allow import Allow
from cachetest.adapters import Adapter, GuardPoint, Undo

from .guard_support import GuardCase
from .steps import FIRST_STEP, Interrupt, Steps


class Library:
    """A library with two ways to leave the process."""

    def __init__(self, place):
        self.place = place

    def send(self):
        return "sent"

    async def send_later(self):
        return "sent"

    @classmethod
    def make(cls):
        return cls.__name__

    @staticmethod
    def count(number):
        return number


class LibraryAdapter(Adapter):
    """An adapter of `Library`, whose places are those of its objects."""

    name = "library"

    def __init__(self, *names):
        self.names = names or ("send",)

    def install(self):
        return Undo()

    def guard_points(self):
        def place(function, *args):
            return getattr(args[0], "place", "localhost:1")

        return [GuardPoint(Library, name, place) for name in self.names]


class AllowTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("server", "localhost:6379", "localhost:6379", True),
            ("another port", "localhost:6379", "localhost:6380", False),
            ("another host", "localhost:6379", "db:6379", False),
            ("this machine", "localhost:6379", "127.0.0.1:6379", True),
            ("this machine by IPv6", "127.0.0.1:6379", "[::1]:6379", True),
            ("capitals", "DB.example:6379", "db.Example:6379", True),
            ("IPv6", "[fe80::1]:6379", "[fe80::1]:6379", True),
            ("file", "/var/cache/app", "/var/cache/app", True),
            ("in a folder", "/var/cache/app", "/var/cache/app/x/y", True),
            ("in a folder with a slash", "/var/cache/app/", "/var/cache/app/x", True),
            ("a folder beside", "/var/cache/app", "/var/cache/apples", False),
            ("out of it", "/var/cache/app", "/var/cache/app/../other", False),
            ("a folder above", "/var/cache/app", "/var/cache", False),
            ("the root", "/", "/var/cache", True),
            ("path", Path("/var/cache/app"), "/var/cache/app/x", True),
            ("adapter", "redis", "localhost:6379", True),
            ("another adapter", "django", "localhost:6379", False),
            ("a table", "/", "the table cache", False),
        ]
    )
    def test_lets_through(self, _, given, place, expected):
        self.assertIs(Allow([given]).lets_through({"redis"}, place), expected)

    @parameterized.expand(
        [
            (
                "a name of none",
                "reddis",
                ValueError,
                "^allow: 'reddis' is no server .* closest first: redis, ",
            ),
            ("a host alone", "localhost", ValueError, "'localhost' is no server .'localhost:6379'."),
            ("a URL", "redis://localhost:6379/0", ValueError, "is no server"),
            ("a port", ":6379", ValueError, "is no server"),
            ("an IPv6 address without its brackets", "fe80::1:6379", ValueError, "is no server"),
            ("a relative path", "cache/app", ValueError, "is no server"),
            ("nothing", "", ValueError, "is no server"),
            (
                "an adapter",
                LibraryAdapter(),
                TypeError,
                "or the name of an adapter, not <LibraryAdapter adapter>",
            ),
            ("a number", 6379, TypeError, "not 6379"),
        ]
    )
    def test_wrong(self, _, given, error, text):
        """What can't be told is an error where it is given."""
        with self.assertRaisesRegex(error, text):
            guard(allow=(given,))

    @parameterized.expand([("a string", "redis", r"\('redis',\)"), ("no sequence", 5, "not 5")])
    def test_no_sequence(self, _, given, text):
        with self.assertRaisesRegex(TypeError, f"^allow: expected a sequence, .*{text}"):
            guard(allow=given)


class SeveralTests(GuardCase):
    def test_inner_lets_through(self):
        """An inner guard lets through what an outer one refuses, and nothing else."""
        here, there = Library("localhost:1"), Library("localhost:2")
        with guard(LibraryAdapter()) as outer:
            for inner in (
                guard(LibraryAdapter(), allow=["localhost:1"]),
                guard("redis", allow=["localhost:1"]),
            ):
                with inner:
                    self.assertEqual(here.send(), "sent")
                    self.refuses(there.send, text="localhost:2")
            self.refuses(here.send)
        self.assertEqual(len(outer.refused), 2)

    def test_inner_refuses(self):
        """An inner guard refuses what an outer one lets through."""
        here = Library("localhost:1")
        with guard(LibraryAdapter(), allow=["localhost:1"]):
            with guard("redis"):
                self.assertEqual(here.send(), "sent")
            with guard(LibraryAdapter()) as inner:
                self.refuses(here.send)
            self.assertEqual(here.send(), "sent")
        self.assertEqual(len(inner.refused), 1)

    def test_refused(self):
        """The newest texts of errors are kept, at most a hundred."""
        with guard(LibraryAdapter()) as given:
            for n in range(1, 151):
                self.refuses(Library(f"localhost:{n}").send)
        self.assertEqual(len(given.refused), 100)
        self.assertIn("localhost:150 ", given.refused[-1])


class OwnAdapterTests(GuardCase):
    def test_kinds_of_functions(self):
        """Methods of every kind stay what they are, and are refused."""
        import asyncio
        import inspect

        library = Library("localhost:1")
        before = dict(vars(Library))
        with guard(LibraryAdapter("send", "send_later", "make", "count")):
            self.assertTrue(inspect.iscoroutinefunction(library.send_later))
            for call in (
                library.send,
                lambda: asyncio.run(library.send_later()),
                Library.make,
                library.make,
                lambda: Library.count(5),
                lambda: library.count(5),
            ):
                self.refuses(call, text="^library: localhost:1 was to be used outside any test, at ")
            with guard(allow=["localhost:1"]):
                self.assertEqual((library.make(), library.count(5)), ("Library", 5))
                self.assertEqual(asyncio.run(library.send_later()), "sent")
        self.assertEqual(dict(vars(Library)), before)

    def test_inherited(self):
        """A method that a class has from its base is refused on that class, and the base is left alone."""

        class Sub(Library):
            pass

        class SubAdapter(LibraryAdapter):
            def guard_points(self):
                return [GuardPoint(Sub, "send", lambda send, sub: sub.place)]

        with guard(SubAdapter()):
            self.assertEqual(Library("localhost:1").send(), "sent")
            self.refuses(Sub("localhost:1").send)
        self.assertNotIn("send", vars(Sub))

    def test_nowhere(self):
        """A call that goes nowhere, as its place is None, is let through."""
        with guard(LibraryAdapter()):
            self.assertEqual(Library(None).send(), "sent")

    def test_missing_function(self):
        """A function that is not there is an error at the start, unless it is optional; nothing is left."""
        with self.assertRaisesRegex(
            AttributeError, "^library: .*Library.* has no function 'sendd' to be guarded$"
        ):
            guard(LibraryAdapter("send", "sendd")).start()
        self.assertEqual(Library("localhost:1").send(), "sent")

        class Optional(LibraryAdapter):
            def guard_points(self):
                return [GuardPoint(Library, "sendd", print, optional=True)]

        with guard(Optional()):
            pass

    def test_without_points(self):
        """An adapter that does not say how is an error at the call."""

        class Silent(Adapter):
            name = "silent"

            def install(self):
                return Undo()

        with self.assertRaisesRegex(TypeError, "^the adapter 'silent' can't be guarded: .*guard_points"):
            guard(Silent())

    @parameterized.expand(
        [
            ("a class", LibraryAdapter, "expected an adapter or the name of one, not <class"),
            ("a number", 5, "not 5"),
            ("a list", ["redis"], "not \\['redis'\\]"),
            ("by its name alone", "functools", "has to be told what to test"),
        ]
    )
    def test_no_adapter(self, _, given, text):
        with self.assertRaisesRegex(TypeError, text):
            guard(given)

    def test_remedy(self):
        """Only what ``allow`` takes is named as a remedy."""
        with guard(LibraryAdapter()):
            text = self.refuses(Library("the moon").send, text="^library: the moon was to be used outside")
            self.assertTrue(text.endswith("block that patches it"), text)
            self.refuses(Library("localhost:1").send, text=r"guard\(allow=\('localhost:1',\)\)$")

    def test_interrupted_at_each_step(self):
        """Wherever beginning or ending is interrupted, it is as if it had not begun, or has ended."""

        def run():
            with guard(LibraryAdapter()):
                pass

        before, left = dict(vars(Library)), []
        counted = Steps()
        counted.run(run)
        # Its points are found, and it is made, before anything is begun.
        self.assertGreater(counted.seen, 50)
        for n in range(1, counted.seen + 1):
            with contextlib.suppress(Interrupt):
                Steps(raise_at=n).run(run)
            if watched_functions.watchers():
                left.append(n)
                watched_functions.end_watching(watched_functions.watchers()[0])
            self.assertEqual(dict(vars(Library)), before, n)
            self.check_nothing_left()
        # Those on the way into what protects the end, as with every context manager.
        self.assertLess(len(left), FIRST_STEP)

    def test_unknown_name(self):
        """A name of no adapter is the error that it is everywhere."""
        from cachetest import UnknownAdapterError

        with self.assertRaisesRegex(UnknownAdapterError, "closest first: redis"):
            guard("reddis")

    def test_raised_as_it_is(self):
        """It is raised as a GuardError, whatever the function raises itself."""
        with guard(LibraryAdapter()), self.assertRaises(GuardError):
            Library("localhost:1").send()


if __name__ == "__main__":
    unittest.main()
