"""A forked child asks its parent for the caches of its test, and has scopes of its own."""

import os
import signal
import sys
import threading
import unittest
import warnings
from unittest import mock

from cachetest import MockBackend, PatchCaches
from cachetest._sharing import children, joined

from .children_support import (
    SECONDS,
    counted_in,
    failure_of,
    needs_fork,
    outcome_of,
    run_forked,
    swallow,
    use_mock,
)


@needs_fork
class CallerTests(unittest.TestCase):
    """What a fork tells of its caller is told of the program's line."""

    def test_caller(self):
        """The frame that has called it has the module, the file and the line of the program."""
        seen = []

        def fork():
            caller = sys._getframe(1)
            seen.append((caller.f_globals is globals(), caller.f_code.co_filename, caller.f_lineno))
            return 4711

        with mock.patch.object(os, "fork", fork), PatchCaches():
            self.assertIsNot(os.fork, fork)
            line, forked = sys._getframe().f_lineno, os.fork()
        self.assertEqual((seen, forked), ([(True, __file__, line)], 4711))

    @unittest.skipUnless(sys.version_info >= (3, 12), "forks warn of threads from Python 3.12 on")
    def test_warning(self):
        """Of a thread of the program Python warns at the line that forks."""
        over = threading.Event()
        thread = threading.Thread(target=over.wait)
        thread.start()
        try:
            with PatchCaches(), warnings.catch_warnings(record=True) as seen:
                warnings.simplefilter("always")
                line, child = sys._getframe().f_lineno, os.fork()
                if child == 0:
                    os._exit(0)
                os.waitpid(child, 0)
        finally:
            over.set()
            thread.join()
        found = [(each.category, each.filename, each.lineno) for each in seen]
        self.assertEqual(found, [(DeprecationWarning, __file__, line)])


@needs_fork
class AskingTests(unittest.TestCase):
    def test_operation(self):
        """What a child does is counted in its parent, as an operation of that process, at its own line."""
        told, counts, (put,) = counted_in(lambda _: run_forked(lambda: (use_mock(), os.getpid())))
        self.assertEqual((told[0], counts), ("done", (1, 0, 0)))
        self.assertEqual((put.kind, put.key, put.process, put.thread), ("put", "lamp", told[1], "MainThread"))
        self.assertEqual(put.process_name, f"process {told[1]}")
        self.assertEqual(put.where.function, "use_mock")
        self.assertTrue(put.where.filename.endswith("children_support.py"))

    def test_one_sequence(self):
        """The entries are the parent's, both ways, and so is the order."""

        def work():
            prices = MockBackend("prices")
            found = prices.get("desk")
            prices.put("lamp", found + 1)
            return found

        def body(_):
            prices = MockBackend("prices")
            prices.put("desk", 90.0)
            return run_forked(work), prices.get("lamp"), prices.get("chair")

        told, counts, operations = counted_in(body)
        self.assertEqual((told, counts), ((90.0, 91.0, None), (2, 2, 1)))
        self.assertEqual([each.kind for each in operations], ["put", "hit", "put", "hit", "miss"])
        self.assertEqual([each.number for each in operations], [1, 2, 3, 4, 5])
        self.assertEqual([operations[n].origin for n in (1, 3)], [1, 3])

    def test_killed_child(self):
        """What a child did is known though it was killed right after that, and counted once."""

        def die():
            use_mock()
            os.kill(os.getpid(), signal.SIGKILL)

        def body(_):
            for _ in range(3):
                with self.assertRaisesRegex(AssertionError, "signal 9"):
                    run_forked(die)

        self.assertEqual(counted_in(body)[1], (3, 0, 0))

    def test_child_that_has_closed_everything(self):
        """A daemon closes what it has open: it asks all the same."""

        def close():
            use_mock()
            os.closerange(3, 64)
            ledger = children.ledger()
            assert ledger is None
            use_mock()

        self.assertEqual(counted_in(self.run_daemon(close))[1], (2, 0, 0))

    def test_child_that_is_locked_out(self):
        """One that is in another root can't ask, and its parent knows."""

        def lock_out():
            joined.current_parent().ledger = joined.current_parent().address = "/nowhere/at/all"
            swallow()

        self.assertIn(
            "was refused a cache, and could not say which", failure_of(self.run_daemon(lock_out))[1]
        )

    def run_daemon(self, work):
        def body(_):
            if (child := os.fork()) == 0:
                try:
                    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
                    work()
                finally:
                    os._exit(0)
            os.waitpid(child, 0)

        return body

    def test_grandchildren(self):
        """A child of the child is of the same test."""
        told, counts, (put,) = counted_in(
            lambda _: run_forked(run_forked, lambda: (use_mock(), os.getpid())[1])
        )
        self.assertEqual((counts, put.process), ((1, 0, 0), told))

    def test_leaving_the_block_in_the_child(self):
        """A child that leaves the parent's block goes on asking: the real caches stay out of reach."""

        def body(_):
            reading, writing = os.pipe()
            if (child := os.fork()) == 0:
                os.close(reading)
                try:
                    signal.alarm(SECONDS)
                    stack.__exit__(None, None, None)
                    os.write(writing, str(outcome_of(use_mock)).encode())
                finally:
                    os._exit(0)
            os.close(writing)
            with open(reading, "rb") as file:
                told = file.read()
            os.waitpid(child, 0)
            return told

        stack = PatchCaches()
        patched = stack.__enter__()
        self.assertEqual(body(None), b"done")
        self.assertEqual(patched.caches.prices.counts(), (1, 0, 0))
        stack.__exit__(None, None, None)

    def test_threads_of_the_child(self):
        """Threads of the child ask at once, and each is told by its name."""

        def on_threads():
            def work():
                for n in range(200):
                    MockBackend("prices").put((threading.current_thread().name, n), n)

            threads = [threading.Thread(target=work, name=f"t{n}") for n in range(4)]
            for each in threads:
                each.start()
            for each in threads:
                each.join(SECONDS)

        _, counts, operations = counted_in(lambda _: run_forked(on_threads))
        self.assertEqual(counts, (800, 0, 0))
        self.assertEqual(
            {(each.thread, each.key[0]) for each in operations}, {(f"t{n}",) * 2 for n in range(4)}
        )

    def test_signal_while_it_asks(self):
        """What a signal handler does in the child, while it waits for an answer, is counted too."""

        def work():
            seen = []
            prices = MockBackend("prices")

            def handler(*_):
                prices.put("signal", 1)
                seen.append(1)

            signal.signal(signal.SIGALRM, handler)
            signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
            done = 0
            while len(seen) < 20:
                prices.put("lamp", 1)
                done += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
            return done, len(seen)

        (done, seen), counts, _ = counted_in(lambda _: run_forked(work))
        self.assertEqual(counts, (done + seen, 0, 0))

    def test_interrupted(self):
        """An exception out of a signal handler leaves nothing half read: the next answer is its own."""

        def work():
            class Interrupt(BaseException):
                pass

            def handler(*_):
                raise Interrupt

            prices = MockBackend("prices")
            for n in range(50):
                prices.put(n, n)
            signal.signal(signal.SIGALRM, handler)
            wrong = seen = 0
            while seen < 30:
                try:
                    signal.setitimer(signal.ITIMER_REAL, 0.0005)
                    while True:
                        for n in range(50):
                            wrong += prices.get(n) != n
                except Interrupt:
                    seen += 1
            return wrong

        self.assertEqual(counted_in(lambda _: run_forked(work))[0], 0)

    def test_forkpty(self):
        """A child with a terminal is no other."""

        def body(_):
            child, terminal = os.forkpty()
            if child == 0:
                try:
                    signal.alarm(SECONDS)
                    swallow()
                finally:
                    os._exit(0)
            os.waitpid(child, 0)
            os.close(terminal)

        self.assertEqual(counted_in(body)[1], (1, 0, 0))


if __name__ == "__main__":
    unittest.main()
