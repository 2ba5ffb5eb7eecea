"""Many callers at once, each in a process of its own."""

import functools
import os
import signal
import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, ChildOperationError, MockBackend, PatchCaches
from cachetest._behaving import quiet
from cachetest.adapters import Functools

from .._sharing.children_support import needs_fork, run_forked
from ..support import EXHAUSTIVE

if hasattr(os, "fork"):
    from .process_loaders import PROCESSES, Loaders
else:
    PROCESSES = [("unguarded", False, False)]

CALLERS = 3
SAMPLE = PROCESSES if EXHAUSTIVE else PROCESSES[1::3]
needs_linux = unittest.skipUnless(quiet.are_told(), "needs a system that tells what threads wait for")


@functools.cache
def squared_once(number):
    return number * number


class ProcessFlightCase(CacheTestCase):
    patch_caches = ()

    def loaders(self):
        made = Loaders()
        self.addCleanup(made.file.close)
        return made

    def fails(self, pattern):
        return self.assertRaisesRegex(self.failureException, pattern)

    def fly(self, function, **options):
        return self.assertCacheSingleFlight(
            "prices", function, processes=True, **{"callers": CALLERS, **options}
        )


@needs_fork
class LoaderTests(ProcessFlightCase):
    @parameterized.expand([(f"{name}_{n}", name, *more) for n, (name, *more) in enumerate(SAMPLE)])
    @needs_linux
    def test_loader(self, _, name, passes, with_load):
        """Each is told right, and not by patience."""
        loaders = self.loaders()
        load = loaders.load if with_load else None
        if passes:
            results = self.fly(getattr(loaders, name), load=load, patience=60)
            self.assertEqual(results, [4.0] * CALLERS)
            self.assertIs(results.waited_out, False)
            return
        did = r"called load\(\) for 'lamp'" if with_load else "loaded 'lamp'"
        with self.fails(rf"^3 processes that call {name}\(\) at once {did} 3 times, where loads=1\n"):
            self.fly(getattr(loaders, name), load=load, patience=60)


@needs_fork
class TextTests(ProcessFlightCase):
    def test_text(self):
        """It has what all of them did, in one order, each by its number; so have the operations."""
        loaders = self.loaders()
        with self.fails(
            r"(?s)^2 processes that call the function at once loaded 'lamp' 2 times, where loads=1\n"
            r"cache 'prices', in order:\n"
            r"  miss  'lamp'  at \S*process_loaders.py:\d+ in unguarded, by caller 1\n"
            r"  miss  'lamp'  at \S*process_loaders.py:\d+ in unguarded, by caller 2\n"
            r"  put   'lamp'  at \S*process_loaders.py:\d+ in unguarded, by caller 1\n"
            r"  put   'lamp'  at \S*process_loaders.py:\d+ in unguarded, by caller 2$"
        ):
            self.fly(lambda: loaders.unguarded(), callers=2)
        self.assertCacheStats("prices", puts=1, misses=1, hits=0, process="caller 2")

    def test_allowed(self):
        """As many loads as are allowed pass."""
        self.assertEqual(self.fly(self.loaders().unguarded, loads=CALLERS), [4.0] * CALLERS)

    def test_method(self):
        """The cache has it too."""
        loaders = self.loaders()
        with PatchCaches() as patched:
            prices = patched.caches.ensure("prices")
            self.assertEqual(
                prices.assert_single_flight(loaders.all_locked, callers=2, processes=True), [4.0] * 2
            )


@needs_fork
class ResultTests(ProcessFlightCase):
    def test_differ(self):
        with self.fails("^3 processes that call the function at once did not get the same: that of caller 1"):
            loaders = self.loaders()
            self.fly(lambda: (loaders.all_locked(), os.getpid())[1])

    def test_all_raise(self):
        """What all of them raise is raised here, as it was."""
        cache = MockBackend("prices")

        def raising():
            cache.get("lamp")
            raise LookupError("mine")

        with self.assertRaisesRegex(LookupError, "^mine$"):
            self.fly(raising)

    def test_assertion(self):
        """An assertion in a caller fails the test."""

        def asserts():
            self.assertCacheStats("prices", puts=5)

        with self.fails("^cache 'prices': expected puts=5, got 0"):
            MockBackend("prices").get("lamp")
            self.fly(asserts)

    def test_not_to_be_sent(self):
        loaders = self.loaders()
        with self.assertRaisesRegex(
            ChildOperationError, r"^what caller 1 returned, a \S*function, can't be pickled"
        ):
            self.fly(lambda: (loaders.all_locked(), lambda: None)[1])

    def test_to_be_awaited(self):
        cache = MockBackend("prices")

        async def price():
            return 4.0

        with self.assertRaisesRegex(TypeError, "is to be awaited: give a function that does that"):
            self.fly(lambda: (cache.get("lamp"), price())[1])

    @parameterized.expand([("killed", None, "by SIGKILL"), ("left", 7, "with exit code 7")])
    def test_ended(self, _, code, told):
        """One that ends without a result is told, and holds up nobody."""
        loaders = self.loaders()

        def ends():
            loaders.cache.get("lamp")
            os.kill(os.getpid(), signal.SIGKILL) if code is None else os._exit(code)

        with self.assertRaisesRegex(ChildProcessError, rf"^caller 1 has ended without a result, {told}$"):
            self.fly(ends)

    @needs_linux
    def test_stuck(self):
        """Callers that never come to an end are told, with what they did last, and ended."""
        loaders = self.loaders()
        processes = []

        def stuck():
            loaders.cache.get("lamp")
            loaders.event.wait()

        with self.fails(
            r"(?s)^2 of 2 processes that call stuck\(\) have not come to an end: nothing has happened for "
            r"0\.1 s\n"
            r"  caller 1 has last done: miss  'lamp'  at \S*test_flight_processes\.py:\d+ in stuck\n"
        ):
            self.fly(stuck, callers=2, patience=0.1)
        processes += {each.process for each in self.caches.prices.operations}
        for each in processes:
            with self.assertRaises(ProcessLookupError):
                os.kill(each, 0)

    def test_waits_for_something_else(self):
        """Who waits for what can't be seen is waited for, and the result says so."""
        loaders = self.loaders()
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)

        def by_pipe():
            with loaders.number.get_lock():
                loaders.number.value += 1
                is_first = loaders.number.value == 1
            if is_first:
                loaders.unguarded()
                os.write(writing, b".." * CALLERS)
            os.read(reading, 1)
            return loaders.cache.get("lamp")

        results = self.fly(by_pipe, patience=0.1)
        self.assertEqual((results, results.waited_out), ([4.0] * CALLERS, True))

    def test_children_of_before(self):
        """A child that is none of the callers is no caller, and is served while they are held."""
        loaders = self.loaders()
        child = os.fork()
        if not child:
            try:
                loaders.event.wait(60)
                loaders.cache.get("chair")
            finally:
                os._exit(0)

        def price():
            found = loaders.cache.get("lamp")
            if found is None:
                loaders.event.set()
                loaders.cache.put("lamp", 4.0)
            return found

        with self.fails("loaded 'lamp' 3 times"):
            self.fly(price)
        os.waitpid(child, 0)
        self.assertCacheStats("prices", misses=1, puts=0, hits=0, process=child)


class RefusedTests(ProcessFlightCase):
    patch_caches = (Functools(squares=f"{__name__}:squared_once"),)

    def test_of_the_process(self):
        """A cache of which each process has its own is refused."""
        local = MockBackend("local", shared=False)
        for name in ("local", "squares"):
            with self.assertRaisesRegex(
                ValueError, f"^processes=True: the entries of cache '{name}' are of the process, so each"
            ):
                self.assertCacheSingleFlight(name, lambda: local.get("lamp"), processes=True)

    def test_no_number(self):
        with self.assertRaisesRegex(
            TypeError, "^processes must be True or False, not 4: callers= says how many$"
        ):
            self.assertCacheSingleFlight("squares", int, processes=4)

    @needs_fork
    def test_in_a_child(self):
        """What a child of a test asserts is of the scope of its parent, where it can't act."""
        prices = MockBackend("prices")
        with (
            self.assertRaisesRegex(AssertionError, "was refused inject\\(\\), or another block"),
            PatchCaches(),
        ):
            told = run_forked(
                lambda: self.assertCacheSingleFlight("prices", lambda: prices.get(1), processes=True)
            )
            self.assertIn("ChildOperationError", told)


if __name__ == "__main__":
    unittest.main()
