"""Programs that count in a cache, and the test case that they are tried on."""

import threading

from cachetest import CacheTestCase, MockBackend


class Visits:
    """Programs that count in a cache."""

    def __init__(self):
        self.cache = MockBackend("visits")
        self.lock = threading.Lock()
        self.others = [threading.Lock(), threading.Lock()]
        self.table = {"n": 1}
        self.flag = None

    def visit(self):
        number = (self.cache.get("n") or 0) + 1
        self.cache.put("n", number)
        return number

    def locked(self):
        with self.lock:
            return self.visit()

    def looks_and_locks(self):
        self.cache.get("n")
        with self.lock:
            self.cache.get("n")
            return self.visit()

    def crossed(self):
        one, other = self.others[:: 1 if threading.current_thread().name == "caller 1" else -1]
        with one:
            self.cache.get("n")
            with other:
                pass

    def load(self):
        return self.table["n"]

    def reset(self):
        self.table["n"] = 1

    def write_and_read(self):
        """Change the table, which another may do between our reading of it and our put."""
        self.table["n"] += 1
        self.cache.put("n", None)
        if self.cache.get("n") is None:
            self.cache.put("n", self.load())

    def spinning(self):
        while self.cache.get("lock"):
            pass
        self.cache.put("lock", 1)
        self.cache.put("lock", 0)


class AtomicCase(CacheTestCase):
    def fails(self, pattern):
        return self.assertRaisesRegex(self.failureException, pattern)
