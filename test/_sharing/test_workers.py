"""Workers that fork: Celery's, RQ's, and those of runners of tests, in programs of their own."""

import unittest

from parameterized import parameterized

from ..servers import needs_redis_server, server
from ..support import is_there, needs, takes_a_while
from .programs_support import ProgramCase

CELERY = """\
import os
from pathlib import Path
from celery import Celery
from cachetest import MockBackend

FOLDERS = ["queue", "queue/control", "results"]
for each in FOLDERS:
    Path(each).mkdir(exist_ok=True)
app = Celery("shop_tasks", broker="filesystem://", backend=f"file://{Path('results').resolve()}")
app.conf.broker_transport_options = {
    "data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "queue/control",
    "polling_interval": 0.02,
}
app.conf.update(task_default_queue="shop", worker_prefetch_multiplier=1)
prices = MockBackend("prices")


@app.task
def price_of(article):
    if prices.get(article) is None:
        prices.put(article, 4.0)
    return os.getpid()
"""

CELERY_TEST = """\
import os, signal, subprocess, sys
from collections import Counter
from cachetest import CacheTestCase
from shop_tasks import price_of, prices

ARTICLES, TASKS = 3, 30


class WorkerTests(CacheTestCase):
    patch_caches = ()

    def test_tasks(self):
        for n in range(ARTICLES):
            prices.put(n, 4.0)
        log = open("log", "w")
        self.addCleanup(log.close)
        options = ["--pool=prefork", "--concurrency=2", "--without-mingle", "--without-gossip"]
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "shop_tasks", "worker", *options, "--without-heartbeat"],
            stdout=log, stderr=log,
        )
        try:
            results = [price_of.delay(n % ARTICLES) for n in range(TASKS)]
            done = Counter(each.get(timeout=60, interval=0.02) for each in results)
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(60)
        self.assertNotIn(worker.pid, done)
        self.assertCacheStats("prices", puts=ARTICLES, hits=TASKS, misses=0)
        self.assertCacheUnused("prices", process=worker.pid)
        for process, times in done.items():
            self.assertCacheStats("prices", puts=0, hits=times, misses=0, process=process)
"""

RQ = """\
import os
from cachetest import MockBackend

prices = MockBackend("prices")


def price_of(article):
    if prices.get(article) is None:
        prices.put(article, 4.0)
    return os.getpid()
"""

RQ_TEST = """\
import os, subprocess, sys
from redis import Redis
from rq import Queue
from cachetest import CacheTestCase
from shop_jobs import price_of, prices

JOBS = 6


class WorkerTests(CacheTestCase):
    patch_caches = ()

    def test_jobs(self):
        queue = Queue("shop", connection=Redis(port=int(os.environ["REDIS_PORT"])))
        jobs = [queue.enqueue(price_of, "lamp") for _ in range(JOBS)]
        url = f"redis://127.0.0.1:{os.environ['REDIS_PORT']}"
        command = [sys.executable, "-m", "rq.cli", "worker", "--burst", "--url", url, "shop"]
        worker = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(worker.returncode, 0, worker.stderr)
        # Each is done in a child of the worker that is forked for it.
        first, *others = [each.return_value() for each in jobs]
        self.assertEqual(len({first, *others}), JOBS)
        self.assertCacheStats("prices", puts=1, hits=0, misses=1, process=first)
        for each in others:
            self.assertCacheStats("prices", puts=0, hits=1, misses=0, process=each)
        self.assertCacheStats("prices", puts=1, hits=JOBS - 1, misses=1)
"""

RUNNERS = """\
import multiprocessing, os
from cachetest import CacheTestCase, MockBackend

prices = MockBackend("prices")


def work():
    prices.get("lamp")


class ShopTests(CacheTestCase):
    patch_caches = ()

    def check(self):
        prices.put("lamp", 4.0)
        context = multiprocessing.get_context("fork")
        for n in range(2):
            worker = context.Process(target=work, name=f"worker {n}")
            worker.start()
            worker.join()
        self.assertCacheStats("prices", puts=1, hits=2, misses=0)
        for n in range(2):
            self.assertCacheStats("prices", puts=0, hits=1, process=f"worker {n}")
        with open("processes", "a") as file:
            file.write(f"{os.getpid()}\\n")

    def test_one(self):
        self.check()

    def test_two(self):
        self.check()

    def test_that_fails(self):
        prices.put("lamp", 4.0)
        self.assertCacheStats("prices", puts=2)
"""


SETTINGS = """\
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
DATABASES = {}
"""

MANAGE = """\
import os, sys
from django.core.management import execute_from_command_line

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
execute_from_command_line(sys.argv)
"""

DJANGO_TESTS = """\
import os
from cachetest import CacheTestMixin, MockBackend
from django.core.cache import cache
from django.test import SimpleTestCase

prices = MockBackend("prices")


def work():
    cache.set("chair", 8.0)
    prices.get("lamp")


class ShopCase(CacheTestMixin, SimpleTestCase):
    def check(self):
        cache.set("lamp", 4.0)
        prices.put("lamp", 4.0)
        # Not by multiprocessing, whose daemons, as these workers are, may have no children.
        if (child := os.fork()) == 0:
            try:
                work()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        self.assertIsNone(cache.get("chair"))
        self.assertCacheStats("default", puts=2, hits=0, misses=1)
        self.assertCacheStats("prices", puts=1, hits=1, misses=0)
        self.assertCacheStats("prices", puts=0, hits=1, misses=0, process=child)
        with open("processes", "a") as file:
            file.write(f"{os.getpid()}\\n")


class FirstTests(ShopCase):
    def test_one(self):
        self.check()

    def test_two(self):
        self.check()


class SecondTests(ShopCase):
    def test_one(self):
        self.check()

    def test_two(self):
        self.check()
"""


class WorkerTests(ProgramCase):
    @needs("celery", "celery")
    def test_celery(self):
        """What Celery's prefork workers do is of the test that has started them."""
        self.check_unittest(1, {"shop_tasks.py": CELERY, "test_tasks.py": CELERY_TEST})

    @needs("rq", "rq")
    @needs_redis_server
    def test_rq(self):
        """So is what RQ's do, which forks for each job."""
        with server("redis-server") as port:
            files = {"shop_jobs.py": RQ, "test_jobs.py": RQ_TEST}
            self.check_unittest(1, files, REDIS_PORT=str(port))


PLAIN = """\
import unittest


class PlainTests(unittest.TestCase):
    def test_plain(self):
        pass
"""


class RunnerTests(ProgramCase):
    def run_pytest(self, *options, **files):
        return self.run_in_folder("-m", "pytest", "-q", "-p", "no:cacheprovider", *options, files=files)

    @parameterized.expand([("pytest-forked", "pytest_forked", "--forked"), ("pytest-xdist", "xdist", "-n2")])
    @takes_a_while
    def test_each_is_its_own(self, package, plugin, option):
        """A runner that forks, or has workers: each test has its own counts, those of its children too."""
        if not is_there(plugin):
            self.skipTest(f"needs {plugin}: pip install {package}")
        if "1 passed" not in self.run_pytest(option, "test_plain.py", **{"test_plain.py": PLAIN}):
            self.skipTest(f"{plugin} runs no test with this pytest, without cachetest either")
        printed = self.run_pytest(option, "test_shop.py", **{"test_shop.py": RUNNERS})
        self.assertIn("1 failed, 2 passed", printed)
        self.assertIn("cache 'prices': expected puts=2, got 1", printed)

    @needs("django", "django")
    @takes_a_while
    def test_of_django(self):
        """So it is with the workers of Django's runner."""
        files = {"settings.py": SETTINGS, "manage.py": MANAGE, "test_shop.py": DJANGO_TESTS}
        printed = self.run_in_folder("manage.py", "test", "--parallel", "2", files=files)
        self.assertRegex(printed, r"Ran 4 tests in \S+\n\nOK\n$", printed)
        used = (self.folder / "processes").read_text().split()
        self.assertEqual(len(used), 4)
        self.assertLessEqual(len(set(used)), 2)


if __name__ == "__main__":
    unittest.main()
