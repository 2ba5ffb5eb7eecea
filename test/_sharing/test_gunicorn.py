"""A Django site that gunicorn serves by two workers, and a test that asks for its pages."""

import unittest

from parameterized import parameterized

from ..support import needs, takes_a_while
from .programs_support import ProgramCase

SITE = """\
import os
import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.cache import cache_page

BACKENDS = "django.core.cache.backends."
WHERE = {
    "locmem": {"BACKEND": BACKENDS + "locmem.LocMemCache"},
    "files": {"BACKEND": BACKENDS + "filebased.FileBasedCache", "LOCATION": os.path.abspath("real")},
}
settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF="site_of_shop", MIDDLEWARE=["site_of_shop.tell"], SECRET_KEY="x",
    CACHES={"default": WHERE[os.environ["STORE"]]},
)
django.setup()


def tell(get_response):
    # Around what is cached, so these headers are not.
    def answer(request):
        response = get_response(request)
        response.headers["X-Worker"] = str(os.getpid())
        response.headers["X-Was-Made"] = str(hasattr(request, "was_made"))
        return response
    return answer


@cache_page(60)
def page(request, article):
    request.was_made = True
    return HttpResponse(f"the price of {article} is 4.0")


urlpatterns = [path("<str:article>", page)]
application = WSGIHandler()
"""

TEST = """\
import http.client, os, signal, socket, subprocess, sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
import site_of_shop
from options import OPTIONS
from cachetest import CacheTestCase

PAGES, REQUESTS = 8, 200


class SiteTests(CacheTestCase):
    patch_caches = ("django",)

    def setUp(self):
        super().setUp()
        ready, is_ready = os.pipe()
        with socket.create_server(("127.0.0.1", 0)) as listening, open("log", "w") as log:
            self.port = listening.getsockname()[1]
            where = f"fd://{listening.fileno()}"
            options = ["--workers=2", f"--bind={where}", *OPTIONS]
            self.server = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", *options, "site_of_shop:application"],
                env={**os.environ, "IS_READY": str(is_ready)},
                pass_fds=[listening.fileno(), is_ready],
                stderr=log,
            )
        self.addCleanup(self.stop)
        os.close(is_ready)
        with open(ready, "rb") as told:
            self.assertEqual(told.read(2), b"xx", "not both workers have started")

    def stop(self):
        if self.server.poll() is None:
            self.server.send_signal(signal.SIGTERM)
        self.server.wait(30)

    def ask(self, n):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", f"/{n % PAGES}")
        response = connection.getresponse()
        body = response.read()
        connection.close()
        self.assertEqual(body, b"the price of %d is 4.0" % (n % PAGES))
        return int(response.headers["X-Worker"]), n % PAGES, response.headers["X-Was-Made"] == "True"

    def test_pages(self):
        is_shared = os.environ["STORE"] == "files"
        # One after the other: where the workers share a cache, one makes each page.
        told = [self.ask(n) for n in range(PAGES)]
        with ThreadPoolExecutor(4) as pool:
            told += pool.map(self.ask, range(PAGES, REQUESTS))
        self.stop()
        self.assertEqual(self.server.returncode, 0)
        asked = Counter(worker for worker, *_ in told)
        made = Counter(worker for worker, _, was_made in told if was_made)
        self.assertEqual((len(asked), asked.total()), (2, REQUESTS))
        # A worker with a cache of its own makes each page that it is asked for, which may not be all.
        pages = {page if is_shared else (worker, page) for worker, page, _ in told}
        self.assertEqual(made.total(), len(pages))
        for worker in asked:
            # A page that is made has a miss, and a put of itself and one of the headers that it varies by.
            puts, hits = 2 * made[worker], 2 * (asked[worker] - made[worker])
            self.assertCacheStats("default", puts=puts, hits=hits, misses=made[worker], process=worker)
        self.assertCacheUnused("default", process=os.getpid())
        self.assertEqual({each.process for each in self.caches.default.operations}, set(asked))
        # Django makes the folder as it makes the cache object.
        self.assertEqual([each for *_, each in os.walk("real")], [[]] * is_shared, "the real store was used")
"""

CONFIGURATION = """\
import os


def post_worker_init(worker):
    os.write(int(os.environ["IS_READY"]), b"x")
"""


@needs("gunicorn", "gunicorn")
@needs("django", "django")
class GunicornTests(ProgramCase):
    @parameterized.expand(
        [
            (*each, store)
            for each in (("preloaded", ["--preload"]), ("plain", []))
            for store in ("locmem", "files")
        ]
    )
    @takes_a_while
    def test_pages(self, _, options, store):
        """Each of 200 requests is counted once, for the worker that has answered it."""
        files = {"site_of_shop.py": SITE, "test_site.py": TEST, "gunicorn.conf.py": CONFIGURATION}
        files["options.py"] = f"OPTIONS = {options}"
        self.check_unittest(1, files, STORE=store)


if __name__ == "__main__":
    unittest.main()
