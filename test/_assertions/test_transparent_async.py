"""`assertCacheTransparent` of what is awaited."""

import asyncio
import unittest

from cachetest import AsyncCacheTestCase, CacheTestCase, MockBackend

from ..support import run_method
from .transparent_shop import Shop


async def awaiting(made):
    await made


class AsyncTests(AsyncCacheTestCase):
    async def test_awaited(self):
        """Where the function is to be awaited, so is the assertion."""
        await self.assertCacheTransparent(Shop().price_later)
        with self.assertRaisesRegex(
            self.failureException, r"^warm, the function gives '4\.0'; cold, it gives"
        ):
            shop = Shop(str)
            await self.assertCacheTransparent(lambda: shop.price_later())

    async def test_asked_elsewhere(self):
        """A task from before asks the caches of the test."""
        shop, questions = Shop(), asyncio.Queue()

        async def serve():
            while True:
                answer = await questions.get()
                answer.set_result(shop.price())

        async def read():
            answer = asyncio.get_running_loop().create_future()
            await questions.put(answer)
            return await answer

        worker = asyncio.create_task(serve())
        with self.assertRaisesRegex(
            self.failureException,
            r"^cold, read\(\) used none of 'prices', so nothing was tested\n  a task or a thread from before",
        ):
            await self.assertCacheTransparent(read, caches=("prices",))
        worker.cancel()

    async def test_in_a_task(self):
        """It may be awaited in a task of its own, later; nothing is open until then."""
        made = self.assertCacheTransparent(Shop(str).price_later)
        self.assertTrue(self._session.scope.is_innermost)
        with self.assertRaisesRegex(self.failureException, r"^warm, price_later\(\) gives '4\.0'"):
            await asyncio.create_task(awaiting(made))
        self.assertTrue(self._session.scope.is_innermost)

    async def test_raises(self):
        """What the first call raises is an answer as well."""

        backend = MockBackend("prices")

        async def read():
            backend.get("lamp")
            raise KeyError("lamp")

        await self.assertCacheTransparent(read, states=("cold", "off"))

    def test_not_awaited(self):
        """One that is not awaited fails the test at its end."""

        def body(case):
            case.assertCacheTransparent(Shop().price_later)

        _, result = run_method(CacheTestCase, body)
        ((_, text),) = result.failures
        self.assertIn("was not awaited, so it tested nothing: await self.assertCacheTransparent(...)", text)


if __name__ == "__main__":
    unittest.main()
