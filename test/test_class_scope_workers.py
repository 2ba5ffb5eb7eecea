"""Workers that ``setUpClass`` has started work for the test that runs, and between tests for the class."""

import concurrent.futures
import threading
import unittest
import urllib.request

from parameterized import parameterized

from cachetest import AsyncCacheTestCase, CacheTestCase, PatchCaches, global_stats

from .class_scopes import ClassScopeCase
from .support import run_case


class Worker:
    """A thread that does what it is asked to, by itself or by threads of its own, one job at a time."""

    def __init__(self, job, by_threads=False):
        self._job = job
        self._by_threads = by_threads
        self._asked, self._answered = threading.Semaphore(0), threading.Semaphore(0)
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="worker")
        self._thread.start()

    def _run(self):
        while self._asked.acquire() and not self._stopped:
            if self._by_threads:
                thread = threading.Thread(target=self._job)
                thread.start()
                thread.join()
            else:
                self._job()
            self._answered.release()

    def use(self):
        self._asked.release()
        self._answered.acquire()

    def stop(self):
        self._stopped = True
        self._asked.release()
        self._thread.join()


class WorkerTests(ClassScopeCase):
    def make(self, base=CacheTestCase, by_threads=False, **tests):
        """Return a test case whose class has a worker, ``cls.worker``, which uses the cache when asked."""
        prices = self.prices

        class Inner(base):
            @classmethod
            def setUpClass(cls):
                prices.put("lamp", 4)
                cls.worker = Worker(lambda: (prices.get("lamp"), prices.put("k", 1)), by_threads)
                cls.addClassCleanup(cls.worker.stop)

        for name, test in tests.items():
            setattr(Inner, name, test)
        return Inner

    @parameterized.expand([("itself", False), ("by_threads", True)])
    def test_counted_in_the_test(self, _, by_threads):
        """What it does is the test's, in which it finds the test's entries; the next test begins anew."""
        prices = self.prices

        def test(case):
            case.assertIsNone(prices.get("k"))
            case.worker.use()
            case.assertEqual(prices.get("k"), 1)
            case.assertCacheStats("prices", puts=1, hits=2, misses=1)
            with PatchCaches() as block:
                case.worker.use()
                case.assertEqual(block.caches.prices.counts(), (1, 0, 1))
            case.assertCacheStats("prices", puts=1, hits=2, misses=1)

        def unused(case):
            with case.assertRaises(AssertionError):
                case.worker.use()
                case.assertCacheUnused("prices")

        self.passes(self.make(by_threads=by_threads, test_a=test, test_b=test, test_unused=unused), tests=3)

    def test_async(self):
        """So it is where the test is a coroutine."""

        async def test(case):
            case.worker.use()
            case.assertCacheStats("prices", puts=1, hits=1)

        self.passes(self.make(AsyncCacheTestCase, test=test))

    def test_between_tests(self):
        """Between tests it works for the class, of which the tests after that begin with copies."""
        found = []
        prices = self.prices

        def run(case, result=None):
            case.worker.use()
            return super(cls, case).run(result)

        def tear_down(cls):
            found.append(global_stats.prices.counts())

        cls = self.make(
            test=lambda case: case.assertEqual(prices.get("k"), 1), tearDownClass=classmethod(tear_down)
        )
        cls.run = run
        self.passes(cls)
        self.assertEqual(found, [(2, 1, 0)])

    def test_two_tests_at_once(self):
        """With two tests of the class at once, whose it is can't be told, and both say so."""
        barrier = threading.Barrier(2)

        def test(case):
            if barrier.wait(10) == 0:
                case.worker.use()
            barrier.wait(10)

        cls = self.make(test_a=test, test_b=test)
        cls.setUpClass()
        try:
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                results = list(pool.map(run_case, [cls("test_a"), cls("test_b")]))
        finally:
            cls.doClassCleanups()
        for result in results:
            ((_, text),) = result.failures
            self.assertIn("unattributed: put on 'prices', key 'k', by thread worker", text)

    def test_server(self):
        """A web server that the class has started answers each request for the test that has sent it."""
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        prices = self.prices

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                prices.get("lamp")
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        class Inner(CacheTestCase):
            @classmethod
            def setUpClass(cls):
                cls.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
                thread = threading.Thread(target=cls.server.serve_forever, args=(0.01,))
                thread.start()
                cls.addClassCleanup(cls.server.server_close)
                cls.addClassCleanup(thread.join)
                cls.addClassCleanup(cls.server.shutdown)

            def test_a(self):
                urllib.request.urlopen(f"http://127.0.0.1:{self.server.server_port}/").close()
                self.assertCacheStats("prices", puts=0, hits=0, misses=1)

            test_b = test_a

        self.passes(Inner, tests=2)


if __name__ == "__main__":
    unittest.main()
