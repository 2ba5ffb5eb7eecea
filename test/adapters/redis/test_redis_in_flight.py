"""What a task from before does as a scope opens or closes ends where it began."""

import asyncio
import random
import sys
import threading
import unittest
import warnings
from unittest import mock

from cachetest import PatchCaches
from cachetest.errors import CacheTestWarning

from ...servers import needs_redis_server, server
from ...support import expand, needs, sample_or_all, takes_a_while

SCOPES = sample_or_all(36, 600)
# In seconds; nothing takes so long that does not hang.
PATIENCE = 20


class Workers:
    """Tasks that go on using a client of a real server, by commands and by transactions."""

    def __init__(self, connection):
        self.connection = connection
        self.stop = False
        self.calls = 0
        self.errors = []

    def start(self):
        return [
            asyncio.create_task(self.go_on(work, n))
            for n in range(3)
            for work in (self.single, self.pipeline)
        ]

    async def go_on(self, work, n):
        while not self.stop:
            try:
                await asyncio.wait_for(work(n), PATIENCE)
            except Exception as error:
                self.errors.append(repr(error))
            self.calls += 1

    async def single(self, n):
        await self.connection.set(f"k{n}", "v")
        found = await self.connection.get(f"k{n}")
        # Of a scope that began in between, or that ended, there is nothing.
        assert found in (b"v", None), found

    async def pipeline(self, n):
        async with self.connection.pipeline() as pipe:
            found = await pipe.set(f"p{n}", "v").get("nothing").execute()
        assert found == [True, None], found


@needs("fakeredis", "cachetest[redis]")
@needs_redis_server
class InFlightTests(unittest.TestCase):
    def setUp(self):
        ignored = warnings.catch_warnings()
        ignored.__enter__()
        self.addCleanup(ignored.__exit__, None, None, None)
        # What a scope has served when it had closed is late.
        warnings.simplefilter("ignore", CacheTestWarning)

    @takes_a_while
    def test_same_loop(self):
        """Whoever opens and closes scopes runs on the loop of the tasks."""
        import redis.asyncio
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        if tuple(map(int, redis.__version__.split(".")[:3])) < (5, 0, 8):
            self.skipTest(f"redis-py {redis.__version__} may close a connection in a command: needs 5.0.8")

        from cachetest.adapters import Redis

        async def main(port):
            chance = random.Random(1)
            async with redis.asyncio.Redis(port=port, retry=Retry(NoBackoff(), 0)) as connection:
                workers = Workers(connection)
                tasks = workers.start()
                for _ in range(SCOPES):
                    for turns in (chance.randrange(1, 30), chance.randrange(1, 30)):
                        if turns % 2:
                            with PatchCaches(Redis()):
                                for _ in range(turns):
                                    await asyncio.sleep(0)
                        for _ in range(turns):
                            await asyncio.sleep(0)
                workers.stop = True
                await asyncio.gather(*tasks)
                # The connections are of the real server again.
                await connection.set("real", "x")
                return workers.errors

        with server("redis-server") as port:
            self.assertEqual(asyncio.run(main(port)), [])
            with redis.Redis(port=port) as real:
                self.assertEqual(real.get("real"), b"x")

    @expand([("waited_for", 1.0), ("stopped_at_once", 0.0)], quick=1)
    def test_another_thread(self, _name, patience):
        """Or on another thread, which waits for what is about to end, and stops its loop where that lasts."""
        import redis.asyncio
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        from cachetest.adapters import Redis

        patched = mock.patch("cachetest.adapters.task_calls._CALL_PATIENCE", patience)
        patched.start()
        self.addCleanup(patched.stop)

        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(1e-5)
        made = []

        async def main(port):
            async with redis.asyncio.Redis(port=port, retry=Retry(NoBackoff(), 0)) as connection:
                made.append(Workers(connection))
                await asyncio.gather(*made[0].start())

        with server("redis-server") as port:
            thread = threading.Thread(target=asyncio.run, args=(main(port),), daemon=True)
            thread.start()
            while not (made and made[0].calls):
                threading.Event().wait(0.0005)
            workers = made[0]
            for _ in range(SCOPES // 3):
                before = workers.calls
                with PatchCaches(Redis()):
                    while workers.calls < before + 6:
                        threading.Event().wait(0.0005)
            workers.stop = True
            thread.join(PATIENCE)
        self.assertEqual(workers.errors, [])


if __name__ == "__main__":
    unittest.main()
