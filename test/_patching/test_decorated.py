import asyncio
import inspect
import unittest

from parameterized import parameterized

from cachetest import PatchCaches, Stats, global_stats
from cachetest._caches.attribution import scope_of_caller

from .test_patch_caches import PatchCase


class DecoratorTests(PatchCase):
    def test_function(self):
        """Each call of a decorated function has a fresh scope."""

        @PatchCaches(self.adapter)
        def use(n, *, key="k"):
            """Use the library."""
            for _ in range(n):
                self.library.backend.get(key)
            return global_stats.lib.stats

        self.assertEqual(use(1), Stats(0, 0, 1))
        self.assertEqual(use(2, key="a"), Stats(0, 0, 2))
        self.assertEqual((use.__name__, use.__doc__), ("use", "Use the library."))
        self.assertEqual(self.library.backend, "real")

    def test_recursion(self):
        """A decorated function may call itself."""

        @PatchCaches(self.adapter)
        def use(depth):
            self.library.backend.put(depth, 1)
            if depth:
                use(depth - 1)
            return global_stats.lib.stats

        self.assertEqual(use(3), Stats(1, 0, 0))

    def test_coroutine_function(self):
        """A coroutine function stays one, and is patched until it is done."""

        @PatchCaches(self.adapter)
        async def use():
            await asyncio.sleep(0)
            self.library.backend.get("k")
            return global_stats.lib.stats

        self.assertTrue(inspect.iscoroutinefunction(use))

        async def main():
            return await asyncio.gather(use(), use(), use())

        self.assertEqual(asyncio.run(main()), [Stats(0, 0, 1)] * 3)
        self.assertEqual(self.library.backend, "real")

    def test_enable(self):
        """Switches are on during the call."""

        @PatchCaches(self.adapter, enable=["library_cache"])
        def use():
            return self.library.flag

        self.assertIs(use(), True)
        self.assertNotIn("flag", vars(self.library))

    def test_body_that_runs_later(self):
        """A function that returns a coroutine or a generator, which would run unpatched, is an error."""

        async def later():
            self.library.backend.get("k")

        def generate():
            yield self.library.backend.get("k")

        async def generate_async():
            yield self.library.backend.get("k")

        for function in (later, generate, generate_async):
            with self.assertRaisesRegex(TypeError, "whose body would run after it"):
                PatchCaches(self.adapter)(lambda function=function: function())()

    def test_label(self):
        """In messages the scope has the name of the function, or the line of the block."""

        @PatchCaches(self.adapter)
        def use():
            return scope_of_caller().label

        self.assertTrue(use().endswith("test_label.<locals>.use"))
        with PatchCaches(self.adapter):
            self.assertRegex(
                str(scope_of_caller().label),
                r"^the block at test[/\\]_patching[/\\]test_decorated.py:\d+ in test_label$",
            )

    @parameterized.expand(
        [
            ("class", type("Tests", (), {}), "subclass CacheTestCase"),
            ("generator", lambda: (yield), "is a generator function"),
            ("nothing", None, "decorates functions, not None"),
        ]
    )
    def test_what_can_not_be_decorated(self, _, thing, text):
        """What would not be patched when its body runs is refused."""
        with self.assertRaisesRegex(TypeError, text):
            PatchCaches(self.adapter)(thing)


if __name__ == "__main__":
    unittest.main()
