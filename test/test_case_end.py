import functools
import gc
import threading
import unittest
import weakref

from cachetest import CacheTestCase, MockBackend, Stats
from cachetest._caches.attribution import bind_to_scope, scope_of_caller

from .support import InterruptedAdapter, NamedPlaceAdapter
from .test_case import LibraryCase


class EndTests(LibraryCase):
    """What is found at the end of a test."""

    def test_displaced(self):
        """A test whose patch was displaced fails, with the place and what is there."""

        def body(case):
            self.library.backend = "somebody's"

        _, result = self.run_method(body)
        ((_, text),) = result.failures
        self.assertIn("Library.backend was displaced while the test ran", text)
        self.assertIn("somebody's", text)

    def test_do_cleanups_of_its_own(self):
        """One that the case has itself, however it is wrapped, is called once, and the test is what fails."""
        calls = []

        def counted(method):
            @functools.wraps(method)
            def wrapper(case):
                calls.append(method)
                return method(case)

            return wrapper

        def body(case):
            self.library.backend = "somebody's"

        _, result = self.run_method(body, doCleanups=counted(CacheTestCase.doCleanups))
        ((_, text),) = result.failures
        self.assertIn("Library.backend was displaced while the test ran", text)
        self.assertEqual(len(calls), 1)

    def test_not_kept(self):
        """A test that has ended is not kept, with all that it holds, by what is kept of its scope."""
        case, _ = self.run_method(lambda case: self.library.backend.put("k", 1))
        kept = weakref.ref(case)
        caches = case.caches
        del case
        gc.collect()
        self.assertIsNone(kept())
        self.assertEqual(list(caches.lib.cache), ["k"])

    def test_adapter_that_can_not_tell(self):
        """An adapter whose places can't be read any more fails the test, and the next one runs."""

        class Unreadable(NamedPlaceAdapter):
            reads = 0

            def patched_attributes(self):
                Unreadable.reads += 1
                if Unreadable.reads == 3:
                    raise RuntimeError("gone")
                return super().patched_attributes()

        _, result = self.run_method(lambda case: None, patch_caches=(Unreadable(self.library),))
        ((_, text),) = result.failures
        self.assertIn("looking at the patches raised RuntimeError: gone", text)
        self.assertEqual(self.library.backend, "real")
        _, result = self.run_method(lambda case: None, patch_caches=(Unreadable(self.library),))
        self.assertTrue(result.wasSuccessful(), result.failures + result.errors)

    def test_adapter_that_does_not_restore(self):
        """A test whose adapter leaves something behind fails."""

        class Careless(NamedPlaceAdapter):
            def install(self):
                from contextlib import nullcontext

                self.library.backend = "left behind"
                return nullcontext()

        _, result = self.run_method(lambda case: None, patch_caches=(Careless(self.library),))
        ((_, text),) = result.failures
        self.assertIn("the adapter 'library' did not restore Library.backend", text)
        del self.library.backend

    def test_expected_failure_does_not_cover_it(self):
        """A problem at the end is no failure that the test expected."""

        @unittest.expectedFailure
        def body(case):
            self.library.backend = "somebody's"
            case.fail("as expected")

        _, result = self.run_method(body)
        self.assertEqual(len(result.failures), 1)

    def test_late_operation_of_another_test(self):
        """What an earlier test left behind is a warning for the next, at the line of its test method."""
        uses = []

        def first(case):
            uses.append(bind_to_scope(scope_of_caller(), self.library.backend.get))

        def second(case):
            uses[0]("k")
            case.assertCacheUnused()

        first_case, _ = self.run_method(first)
        with self.assertWarnsRegex(
            UserWarning, "late: miss on 'lib', key 'k'.*Inner.test, which had ended"
        ) as caught:
            self.passes(second)
        self.assertEqual((caught.filename, caught.lineno), (__file__, second.__code__.co_firstlineno))
        self.assertEqual(first_case.caches.lib, Stats())

    def test_unattributed(self):
        """An operation that can't be told apart fails each test that was running."""
        work = threading.Event()
        done = threading.Event()

        def worker():
            work.wait()
            self.library.backend.put("k", 1)
            done.set()

        thread = threading.Thread(target=worker)
        thread.start()
        barrier = threading.Barrier(2)

        def body(case):
            barrier.wait()
            if threading.current_thread().name == "first":
                work.set()
            done.wait()
            case.assertCacheUnused()
            barrier.wait()

        results = {}
        runners = [
            threading.Thread(target=lambda n=n: results.__setitem__(n, self.run_method(body)[1]), name=n)
            for n in ("first", "second")
        ]
        for runner in runners:
            runner.start()
        for runner in [*runners, thread]:
            runner.join()
        for result in results.values():
            ((_, text),) = result.failures
            self.assertRegex(
                text, "unattributed: put on 'lib', key 'k', by thread Thread-.*test_case_end.py:.* in worker"
            )

    def test_interrupted_while_leaving(self):
        """An interrupt in the midst of undoing does not keep it from being finished."""

        with self.assertRaises(KeyboardInterrupt):
            self.run_method(lambda case: None, patch_caches=(InterruptedAdapter(self.library),))

    def test_failed_test_without_a_method(self):
        """Where the line of the test method is not known, a warning still has one."""

        class Callable:
            def __call__(self):
                bind_to_scope(first[0], MockBackend("c").get)("k")

        first = []
        self.run_method(lambda case: first.append(scope_of_caller()))
        with self.assertWarns(UserWarning):
            self.passes(Callable())


if __name__ == "__main__":
    unittest.main()
