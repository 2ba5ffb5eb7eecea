import os
import tempfile
import threading
import unittest
import warnings

from parameterized import parameterized

from cachetest import CacheTestCase, Damaged, Fails, Gone, GuardError, PatchCaches, guard
from test.adapters.jax.jax_support import SWITCH, JaxTestCase, compile_anew, double, events
from test.support import needs

SETTINGS = (
    SWITCH,
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_persistent_cache_min_entry_size_bytes",
    "jax_persistent_cache_enable_xla_caches",
)


def state():
    """Return all that the adapter changes of JAX."""
    from jax._src import cache_key, compilation_cache, config

    names = ("_cache", "_cache_initialized", "_cache_checked", "_cache_used", "LRUCache", "is_cache_used")
    return (
        {name: config.config.values.get(name) for name in SETTINGS},
        [getattr(compilation_cache, name) for name in (*names, "get_executable_and_time")],
        [cache_key.get, cache_key._log_cache_key_hash],
    )


@needs("jax", "jax")
class CountTests(JaxTestCase):
    def test_cold_and_warm_are_what_jax_says(self):
        with events() as seen:
            compile_anew()
            self.assertCacheStats("jax", puts=1, hits=0, misses=1)
            with self.assertCacheDelta("jax", puts=0, hits=1, misses=0):
                compile_anew()
        self.assertEqual(
            (seen["compile_requests_use_cache"], seen["cache_hits"], seen["cache_misses"]), (2, 1, 1)
        )

    @parameterized.expand(["first", "second"])
    def test_each_test_is_cold(self, _name):
        compile_anew()
        self.assertCacheStats("jax", puts=1, hits=0, misses=1)

    def test_what_is_in_memory_is_not_looked_up(self):
        import jax
        import numpy

        jax.clear_caches()
        compiled = jax.jit(double)
        compiled(numpy.ones(3, "float32"))
        with self.assertCacheDelta("jax", puts=0, hits=0, misses=0):
            compiled(numpy.ones(3, "float32"))

    def test_a_thread_is_counted(self):
        thread = threading.Thread(target=compile_anew)
        thread.start()
        thread.join()
        self.assertCacheStats("jax", puts=1, misses=1)

    def test_a_reset_of_jax_is_a_reset_of_nothing_here(self):
        from jax._src import compilation_cache

        compile_anew()
        compilation_cache.reset_cache()
        compile_anew()
        self.assertCacheStats("jax", puts=1, hits=1, misses=1)

    def test_the_line_is_the_programs(self):
        compile_anew()
        self.assertIn("jax_support.py", self.caches.jax.operations[0].where.filename)


@needs("jax", "jax")
class PartTests(JaxTestCase):
    @parameterized.expand(
        [
            ("shape", {"shape": (5, 3)}, "argument 0 shape"),
            ("dtype", {"dtype": "int32"}, "argument 0 dtype"),
            ("computation", {"function": lambda x: x * 3}, "computation"),
            ("name", {"function": abs}, "function"),
            (
                "option",
                {"options": {"xla_embed_ir_in_executable": True}},
                "xla_embed_ir_in_executable",
            ),
        ]
    )
    def test_part_is_named(self, _name, change, part):
        if _name == "computation":
            change["function"].__name__ = "double"
        compile_anew()
        compile_anew(**change)
        self.assertCacheStats("jax", puts=2, hits=0, misses=2)
        with self.assertRaises(AssertionError) as caught:
            self.assertCacheStats("jax", misses=1)
        self.assertIn(part, str(caught.exception))

    def test_flag_is_named(self):
        compile_anew()
        before = os.environ.get("XLA_FLAGS")
        os.environ["XLA_FLAGS"] = "--xla_cpu_enable_fast_math=true"
        try:
            compile_anew()
        finally:
            os.environ.pop("XLA_FLAGS")
            if before is not None:
                os.environ["XLA_FLAGS"] = before
        with self.assertRaises(AssertionError) as caught:
            self.assertCacheStats("jax", misses=1)
        self.assertIn("XLA flags", str(caught.exception))
        self.assertIn("--xla_cpu_enable_fast_math=true", str(caught.exception))

    def test_version_is_named(self):
        from unittest import mock

        compile_anew()
        with mock.patch("jax._src.cache_key.jaxlib_version_str", "9.9.9"):
            compile_anew()
        with self.assertRaises(AssertionError) as caught:
            self.assertCacheStats("jax", misses=1)
        self.assertIn("jaxlib version", str(caught.exception))
        self.assertIn("9.9.9", str(caught.exception))


@needs("jax", "jax")
class FaultTests(JaxTestCase):
    def compile_with_warning(self, text):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            with events() as seen:
                compile_anew()
        self.assertIn(text, " ".join(str(each.message) for each in told))
        return seen

    def test_a_store_that_fails_is_warned_of(self):
        with self.caches.jax.inject(Fails()):
            self.compile_with_warning("Input/output error")
        self.assertCacheStats("jax", puts=0, hits=0, misses=0)
        self.assertEqual([each.kind for each in self.caches.jax.operations], ["failure", "failure"])

    def test_a_damaged_entry_is_refused_and_put_anew(self):
        compile_anew()
        with self.caches.jax.inject(Damaged(), on="get"):
            seen = self.compile_with_warning("Error reading persistent compilation cache entry")
        self.assertEqual((seen["cache_hits"], seen["cache_misses"]), (0, 1))
        self.assertCacheStats("jax", puts=2, hits=1, misses=1, refusals=1)

    def test_an_entry_that_is_gone_is_compiled(self):
        compile_anew()
        with self.caches.jax.inject(Gone(), on="get"):
            compile_anew()
        self.assertCacheStats("jax", puts=2, hits=0, misses=2)

    def test_errors_are_raised_where_jax_is_told_to(self):
        import jax

        jax.config.update("jax_raise_persistent_cache_errors", True)
        self.addCleanup(jax.config.update, "jax_raise_persistent_cache_errors", False)
        with self.caches.jax.inject(Fails()), self.assertRaises(OSError):
            compile_anew()


@needs("jax", "jax")
class UnusedTests(CacheTestCase):
    patch_caches = ("jax",)

    def failure(self):
        with self.assertRaises(AssertionError) as caught:
            self.assertCacheStats("jax", misses=1)
        return str(caught.exception)

    def test_switch_is_off(self):
        compile_anew()
        self.assertIn(f"the switch {SWITCH} is off here", self.failure())

    def test_nothing_compiled(self):
        self.assertIn("jax.clear_caches()", self.failure())

    def test_no_directory(self):
        import jax

        with PatchCaches("jax", enable=(SWITCH,)) as patch:
            jax.config.update("jax_compilation_cache_dir", None)
            compile_anew()
            with self.assertRaises(AssertionError) as caught:
                patch.caches.jax.assert_stats(misses=1)
        self.assertIn("names no directory", str(caught.exception))

    def test_minimum(self):
        import jax

        with PatchCaches("jax", enable=(SWITCH,)) as patch:
            jax.config.update("jax_persistent_cache_min_compile_time_secs", 1000.0)
            compile_anew()
            compile_anew()
            with self.assertRaises(AssertionError) as caught:
                patch.caches.jax.assert_stats(hits=1)
        self.assertIn("jax_persistent_cache_min_compile_time_secs is 1000.0", str(caught.exception))


@needs("jax", "jax")
class RestoreTests(unittest.TestCase):
    def test_all_is_as_before_and_no_file_is_written(self):
        import jax

        with tempfile.TemporaryDirectory() as folder:
            jax.config.update("jax_compilation_cache_dir", folder)
            self.addCleanup(jax.config.update, "jax_compilation_cache_dir", None)
            before = state()
            with PatchCaches("jax", enable=(SWITCH,)) as patch:
                compile_anew()
                self.assertEqual(patch.caches.jax.stats.num_put, 1)
            self.assertEqual(os.listdir(folder), [])
            self.assertEqual(state(), before)

    def test_the_real_store_is_guarded(self):
        import jax
        from jax._src import compilation_cache

        from cachetest.adapters import Jax

        values = jax.config.values
        with tempfile.TemporaryDirectory() as folder:
            changed = {"jax_compilation_cache_dir": folder, "jax_raise_persistent_cache_errors": True}
            for name, value in changed.items():
                self.addCleanup(jax.config.update, name, values[name])
                jax.config.update(name, value)
            self.addCleanup(compilation_cache.reset_cache)
            compilation_cache.reset_cache()
            with guard(Jax()), self.assertRaisesRegex(GuardError, folder):
                compile_anew()


if __name__ == "__main__":
    unittest.main()
