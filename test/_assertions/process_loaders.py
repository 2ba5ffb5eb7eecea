"""Loaders in processes, of all kinds, with what `assertCacheSingleFlight` has to say of each."""

import fcntl
import multiprocessing
import os
import tempfile
import threading
import time

from cachetest import MockBackend

PASSES, FAILS = True, False


class Loaders:
    """Loaders for callers in processes, which have a lock, a counter and a file in common."""

    def __init__(self, cache=None):
        context = multiprocessing.get_context("fork")
        self.cache = MockBackend("prices") if cache is None else cache
        self.lock = context.Lock()
        self.condition = context.Condition()
        self.lock_of_threads = threading.Lock()
        self.number = context.Value("i", 0)
        self.event = context.Event()
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 (for as long as the callers)

    def load(self):
        return 4.0

    def unguarded(self):
        found = self.cache.get("lamp")
        if found is None:
            found = self.load()
            self.cache.put("lamp", found)
        return found

    def slow_unguarded(self):
        found = self.cache.get("lamp")
        if found is None:
            time.sleep(0.002)
            self.cache.put("lamp", found := self.load())
        return found

    def lock_of_threads_alone(self):
        with self.lock_of_threads:
            return self.unguarded()

    def locks_for_looking(self):
        with self.lock:
            found = self.cache.get("lamp")
        if found is None:
            found = self.load()
            with self.lock:
                self.cache.put("lamp", found)
        return found

    def second_look_too_late(self):
        found = self.cache.get("lamp")
        if found is None:
            found = self.load()
            with self.lock:
                if self.cache.get("lamp") is None:
                    self.cache.put("lamp", found)
        return found

    def _locked_file(self):
        # A lock is of one opening of a file.
        file = open(f"/proc/self/fd/{self.file.fileno()}", "rb")  # noqa: SIM115 (to be closed by others)
        fcntl.flock(file, fcntl.LOCK_EX)
        return file

    def locks_file_for_looking(self):
        with self._locked_file() as file:
            found = self.cache.get("lamp")
            fcntl.flock(file, fcntl.LOCK_UN)
        if found is None:
            with self._locked_file():
                self.cache.put("lamp", found := self.load())
        return found

    def second_look(self):
        found = self.cache.get("lamp")
        if found is None:
            with self.lock:
                found = self.unguarded()
        return found

    def all_locked(self):
        with self.lock:
            return self.unguarded()

    def slow_locked(self):
        with self.lock:
            return self.slow_unguarded()

    def locked_file(self):
        with self._locked_file():
            return self.unguarded()

    def locked_part_of_file(self):
        fcntl.lockf(self.file, fcntl.LOCK_EX)
        try:
            return self.unguarded()
        finally:
            fcntl.lockf(self.file, fcntl.LOCK_UN)

    def event_of_the_first(self):
        found = self.cache.get("lamp")
        if found is not None:
            return found
        with self.number.get_lock():
            self.number.value += 1
            is_first = self.number.value == 1
        if is_first:
            self.cache.put("lamp", self.load())
            self.event.set()
        self.event.wait(60)
        return self.cache.get("lamp")

    def polling_the_cache(self):
        found = self.cache.get("lamp")
        with self.number.get_lock():
            self.number.value += 1
            is_first = self.number.value == 1
        if is_first and found is None:
            self.cache.put("lamp", found := self.load())
        while found is None:
            time.sleep(0.001)
            found = self.cache.get("lamp")
        return found

    def child_of_its_own(self):
        """Have another process do it."""
        with self.lock:
            found = self.cache.get("lamp")
            if found is None:
                child = os.fork()
                if not child:
                    self.cache.put("lamp", self.load())
                    os._exit(0)
                os.waitpid(child, 0)
                found = self.cache.get("lamp")
            return found


PROCESSES = [
    ("unguarded", FAILS, False),
    ("unguarded", FAILS, True),
    ("slow_unguarded", FAILS, False),
    ("lock_of_threads_alone", FAILS, False),
    ("locks_for_looking", FAILS, False),
    ("second_look_too_late", FAILS, True),
    ("locks_file_for_looking", FAILS, False),
    ("second_look", PASSES, False),
    ("second_look", PASSES, True),
    ("all_locked", PASSES, False),
    ("slow_locked", PASSES, False),
    ("locked_file", PASSES, False),
    ("locked_part_of_file", PASSES, False),
    ("event_of_the_first", PASSES, False),
    ("polling_the_cache", PASSES, False),
    ("child_of_its_own", PASSES, False),
]
"""The names of the loaders, whether the assertion passes, and whether it is given ``load=``."""
