import unittest

from cachetest import CacheTestCase, MockBackend, NotPatchedError

from .support import run_method


class OwnFailure(AssertionError):
    pass


class FailureTests(unittest.TestCase):
    def failure(self, body, **attributes):
        _, result = run_method(CacheTestCase, body, **attributes)
        return result

    def test_frames_are_trimmed(self):
        """A failure's traceback ends at the user's line, as that of unittest's own assertions does."""

        def body(case):
            MockBackend("c")
            case.assertCacheStats("c", puts=1)

        def block(case):
            MockBackend("c")
            with case.assertCacheDelta("c", puts=1):
                pass

        for test in (body, block):
            ((_, text),) = self.failure(test).failures
            self.assertNotIn("case.py", text.replace("test_case_failures.py", ""))
            self.assertIn("test_case_failures.py", text)

    def test_own_failure_exception(self):
        """A case's own failureException is raised, itself."""

        def body(case):
            MockBackend("c")
            with case.assertRaises(OwnFailure) as caught:
                case.assertCacheStats("c", puts=1)
            case.assertIs(type(caught.exception), OwnFailure)

        self.assertTrue(self.failure(body, failureException=OwnFailure).wasSuccessful())

    def test_not_run(self):
        """A test method that is called by hand has no caches, and says so."""
        with self.assertRaisesRegex(NotPatchedError, "was not run by unittest, so it has no caches"):
            type("Inner", (CacheTestCase,), {"test": print})("test").assertCacheUnused()


class TracebackTests(unittest.TestCase):
    def test_set_up_frames(self):
        """The traceback of a failing setUp does not begin in cachetest."""

        def set_up(case):
            raise ValueError("own")

        _, result = run_method(CacheTestCase, lambda case: None, setUp=set_up)
        ((_, text),) = result.errors
        self.assertNotIn("case.py", text.replace("test_case_failures.py", ""))


if __name__ == "__main__":
    unittest.main()
