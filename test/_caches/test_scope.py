import contextvars
import threading
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest._caches.attribution import bind_to_scope, scope_of_caller
from cachetest._caches.scope import Scope, close_scope, open_scope

from .scopes import ScopeCase, elsewhere, scope


class ClosingTests(ScopeCase):
    def test_closing_in_any_order(self):
        """The outer scope may close first."""
        outer, inner = Scope("outer"), Scope("inner")
        open_scope(outer)
        open_scope(inner)
        close_scope(outer)
        self.assertIs(scope_of_caller(), inner)
        close_scope(inner)
        self.assertIsNone(scope_of_caller())

    def test_closing_twice(self):
        """Closing again changes nothing."""
        with scope() as outer:
            with scope() as inner:
                pass
            close_scope(inner)
            self.assertIs(scope_of_caller(), outer)

    def test_closing_in_another_context(self):
        """A scope may be closed where it was not opened; where it was, what comes is late."""
        made = Scope("elsewhere", ("c",))
        context = contextvars.copy_context()
        context.run(open_scope, made)
        close_scope(made)
        self.assertIsNone(scope_of_caller())
        self.assertIs(context.run(scope_of_caller), made)

    def test_blocks_of_a_thread_left_out_of_order(self):
        """Two blocks that a thread leaves in the wrong order leave it where it was."""
        with scope("a test"):
            steps = []

            def work():
                first, second = Scope("first"), Scope("second")
                for step, each in ((open_scope, first), (open_scope, second)):
                    step(each)
                close_scope(first)
                close_scope(second)
                steps.append(scope_of_caller().label)
                entered.set()
                inside.wait()
                steps.append(scope_of_caller().label)

            entered, inside = threading.Event(), threading.Event()
            thread = threading.Thread(target=bind_to_scope(scope_of_caller(), work))
            thread.start()
            entered.wait()
            with scope("a block of the main thread"):
                inside.set()
                thread.join()
        self.assertEqual(steps, ["a test", "a block of the main thread"])

    def test_test_on_a_thread_of_a_test(self):
        """A test that a runner starts on a thread of another is not inside that; the thread is, after it."""
        with scope("outer") as outer:

            def work():
                inner = Scope("inner", whole_test=True)
                open_scope(inner)
                found = inner.parent, inner.test, scope_of_caller()
                close_scope(inner)
                return *found, scope_of_caller(), inner

            parent, test, during, after, inner = elsewhere(bind_to_scope(outer, work))
        self.assertIsNone(parent)
        self.assertIs(test, inner)
        self.assertIs(during, inner)
        self.assertIs(after, outer)


class ScopeTests(unittest.TestCase):
    @parameterized.expand([(False, "<open scope of a test>"), (True, "<closed scope of a test>")])
    def test_repr(self, closed, text):
        """repr() says whose scope it is, and whether it is over."""
        made = Scope("a test")
        made.closed = closed
        self.assertEqual(repr(made), text)

    def test_caches_asked_for_while_they_are_made(self):
        """There is one set of caches, also where what is collected as garbage asks for it in between."""
        made, make, found = Scope("a test", ("c",)), Scope._make_caches, []

        def make_twice(scope):
            if not found:
                found.append(None)
                found[:] = [scope.caches, scope.caches["c"]]
            return make(scope)

        with mock.patch.object(Scope, "_make_caches", make_twice):
            caches = made.caches
        self.assertIs(caches, found[0])
        self.assertIs(caches["c"], found[1])
        self.assertIs(caches["c"].scope_caches(), caches)


if __name__ == "__main__":
    unittest.main()
