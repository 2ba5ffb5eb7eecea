"""What an adapter says of its entries decides which faults strike them, and how."""

import pickle
import unittest

from parameterized import parameterized

from cachetest import Damaged, Dropped, Fails, Gone, LosesReply, PatchCaches, Slow, Stale, TooLarge
from cachetest.adapters import MISSING, Adapter, Storage, Undo, cache_for


class Pickling(Adapter):
    """The adapter of a library that pickles its values, and says nothing of that."""

    name = "pickling"
    caches = ("pickled",)

    def install(self):
        return Undo()

    def get(self, key):
        cache = cache_for("pickled")
        return cache.lookup(key, lambda: pickle.loads(cache.cache[key]) if key in cache.cache else MISSING)

    def put(self, key, value):
        cache = cache_for("pickled")
        cache.write(key, lambda: cache.cache.__setitem__(key, pickle.dumps(value)))


class Telling(Pickling):
    """One that says what is stored, and what comes of a failure."""

    name = "telling"

    def storage(self, cache):
        return Storage(cache.cache)

    def failure(self, cache):
        return TimeoutError(f"{cache.name} is down")

    def too_large(self, cache, key, size, limit):
        return MemoryError(f"{key}: {size} > {limit}")


class Elsewhere(Pickling):
    """One whose entries can't be reached."""

    name = "elsewhere"

    def storage(self, cache):
        raise TypeError("they are on the moon")


class SilentAdapterTests(unittest.TestCase):
    def setUp(self):
        self.library = Pickling()
        patch = PatchCaches(self.library)
        patch.__enter__()
        self.addCleanup(patch.__exit__, None, None, None)
        self.cache = patch.caches.pickled

    def test_possible(self):
        """What needs no more than the entries can strike; what is stored stays below the library."""
        self.library.put("a", 1)
        with self.cache.inject(Stale()):
            self.library.put("a", 2)
            self.assertEqual(self.library.get("a"), 1)
        self.assertEqual(self.library.get("a"), 2)
        with self.cache.inject(Dropped()):
            self.library.put("a", 3)
        self.assertEqual(self.library.get("a"), 2)
        with self.cache.inject(Gone()):
            self.assertIs(self.library.get("a"), MISSING)
        with self.cache.inject(Slow(1), Fails(OSError)), self.assertRaises(OSError):
            self.library.get("a")

    @parameterized.expand(
        [
            ("fails", Fails(), "it is inside the process"),
            ("loses reply", LosesReply(), r"as LosesReply\(OSError\)"),
            ("damaged", Damaged(), "it holds objects"),
            ("too large", TooLarge(1), "it holds objects"),
        ]
    )
    def test_impossible(self, _, fault, text):
        with self.assertRaisesRegex(TypeError, f"can't strike this cache: 'pickled': .*{text}"):
            self.cache.inject(fault)

    def test_left_out(self):
        """Over all caches, one that can't be struck is left out, and told where nothing was."""
        cache_for("own")
        with self.assertRaisesRegex(AssertionError, "it can't strike 'pickled': it is inside"):
            with cache_for("own").scope_caches().inject(Fails()):
                self.library.get("a")


class TellingAdapterTests(unittest.TestCase):
    def test_all(self):
        """What an adapter says is what the program meets."""
        library = Telling()
        with PatchCaches(library) as patch:
            cache = patch.caches.pickled
            with cache.inject(Fails()), self.assertRaisesRegex(TimeoutError, "pickled is down"):
                library.get("a")
            with cache.inject(TooLarge(3)), self.assertRaisesRegex(MemoryError, "a: .* > 3"):
                library.put("a", "a long text")
            library.put("a", "a long text")
            with cache.inject(Damaged()), self.assertRaises(pickle.UnpicklingError):
                library.get("a")

    def test_elsewhere(self):
        """Entries that can't be reached can be slow, and fail with what was given; no more."""
        library = Elsewhere()
        with PatchCaches(library) as patch:
            cache = patch.caches.pickled
            for fault in (Gone(), Dropped(), Stale(), Damaged(), TooLarge(1)):
                with (
                    self.subTest(fault),
                    self.assertRaisesRegex(TypeError, "'pickled': they are on the moon"),
                ):
                    cache.inject(fault)
            with self.assertRaisesRegex(TypeError, "evicted from cache 'pickled': they are on the moon"):
                cache.evict("a")
            with cache.inject(Slow(1), Fails(OSError)), self.assertRaises(OSError):
                library.get("a")


if __name__ == "__main__":
    unittest.main()
