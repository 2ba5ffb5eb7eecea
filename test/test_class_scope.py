"""What a class sets up belongs to its scope, and each of its tests begins with a copy of that."""

import threading
import unittest
import warnings
from threading import Thread

from parameterized import parameterized

from cachetest import CacheTestCase, CacheTestMixin, global_stats
from cachetest._caches.attribution import scope_of_caller
from cachetest._caches.scope import open_scopes
from cachetest.errors import CacheTestWarning

from ._caches.scopes import elsewhere
from .class_scopes import ClassScopeCase, prepared, run_class
from .support import make_library


class SetUpTests(ClassScopeCase):
    def test_found_as_they_were(self):
        """Each test finds the entries as they were, with counts of its own."""
        self.passes(prepared(self.prices), tests=2)

    def test_tear_down(self):
        """``tearDownClass`` and the cleanups of the class find what was set up, and nothing of the tests."""
        found = []

        def tear_down(cls):
            cls.addClassCleanup(lambda: found.append(self.prices.get("lamp")))
            found.append([self.prices.get("lamp"), self.prices.get("table"), global_stats.prices.counts()])

        self.passes(prepared(self.prices, tearDownClass=classmethod(tear_down)))
        self.assertEqual(found, [[[1], None, (1, 1, 1)], [1]])

    def test_only_torn_down(self):
        """A class that is only torn down has a scope for that."""

        class Inner(CacheTestCase):
            @classmethod
            def tearDownClass(cls):
                seen.append(scope_of_caller())

            def test(self):
                self.addClassCleanup(lambda: seen.append(scope_of_caller()))

        seen = []
        self.passes(Inner)
        self.assertEqual([scope.label for scope in seen], [f"the class {__name__}.{Inner.__qualname__}"] * 2)

    def test_only_cleaned_up(self):
        """So has a class that has nothing but cleanups."""

        class Inner(CacheTestCase):
            def test(self):
                self.addClassCleanup(lambda: seen.append(scope_of_caller()))

        seen = []
        self.passes(Inner)
        self.assertIsNotNone(seen[0])

    def test_no_scope_without_need(self):
        """A class that sets nothing up has no scope."""

        class Inner(CacheTestCase):
            def test(self):
                self.assertEqual(open_scopes(), (scope_of_caller(),))
                self.assertIsNone(scope_of_caller().origin)

        self.assertNotIn("setUpClass", vars(Inner))
        self.passes(Inner)

    def test_patched(self):
        """The library is patched from the first line of ``setUpClass`` to the last cleanup."""
        library, adapter = make_library()
        seen = []

        class Inner(CacheTestCase):
            patch_caches = (adapter,)
            enable_caches = ("library_cache",)

            @classmethod
            def setUpClass(cls):
                cls.addClassCleanup(lambda: seen.append((library.backend, library.flag)))
                library.backend.put("k", 1)
                seen.append((library.backend, library.flag))

            def test(self):
                self.assertEqual(library.backend.get("k"), 1)
                self.assertCacheStats("lib", puts=0, hits=1)

        self.passes(Inner)
        self.assertEqual([(str(backend), flag) for backend, flag in seen], [("MockBackend('lib')", True)] * 2)
        self.assertEqual((library.backend, library.flag), ("real", "default"))

    def test_switch_at_rest(self):
        """Between setting up and tearing down a switch is as it was."""
        library, adapter = make_library()
        seen = []

        class Inner(CacheTestCase):
            patch_caches = (adapter,)

            @classmethod
            def setUpClass(cls):
                seen.append(library.flag)

            def run(self, result=None):
                seen.append(library.flag)
                return super().run(result)

            def test(self):
                seen.append(library.flag)

        self.passes(Inner)
        self.assertEqual(seen, [False, "default", False])

    @parameterized.expand([("error", ValueError), ("skip", unittest.SkipTest)])
    def test_failing(self, _, kind):
        """A ``setUpClass`` that raises leaves nothing behind."""
        library, adapter = make_library()

        class Inner(CacheTestCase):
            patch_caches = (adapter,)

            @classmethod
            def setUpClass(cls):
                raise kind("on purpose")

            def test(self):
                pass

        result = run_class(Inner)
        self.assertEqual((result.testsRun, library.backend), (0, "real"))

    def test_once_more(self):
        """A class that is run twice is set up twice, from nothing."""
        cls = prepared(self.prices)
        self.passes(cls, tests=2)
        self.passes(cls, tests=2)

    def test_unattributed(self):
        """What can't be told apart while two classes are set up is an error of both."""
        inside, over = threading.Barrier(2), threading.Barrier(2)
        results = []

        def class_of(work):
            class Inner(CacheTestCase):
                @classmethod
                def setUpClass(cls):
                    inside.wait()
                    work()
                    over.wait()

                def test(self):
                    pass

            return Inner

        classes = [class_of(lambda: elsewhere(self.prices.get, "k")), class_of(lambda: None)]
        threads = [
            Thread(target=lambda each=each: results.append(run_class(each).errors)) for each in classes
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for ((_, error),) in results:
            self.assertIn("unattributed: miss on 'prices', key 'k'", error)


class InheritanceTests(ClassScopeCase):
    """However a class comes by its ``setUpClass``."""

    def test_inherited(self):
        """Each of the classes that inherit one has a scope of its own."""
        base = prepared(self.prices)
        first, second = type("First", (base,), {}), type("Second", (base,), {})
        self.passes(first, second, tests=4)

    def test_super(self):
        """One that calls that of its base is set up once."""
        base = prepared(self.prices)
        scopes = []

        class Inner(base):
            @classmethod
            def setUpClass(cls):
                super().setUpClass()
                self.prices.put("desk", 4)
                scopes.append(scope_of_caller())

            def test_a(self):
                self.assertEqual(self.prices_found(), ([1], 4))

            test_b = test_a

            def prices_found(self):
                return prices.get("lamp"), prices.get("desk")

        prices = self.prices
        self.passes(Inner, tests=2)
        self.assertEqual(scopes[0].caches.prices.counts(), (2, 0, 0))

    def test_of_a_foreign_class(self):
        """One of a class that knows nothing of cachetest counts, before the mixin and behind it."""
        prices = self.prices

        class Foreign(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                prices.put("lamp", [1])

        class Helper:
            @classmethod
            def setUpClass(cls):
                prices.put("lamp", [1])

        def test(case):
            case.assertEqual(prices.get("lamp"), [1])

        for bases in ((CacheTestMixin, Foreign), (Helper, CacheTestCase)):
            self.passes(type("Inner", bases, {"test": test}), tests=1)

    def test_wrapped_afterwards(self):
        """One that a decorator of the class has wrapped, as freezegun does, is inside the scope."""

        def decorated(cls):
            found = cls.setUpClass
            cls.setUpClass = classmethod(lambda cls: found())
            return cls

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            base = decorated(prepared(self.prices))
            self.passes(base, type("Derived", (base,), {}), tests=4)

    def test_assigned_afterwards(self):
        """One that was put there after the class statement is told at the first test, once."""
        cls = prepared(self.prices)
        plain = type("Plain", (CacheTestCase,), {"test_a": lambda self: None, "test_b": lambda self: None})
        plain.setUpClass = classmethod(lambda cls: None)
        with self.assertWarnsRegex(
            CacheTestWarning, r"Plain\.setUpClass was put there after the class statement, so cachetest does"
        ) as caught:
            self.passes(plain, tests=2)
        self.assertEqual(len(caught.warnings), 1)
        self.assertTrue(cls.setUpClass.__func__.__wrapped__)

    def test_adapter_that_is_made_there(self):
        """An adapter whose target ``setUpClass`` makes is told to be left out there, and tests have it."""
        library, adapter = make_library()

        class Late(type(adapter)):
            def install(self):
                if not hasattr(self.library, "made"):
                    raise ImportError("not made yet")
                return super().install()

        class Inner(CacheTestCase):
            patch_caches = (Late(library),)

            @classmethod
            def setUpClass(cls):
                library.made = True

            def test(self):
                self.assertEqual(library.backend.name, "lib")

        with self.assertWarnsRegex(
            CacheTestWarning, r"Inner is set up without <Late adapter>: ImportError: not made yet"
        ):
            self.passes(Inner, tests=1)

    def test_replaced_there(self):
        """What ``setUpClass`` replaces is patched anew, and told."""
        library, adapter = make_library()

        class Inner(CacheTestCase):
            patch_caches = (adapter,)

            @classmethod
            def setUpClass(cls):
                library.backend = "replaced"

            def test(self):
                self.assertEqual(library.backend.name, "lib")

        with self.assertWarnsRegex(CacheTestWarning, "has replaced what <LibraryAdapter adapter> patches"):
            self.passes(Inner, tests=1)
        self.assertEqual(library.backend, "real")


if __name__ == "__main__":
    unittest.main()
