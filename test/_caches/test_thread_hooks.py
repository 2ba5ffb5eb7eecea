"""The hooks in the three methods that hand work to threads: put in and taken out, and put back exactly."""

import contextvars
import threading
import unittest
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import wraps

from cachetest._caches import thread_hooks
from cachetest._caches.attribution import scope_of_caller
from cachetest._caches.scope import Scope, close_scope, open_scope
from cachetest._caches.thread_hooks import put_hooks_in, take_hooks_out

from .test_handed_on import thread

# Those of `work_hooks` are hooked in the same way; `test_work_hooks` has what each does.
HOOKED = ((threading.Thread, "start"), (ThreadPoolExecutor, "submit"), (Future, "add_done_callback"))


@contextmanager
def opened(label):
    """Have a scope open, and the hooks in, for the time of a block."""
    scope = Scope(label)
    try:
        open_scope(scope, put_hooks_in)
        yield scope
    finally:
        close_scope(scope, take_hooks_out)


def hooked():
    return [vars(target)[name] for target, name in HOOKED]


class HookTests(unittest.TestCase):
    def test_only_while_inside(self):
        """The hooks are there while somebody holds them, and the very same methods are back after."""
        before = hooked()
        with opened("outer"):
            inside = hooked()
            for mine, found in zip(inside, before, strict=True):
                self.assertIsNot(mine, found)
                self.assertIs(mine.__wrapped__, found)
            with opened("inner"):
                self.assertEqual(hooked(), inside)
            self.assertEqual(hooked(), inside)
        self.assertEqual(hooked(), before)

    def test_closed_in_another_order(self):
        """The last scope to close takes them out, whichever it is."""
        before = hooked()
        first, second = Scope("first"), Scope("second")
        for scope in (first, second):
            contextvars.Context().run(open_scope, scope, put_hooks_in)
        close_scope(first, take_hooks_out)
        self.assertNotEqual(hooked(), before)
        close_scope(second, take_hooks_out)
        self.assertEqual(hooked(), before)

    def test_closed_again(self):
        """A scope that is not open, or not any more, leaves the hooks to those that are."""
        before = hooked()
        close_scope(Scope("never opened"), take_hooks_out)
        self.assertEqual(hooked(), before)
        with opened("a test"):
            inside = hooked()
            for _ in range(2):
                close_scope(Scope("never opened"), take_hooks_out)
            self.assertEqual(hooked(), inside)

    def test_not_by_opening_a_scope(self):
        """A scope that is opened puts in no hooks but those it is given: who patches gives them."""
        before = hooked()
        scope = Scope("a test")
        open_scope(scope)
        try:
            self.assertEqual(hooked(), before)
        finally:
            close_scope(scope)

    def test_restored_after_an_exception(self):
        """Also when the block raises."""
        before = hooked()
        with self.assertRaises(KeyboardInterrupt), opened("a test"):
            raise KeyboardInterrupt
        self.assertEqual(hooked(), before)

    def wrap(self, target, name, calls):
        found = vars(target)[name]

        @wraps(found)
        def wrapper(*args, **kwargs):
            calls.append(name)
            return found(*args, **kwargs)

        setattr(target, name, wrapper)
        return found, wrapper

    def test_wrapped_by_another_tool(self):
        """A tool that wrapped a hook of ours stays, and goes on working; ours goes quiet."""
        before = hooked()
        calls = []
        with opened("a test"):
            wrappers = [self.wrap(target, name, calls) for target, name in HOOKED]
            quiet = [hook for hook in thread_hooks._made if (hook.owner, hook.name) in HOOKED]
        try:
            self.assertEqual(hooked(), [wrapper for _, wrapper in wrappers])
            self.assertFalse(any(hook.on for hook in quiet))
            other = Scope("another")
            contextvars.Context().run(open_scope, other)
            try:
                # The next to open puts a live hook around the other tool's wrapper, and the one inside
                # is still quiet.
                with opened("a test") as scope:
                    self.assertIs(thread(scope_of_caller), scope)
                    with ThreadPoolExecutor(1) as pool:
                        self.assertIs(pool.submit(scope_of_caller).result(), scope)
                    self.assertEqual({*calls}, {"start", "submit"})
                    self.assertFalse(any(hook.on for hook in quiet))
            finally:
                close_scope(other, take_hooks_out)
            self.assertEqual(hooked(), [wrapper for _, wrapper in wrappers])
        finally:
            for (target, name), (found, _) in zip(HOOKED, wrappers, strict=True):
                setattr(target, name, found)
        # The other tool has put back a hook of ours that is off; the next to open takes it away.
        self.assertNotEqual(hooked(), before)
        with opened("a test"):
            pass
        self.assertEqual(hooked(), before)

    def test_unwrapped_in_between(self):
        """A tool that comes and goes while we are there changes nothing."""
        before = hooked()
        with opened("a test"):
            for target, name in HOOKED:
                found, _ = self.wrap(target, name, [])
                setattr(target, name, found)
        self.assertEqual(hooked(), before)

    def test_next_after_an_interrupted_one(self):
        """Who comes after the hooks were put in or taken out in part has all of them, and leaves none."""
        before = hooked()
        with opened("a test"):
            pass
        # Put in, or quiet but not yet taken out.
        hook = thread_hooks._made[1]
        setattr(hook.owner, hook.name, hook.function)
        with opened("another"):
            for mine, found in zip(hooked(), before, strict=True):
                self.assertIs(mine.__wrapped__, found)
        self.assertEqual(hooked(), before)

    def test_futures_are_loaded_by_then(self):
        """The pools of a library that is imported inside a test are hooked all the same."""
        with opened("a test"):
            self.assertTrue(hasattr(ThreadPoolExecutor.submit, "_cachetest_hook"))


if __name__ == "__main__":
    unittest.main()
