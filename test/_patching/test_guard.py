"""A guard: what it says, how long it lasts, and what it does not stop."""

import asyncio
import threading
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import (
    CacheTestCase,
    CacheTestError,
    GuardError,
    NotPatchedError,
    PatchCaches,
    guard,
)
from cachetest._patching import watched_functions

from ..support import is_there, needs, run_case
from .guard_support import GuardCase

if is_there("redis"):
    import redis
    import redis.asyncio

    CONNECTION = redis.connection.AbstractConnection

needs_redis = needs("fakeredis", "cachetest[redis]")


class RedisCase(GuardCase):
    def setUp(self):
        super().setUp()
        self.client = redis.Redis(port=self.port, socket_timeout=0.05, retry=None)
        self.addCleanup(self.client.close)
        before = dict(vars(CONNECTION))
        self.addCleanup(lambda: self.assertEqual(dict(vars(CONNECTION)), before))

    def reaches(self):
        """Check that the client gets as far as to the socket that listens."""
        with self.assertRaises((redis.TimeoutError, redis.ConnectionError)):
            self.client.get("k")
        self.assertTrue(self.listener.came())


@needs_redis
class TextTests(RedisCase):
    def test_text(self):
        """It names what was to be used, the line, and the remedies."""
        with guard() as given:
            text = self.refuses(self.client.get, "k")
        self.assertRegex(
            text,
            rf"^redis: localhost:{self.port} was to be used outside any test, at "
            r"test/_patching/guard_support\.py:\d+ in refuses\. Use it in a test or in a `with "
            r"PatchCaches\(\)` block that patches it, or let it through: "
            rf"guard\(allow=\('localhost:{self.port}',\)\)$",
        )
        self.assertEqual(given.refused, (text,))

    def test_kind(self):
        """It is an error of cachetest, and a RuntimeError."""
        self.assertTrue(issubclass(GuardError, CacheTestError))
        self.assertTrue(issubclass(GuardError, RuntimeError))

    def test_thread(self):
        """It names the thread, if it is not the main one."""
        found = []

        def work():
            try:
                self.client.get("k")
            except GuardError as error:
                found.append(str(error))

        with guard():
            thread = threading.Thread(target=work, name="flusher")
            thread.start()
            thread.join()
        self.assertIn("test_guard.py:", found[0])
        self.assertIn(" in work, on thread 'flusher'. Use it", found[0])

    def test_left_running(self):
        """What a test has left running is refused, and told by the name of the test."""
        go, found, started = threading.Event(), [], []

        class Tests(CacheTestCase):
            patch_caches = ("redis",)

            def test(inner):
                def work():
                    go.wait()
                    try:
                        self.client.get("k")
                    except GuardError as error:
                        found.append(str(error))

                started.append(threading.Thread(target=work, name="flusher"))
                started[0].start()

        with guard():
            self.assertTrue(run_case(Tests("test")).wasSuccessful())
            go.set()
            started[0].join()
        self.assertRegex(
            found[0],
            rf"^redis: localhost:{self.port} was to be used after \S+test_left_running\S+Tests.test has "
            r"ended, by what it left running, at \S+test_guard.py:\d+ in work, on thread 'flusher'\. End "
            "it in the test: join the thread, await the task, shut the pool down$",
        )


@needs_redis
class LastingTests(RedisCase):
    @parameterized.expand([("with",), ("start and stop",)])
    def test_lasts(self, how):
        """It begins where it is entered or started, and ends where it is left or stopped."""
        given = guard()
        self.reaches()
        if how == "with":
            with given:
                self.refuses(self.client.get, "k")
        else:
            self.assertIs(given.start(), given)
            self.refuses(self.client.get, "k")
            given.stop()
        self.reaches()

    def test_not_started(self):
        """To stop one that was not started, or was stopped, is an error."""
        given = guard()
        for _ in range(2):
            with self.assertRaisesRegex(
                NotPatchedError, "^this guard was stopped without having been started$"
            ):
                given.stop()
            given.start().stop()

    def test_again(self):
        """One may be entered again, inside itself too."""
        given = guard()
        for _ in range(2):
            with given:
                with given:
                    self.refuses(self.client.get, "k")
                self.refuses(self.client.get, "k")
            self.reaches()

    def test_raises(self):
        """An exception ends it."""
        with self.assertRaises(KeyError), guard():
            raise KeyError
        self.reaches()

    @parameterized.expand([("inner first", (1, 0)), ("outer first", (0, 1))])
    def test_two(self, _, order):
        """Two that overlap end in any order."""
        guards = [guard().start(), guard("redis").start()]
        guards[order[0]].stop()
        self.refuses(self.client.get, "k")
        guards[order[1]].stop()
        self.reaches()

    @parameterized.expand([("guard first", True), ("scope first", False)])
    def test_guard_and_scope(self, _, guard_first):
        """A guard and a scope begin and end in any order, and the scope finds nothing displaced."""
        for ends_first in ("guard", "scope"):
            with self.subTest(ends_first=ends_first):
                given, patch = guard(), PatchCaches("redis")
                for begin in (given.start, patch.__enter__)[:: 1 if guard_first else -1]:
                    begin()
                self.assertIsNone(self.client.get("k"))
                if ends_first == "guard":
                    given.stop()
                    self.assertIsNone(self.client.get("k"))
                    patch.__exit__(None, None, None)
                else:
                    patch.__exit__(None, None, None)
                    self.refuses(self.client.get, "k")
                    given.stop()
                self.reaches()

    def test_threads(self):
        """Threads that start and stop guards at once leave nothing."""

        def work():
            for _ in range(50):
                with guard("redis"), guard():
                    pass

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.reaches()

    def test_patched_by_another(self):
        """Where another tool patches the same function meanwhile, it and the guard end in any order."""
        found = CONNECTION.connect
        given = guard().start()
        with mock.patch.object(CONNECTION, "connect", autospec=True) as patched:
            given.stop()
            self.assertIs(CONNECTION.connect, patched)
        # What it has put back is ours, and quiet; the next guard puts the library's own back.
        self.reaches()
        self.assertIsNot(CONNECTION.connect, found)
        with guard():
            self.refuses(self.client.get, "k")
        self.assertIs(CONNECTION.connect, found)

    def test_interrupted(self):
        """Interrupted while it begins, it leaves nothing."""
        with mock.patch.object(watched_functions._hook, "wait_for", side_effect=[KeyboardInterrupt, None]):
            with self.assertRaises(KeyboardInterrupt):
                guard().start()
        self.reaches()


@needs_redis
class ScopeTests(RedisCase):
    def test_in_a_test(self):
        """In a test, its threads, its tasks and its blocks all is as without a guard."""

        class Tests(CacheTestCase):
            patch_caches = ("redis",)

            def test(inner):
                self.client.set("k", 1)
                thread = threading.Thread(target=self.client.get, args=("k",))
                thread.start()
                thread.join()
                with PatchCaches("redis"):
                    self.client.get("k")
                inner.assertCacheStats("redis", puts=1, hits=1)

            async def coroutine(inner):
                await redis.asyncio.Redis(port=self.port).get("k")

            def test_coroutine(inner):
                asyncio.run(inner.coroutine())
                inner.assertCacheStats("redis", misses=1)

        with guard():
            for name in ("test", "test_coroutine"):
                result = run_case(Tests(name))
                self.assertTrue(result.wasSuccessful(), result.errors + result.failures)
            self.refuses(self.client.get, "k")
        self.assertFalse(self.listener.came())

    def test_several_scopes(self):
        """With several scopes open, an operation of nobody is in one of them, and none of the guard's."""
        outcomes, go = [], threading.Event()

        def work():
            go.wait()
            outcomes.append(self.client.get("k"))

        worker = threading.Thread(target=work)
        worker.start()
        begun, end = threading.Barrier(3), threading.Event()

        def run():
            with self.assertRaises(AssertionError), PatchCaches("redis"):
                begun.wait()
                end.wait()

        others = [threading.Thread(target=run) for _ in range(2)]
        with guard():
            for each in others:
                each.start()
            begun.wait()
            go.set()
            worker.join()
            end.set()
            for each in others:
                each.join()
        self.assertEqual(outcomes, [None])


if __name__ == "__main__":
    unittest.main()
