"""Loaders on threads, of all kinds, with what `assertCacheSingleFlight` has to say of each."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

from cachetest import MockBackend

PASSES, FAILS = True, False


class Loaders:
    """Loaders on threads: each is made anew for each run, and `load` computes."""

    def __init__(self):
        self.cache = MockBackend("prices")
        self.lock = threading.Lock()
        self.condition = threading.Condition()
        self.loading = {}
        self.locks = {}
        self.flag = False

    def load(self):
        return 4.0

    def put(self):
        value = self.load()
        self.cache.put("lamp", value)
        return value

    def unguarded(self):
        found = self.cache.get("lamp")
        return self.put() if found is None else found

    def slow_unguarded(self):
        found = self.cache.get("lamp")
        if found is None:
            time.sleep(0.002)
            found = self.put()
        return found

    def slow_before_looking(self):
        time.sleep(0.002)
        return self.unguarded()

    def locks_for_looking(self):
        with self.lock:
            found = self.cache.get("lamp")
        if found is None:
            found = self.load()
            with self.lock:
                self.cache.put("lamp", found)
        return found

    def condition_for_looking(self):
        with self.condition:
            found = self.cache.get("lamp")
        if found is None:
            found = self.load()
            with self.condition:
                self.cache.put("lamp", found)
        return found

    def second_look_before_the_lock(self):
        found = self.cache.get("lamp")
        if found is None:
            found = self.cache.get("lamp")
            if found is None:
                with self.lock:
                    found = self.put()
        return found

    def second_look_too_late(self):
        found = self.cache.get("lamp")
        if found is None:
            found = self.load()
            with self.lock:
                if self.cache.get("lamp") is None:
                    self.cache.put("lamp", found)
        return found

    def looks_locked_and_too_late(self):
        with self.lock:
            found = self.cache.get("lamp")
        if found is None:
            found = self.load()
            with self.lock:
                if self.cache.get("lamp") is None:
                    self.cache.put("lamp", found)
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

    def lock_with_limit(self):
        if not self.lock.acquire(timeout=60):
            raise TimeoutError
        try:
            return self.unguarded()
        finally:
            self.lock.release()

    def locks_by_key(self):
        with self.lock:
            lock = self.locks.setdefault("lamp", threading.RLock())
        with lock:
            return self.unguarded()

    def event_of_the_first(self):
        found = self.cache.get("lamp")
        if found is not None:
            return found
        with self.lock:
            is_first = "lamp" not in self.loading
            event = self.loading.setdefault("lamp", threading.Event())
        if is_first:
            self.put()
            event.set()
        event.wait(60)
        return self.cache.get("lamp")

    def future_of_the_first(self):
        found = self.cache.get("lamp")
        if found is not None:
            return found
        with self.lock:
            is_first = "lamp" not in self.loading
            future = self.loading.setdefault("lamp", Future())
        if is_first:
            future.set_result(self.put())
        return future.result()

    def condition_of_the_first(self):
        found = self.cache.get("lamp")
        if found is not None:
            return found
        with self.condition:
            is_first = "lamp" not in self.loading
            self.loading.setdefault("lamp", True)
            while not is_first and self.loading["lamp"]:
                self.condition.wait()
        if is_first:
            self.put()
            with self.condition:
                self.loading["lamp"] = False
                self.condition.notify_all()
        return self.cache.get("lamp")

    def pool_inside(self):
        with self.lock:
            found = self.cache.get("lamp")
            if found is None:
                with ThreadPoolExecutor(2) as pool:
                    found = sum(pool.map(lambda part: part + self.load() * 0, (1.0, 3.0)))
                self.cache.put("lamp", found)
            return found

    def pool_puts(self):
        with self.lock:
            found = self.cache.get("lamp")
            if found is None:
                with ThreadPoolExecutor(1) as pool:
                    found = pool.submit(self.put).result()
            return found

    def pool_unguarded(self):
        found = self.cache.get("lamp")
        if found is None:
            with ThreadPoolExecutor(1) as pool:
                found = pool.submit(self.put).result()
        return found

    def polling_the_cache(self):
        found = self.cache.get("lamp")
        with self.lock:
            is_first, self.flag = not self.flag, True
        if is_first and found is None:
            return self.put()
        while found is None:
            time.sleep(0.001)
            found = self.cache.get("lamp")
        return found

    def polling_a_flag(self):
        with self.lock:
            is_first = "lamp" not in self.loading
            self.loading.setdefault("lamp", False)
        if is_first:
            self.unguarded()
            self.loading["lamp"] = True
        while not self.loading["lamp"]:
            time.sleep(0.001)
        return self.cache.get("lamp")


THREADS = [
    ("unguarded", FAILS, False),
    ("unguarded", FAILS, True),
    ("slow_unguarded", FAILS, False),
    ("slow_before_looking", FAILS, False),
    ("locks_for_looking", FAILS, False),
    ("condition_for_looking", FAILS, False),
    ("second_look_before_the_lock", FAILS, False),
    ("second_look_too_late", FAILS, True),
    ("looks_locked_and_too_late", FAILS, True),
    ("pool_unguarded", FAILS, False),
    ("second_look", PASSES, False),
    ("second_look", PASSES, True),
    ("all_locked", PASSES, False),
    ("slow_locked", PASSES, False),
    ("lock_with_limit", PASSES, False),
    ("locks_by_key", PASSES, False),
    ("event_of_the_first", PASSES, False),
    ("future_of_the_first", PASSES, False),
    ("condition_of_the_first", PASSES, False),
    ("pool_inside", PASSES, False),
    ("pool_puts", PASSES, False),
    ("polling_the_cache", PASSES, False),
    ("polling_a_flag", PASSES, False),
]
"""The names of the loaders, whether the assertion passes, and whether it is given ``load=``."""
