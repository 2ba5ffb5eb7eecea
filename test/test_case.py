import gc
import threading
import unittest
import unittest.mock

from parameterized import parameterized

from cachetest import CacheTestCase, CacheTestMixin, MockBackend, PatchCaches, Stats
from cachetest._caches.attribution import scope_of_caller
from cachetest._caches.scope import Scope
from cachetest._patching.session import Session
from cachetest.case import _ScopeOpeningSetUp

from .support import make_library, run_case, run_method


class LibraryCase(unittest.TestCase):
    """Runs inner tests on a library that nobody else has patched, and checks that nothing of it is left."""

    def setUp(self):
        self.library, self.adapter = make_library()
        self.attributes = {"patch_caches": (self.adapter,)}
        before = dict(vars(self.library))
        self.addCleanup(lambda: self.assertEqual(dict(vars(self.library)), before))
        self.addCleanup(lambda: self.assertIsNone(scope_of_caller()))

    def run_method(self, body, base=CacheTestCase, **attributes):
        return run_method(base, body, **{**self.attributes, **attributes})

    def passes(self, body, **attributes):
        _, result = self.run_method(body, **attributes)
        self.assertTrue(result.wasSuccessful(), result.errors + result.failures)
        self.assertEqual(result.testsRun, 1)


class AroundTests(LibraryCase):
    """What is done around each test."""

    def test_patched(self):
        """The library is patched and its switches are off."""

        def body(case):
            self.library.backend.put("k", 1)
            case.assertCacheStats("lib", puts=1)
            case.assertIs(self.library.flag, False)

        self.passes(body)

    def test_enabled(self):
        """Switches that are named are on."""
        self.passes(lambda case: case.assertIs(self.library.flag, True), enable_caches=["library_cache"])

    def test_set_up_without_super(self):
        """A setUp that does not call super() finds everything patched."""

        def set_up(case):
            self.library.backend.put("k", 1)

        self.passes(lambda case: case.assertCacheStats("lib", puts=1), setUp=set_up)

    @parameterized.expand([("setUp",), ("tearDown",), ("test",)])
    def test_failing(self, where):
        """Everything is undone, whichever part of the test raises."""

        def fails(case):
            self.assertIsInstance(self.library.backend, MockBackend)
            raise ValueError("own")

        body = fails if where == "test" else lambda case: None
        case, result = self.run_method(body, **({} if where == "test" else {where: fails}))
        ((_, text),) = result.errors
        self.assertIn("ValueError: own", text)
        self.assertEqual(case.caches.lib, Stats())

    def test_order_at_the_end(self):
        """tearDown and the test's own cleanups still belong to the test."""

        def tear_down(case):
            self.library.backend.put("tearDown", 1)

        def body(case):
            case.addCleanup(self.library.backend.put, "cleanup", 1)

        case, result = self.run_method(body, tearDown=tear_down)
        self.assertTrue(result.wasSuccessful(), result.errors + result.failures)
        self.assertEqual(list(case.caches.lib.cache), ["tearDown", "cleanup"])

    @parameterized.expand([(KeyboardInterrupt,), (SystemExit,)])
    def test_interrupted(self, error):
        """An interrupt that ends the run leaves nothing patched."""

        def body(case):
            raise error

        try:
            self.run_method(body)
        except BaseException as raised:
            self.assertIs(type(raised), error)

    def test_skipped(self):
        """A test that is skipped by decorator is never patched; by call, it is undone."""
        for body in (unittest.skip("why")(lambda case: None), lambda case: case.skipTest("why")):
            case, result = self.run_method(body)
            self.assertEqual(len(result.skipped), 1)
            self.assertNotIn("setUp", vars(case))

    def test_scope_is_of_one_test(self):
        """Each test starts with nothing."""

        def body(case):
            case.assertCacheUnused()
            self.library.backend.put("k", 1)

        for _ in range(2):
            self.passes(body)

    def test_one_case_run_twice(self):
        """So does one object that is run again."""

        def body(case):
            case.assertCacheUnused()
            self.library.backend.put("k", 1)

        case, result = self.run_method(body)
        self.assertTrue(result.wasSuccessful())
        self.assertTrue(run_case(case).wasSuccessful())

    def test_caches_are_made_when_they_are_asked_for(self):
        """A test that asks for none pays for none."""
        with unittest.mock.patch.object(Scope, "_make_caches", autospec=True) as make:
            self.passes(lambda case: None)
        make.assert_not_called()

    def test_caches_of_each_run(self):
        """A test that is run again has caches of its own."""
        found = []

        def body(case):
            MockBackend("c").get("key")
            found.append((case.caches, case.caches.c.num_get_miss))

        case, _ = self.run_method(body)
        run_case(case)
        self.assertEqual([misses for _, misses in found], [1, 1])
        self.assertIsNot(found[0][0], found[1][0])
        self.assertIs(case.caches, found[1][0])

    def test_caches_after_the_test(self):
        """What was counted can be read after the test."""
        case, _ = self.run_method(lambda case: self.library.backend.put("k", 1))
        self.assertEqual(case.caches.lib, Stats(1, 0, 0))
        case.assertCacheStats("lib", puts=1)

    def test_names_in_errors(self):
        """Adapter and switch names are checked before the test, which does not run."""
        for attributes, error in (
            ({"patch_caches": ["nothing"]}, "no adapter 'nothing'"),
            (
                {"patch_caches": "inductor"},
                "patch_caches: expected a sequence of names, not the string 'inductor'",
            ),
            ({"enable_caches": ["nothing"]}, "no switch 'nothing'"),
            ({"enable_caches": "library_cache"}, "enable_caches: expected a sequence of names"),
        ):
            ran = []
            _, result = self.run_method(ran.append, **attributes)
            ((_, text),) = result.errors
            self.assertIn(error, text)
            self.assertEqual(ran, [])

    def test_block_on_a_worker(self):
        """A block of the test may turn a switch on a thread of the test that the test itself has off."""

        def work():
            with PatchCaches(self.adapter, enable=["library_cache"]):
                seen.append(self.library.flag)

        def body(case):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
            case.assertIs(self.library.flag, False)

        seen = []
        self.passes(body)
        self.assertEqual(seen, [True])

    def test_mixin_behind(self):
        """A mixin that would do nothing where it was put is refused as the class is made."""
        with self.assertRaisesRegex(TypeError, "class Behind: CacheTestMixin goes in front of the TestCase"):
            type("Behind", (unittest.TestCase, CacheTestMixin), {})

    def test_debug(self):
        """debug(), which runners use to let exceptions through, is patched and undone as well."""

        def body(case):
            self.assertIsInstance(self.library.backend, MockBackend)

        def fails(case):
            body(case)
            raise ValueError("own")

        make = lambda body: type("Inner", (CacheTestCase,), {"test": body, **self.attributes})("test")  # noqa: E731
        make(body).debug()
        self.assertEqual(self.library.backend, "real")
        with self.assertRaisesRegex(ValueError, "own"):
            make(fails).debug()

    def test_set_up_on_the_instance(self):
        """A setUp that somebody put on the object is called, and is still there after."""
        calls = []
        case = type("Inner", (CacheTestCase,), {"test": lambda case: None, **self.attributes})("test")
        case.setUp = own = lambda: calls.append(scope_of_caller().label)
        self.assertTrue(run_case(case).wasSuccessful())
        self.assertEqual(calls, [case.id()])
        self.assertIs(case.setUp, own)

    def test_no_cycles(self):
        """What a test leaves is freed at once, so the collector runs no more often than without us."""
        case = type("Inner", (CacheTestCase,), {"test": lambda case: None, **self.attributes})("test")
        result = unittest.TestResult()
        case.run(result)

        def made():
            # By the type itself: an object of another library may be loaded by being looked at.
            return [each for each in gc.get_objects() if type(each) in (Session, _ScopeOpeningSetUp)]

        before = made()
        gc.disable()
        try:
            case.run(result)
            left = [each for each in made() if each not in before]
        finally:
            gc.enable()
        self.assertEqual(left, [])

    def test_set_up_called_again(self):
        """A test that calls its own setUp() again stays in its scope."""

        def body(case):
            inside = scope_of_caller()
            case.setUp()
            case.assertIs(scope_of_caller(), inside)

        self.passes(body)

    def test_base_that_turns_caches_on(self):
        """A TestCase behind the mixin that turns caches on in its setUp does not: the mixin is in front."""

        class Base(unittest.TestCase):
            def setUp(case):
                case.found = self.library.flag
                self.library.flag = True

            def tearDown(case):
                self.library.flag = case.found

        class Front(CacheTestMixin, Base):
            """As a user would write it."""

        self.passes(lambda case: case.assertIs(self.library.flag, False), base=Front)

        def set_up(case):
            super(case.__class__, case).setUp()
            self.library.flag = "mine"

        _, result = self.run_method(
            lambda case: case.assertEqual(self.library.flag, "mine"), Front, setUp=set_up
        )
        self.assertTrue(result.wasSuccessful(), result.failures + result.errors)

    def test_inside_a_patched_block(self):
        """A test run inside a block leaves the block's counts as they were."""
        with PatchCaches(self.adapter) as outer:
            self.library.backend.put("k", 1)
            self.passes(lambda case: self.library.backend.get("k"))
            self.assertEqual(outer.caches.lib, Stats(1, 0, 0))
            self.assertIsInstance(self.library.backend, MockBackend)


if __name__ == "__main__":
    unittest.main()
