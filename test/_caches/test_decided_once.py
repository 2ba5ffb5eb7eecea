"""Which scopes are open is read once for an operation, whatever opens or closes before it is logged."""

import concurrent.futures
import concurrent.futures.thread
import threading
from unittest import TestCase, mock

from parameterized import parameterized

from cachetest import MockBackend, PatchCaches
from cachetest._caches import attribution
from cachetest._caches.attribution import cache_for
from cachetest._caches.scope import Scope, close_scope, open_scope
from cachetest._recording.uncounted import take_uncounted

from .scopes import ScopeCase, elsewhere, scope


def then(action):
    """Have *action* done as soon as it was decided to which scope an operation belongs."""
    decide = attribution._scope_among

    def decide_and_act(still_open):
        found = decide(still_open)
        action()
        return found

    return mock.patch.object(attribution, "_scope_among", decide_and_act)


class DecidedOnceTests(ScopeCase):
    def test_opened_in_between(self):
        """A scope that opens in between is no suspect: the operation began outside it."""
        opened = Scope("a test")
        with then(lambda: open_scope(opened)):
            elsewhere(lambda: cache_for("c").get("k"))
        try:
            found = take_uncounted(opened)
        finally:
            close_scope(opened)
        self.assertEqual((found.unattributed, found.own_late), ([], []))
        self.assertEqual([each.operation.key for each in found.others_late], ["k"])

    def test_closed_in_between(self):
        """A scope that closes in between keeps the operation: it is not late."""
        with scope() as only, then(lambda: close_scope(only)):
            elsewhere(lambda: cache_for("c").get("k"))
        self.assertEqual(only.caches.c.num_get_miss, 1)
        self.assertEqual(self.uncounted(), [])

    def test_third_opened_in_between(self):
        """Of two that are open both are suspects, and one that opens in between is not."""
        third = Scope("third")

        def beside():
            with scope("second") as second, then(lambda: open_scope(third)):
                elsewhere(lambda: cache_for("c").get("k"))
                return second

        with scope("first") as first:
            second = elsewhere(beside)
            close_scope(third)
            found = {each.label: take_uncounted(each) for each in (third, first, second)}
        self.assertIsNone(found["third"])
        self.assertEqual(len(found["first"].unattributed), 1)
        self.assertEqual(len(found["second"].unattributed), 1)


class OwnThread(threading.Thread):
    """A program's thread class, put in the place of the standard library's."""


class OwnPool(concurrent.futures.ThreadPoolExecutor):
    """A program's pool, put in the place of the standard library's."""


class ReplacedTests(TestCase):
    @parameterized.expand(
        [
            ("thread_subclass", "threading.Thread", OwnThread),
            ("thread_mock", "threading.Thread", mock.MagicMock()),
            ("thread_function", "threading.Thread", lambda *args, **kwargs: None),
            ("pool_subclass", "concurrent.futures.ThreadPoolExecutor", OwnPool),
            ("pool_mock", "concurrent.futures.ThreadPoolExecutor", mock.MagicMock()),
            ("pool_subclass_at_home", "concurrent.futures.thread.ThreadPoolExecutor", OwnPool),
            ("pool_mock_at_home", "concurrent.futures.thread.ThreadPoolExecutor", mock.MagicMock()),
            ("future_mock", "concurrent.futures.Future", mock.MagicMock()),
        ]
    )
    def test_by(self, _, target, new):
        """Whatever stands in for a class that is hooked, the class itself is hooked, and put back."""
        before = vars(OwnThread.__mro__[1])["start"], vars(OwnPool.__mro__[1])["submit"]
        with mock.patch(target, new), mock.patch("cachetest._caches.thread_hooks._made", []):
            with PatchCaches() as patch:
                backend = MockBackend("c")
                made = OwnThread(target=backend.get, args=("k",))
                made.start()
                made.join()
                # A pool makes its workers of whatever threading.Thread is: only the submitting is looked at.
                pool = OwnPool(1)
                with mock.patch.object(pool, "_adjust_thread_count"):
                    future = pool.submit(backend.get, "k")
                pool._work_queue.get().run()
                self.assertIsNone(future.result())
            self.assertEqual(patch.caches.c.num_get_miss, 2)
        self.assertEqual((vars(OwnThread.__mro__[1])["start"], vars(OwnPool.__mro__[1])["submit"]), before)
