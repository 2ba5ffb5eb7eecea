"""Files that a guard keeps a library from, and what libraries do by another one."""

import asyncio
import os
import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from cachetest import PatchCaches, guard

from ..support import needs, needs_torch
from .guard_support import GuardCase

FILES = [
    ("get", lambda cache: cache.get("k")),
    ("set", lambda cache: cache.set("k", 1)),
    ("add", lambda cache: cache.add("k", 1)),
    ("delete", lambda cache: cache.delete("k")),
    ("touch", lambda cache: cache.touch("k")),
    ("has_key", lambda cache: "k" in cache),
    ("get_many", lambda cache: cache.get_many(["k"])),
    ("clear", lambda cache: cache.clear()),
]


@needs("django", "Django")
class DjangoFileTests(GuardCase):
    @parameterized.expand(FILES)
    def test_files(self, _, call):
        """No file of a cache is read or written, and the path is the place."""
        from django.core.cache.backends.filebased import FileBasedCache

        with tempfile.TemporaryDirectory() as folder:
            cache = FileBasedCache(folder, {})
            cache.set("before", 1)
            before = sorted(os.listdir(folder))
            with guard():
                self.refuses(call, cache, text=rf"^django: {folder} was .* guard\(allow=\('{folder}',\)\)")
                self.assertEqual(sorted(os.listdir(folder)), before)
                with guard(allow=(folder,)):
                    call(cache)

    def test_asynchronous(self):
        """So it is for a coroutine, which Django runs on another thread."""
        from django.core.cache.backends.filebased import FileBasedCache

        with tempfile.TemporaryDirectory() as folder:
            cache = FileBasedCache(folder, {})
            with guard():
                self.refuses(lambda: asyncio.run(cache.aset("k", 1)), text="^django: ")
            self.assertEqual(os.listdir(folder), [])

    def test_other_memcached(self):
        """A client of memcached that is not pymemcache is refused at Django's own methods."""
        from django.core.cache.backends.memcached import BaseMemcachedCache

        class Library:
            __name__ = "library"

            class Client:
                def __init__(self, servers, **options): ...

                def get(self, key, default=None):
                    return "real"

        cache = BaseMemcachedCache("h:11211", {}, Library(), KeyError)
        self.assertEqual(cache.get("k"), "real")
        with guard():
            self.refuses(cache.get, "k", text=r"^django: h:11211 was .* guard\(allow=\('h:11211',\)\)")
            with guard(allow=("django",)):
                self.assertEqual(cache.get("k"), "real")


@needs("dogpile", "dogpile.cache")
class DogpileTests(GuardCase):
    def test_files(self):
        """No DBM file is opened for an entry."""
        from dogpile.cache import make_region

        with tempfile.TemporaryDirectory() as folder:
            region = make_region().configure("dogpile.cache.dbm", arguments={"filename": f"{folder}/r.dbm"})
            region.set("before", 1)
            with guard():
                for call in (
                    lambda: region.get("k"),
                    lambda: region.set("k", 1),
                    lambda: region.get_or_create("k", lambda: 1),
                    lambda: region.delete("before"),
                    lambda: region.get_multi(["k"]),
                ):
                    self.refuses(call, text=f"^dogpile: {folder}/r.dbm was to be used outside any test")
                with guard(allow=(Path(folder),)):
                    self.assertEqual(region.get("before"), 1)

    @needs("redis", "redis")
    def test_server(self):
        """A region on Redis is refused by what it uses, and let through by either name."""
        from dogpile.cache import make_region
        from redis import RedisError
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        once = {"retry": Retry(NoBackoff(), 0)}
        arguments = {"port": self.port, "socket_timeout": 0.05, "connection_kwargs": once}
        region = make_region().configure("dogpile.cache.redis", arguments=arguments)
        with guard():
            self.refuses(region.get, "k", text="^redis: localhost:")
            for name in ("redis", "dogpile"):
                with guard(allow=(name,)), self.assertRaises(RedisError):
                    region.get("k")
                self.assertTrue(self.listener.came())

    def test_memory(self):
        """A region in memory leaves no process."""
        from dogpile.cache import make_region

        region = make_region().configure("dogpile.cache.memory")
        with guard():
            region.set("k", 1)
            self.assertEqual(region.get("k"), 1)


@needs_torch
class InductorTests(GuardCase):
    def test_files(self):
        """The folders and files of the local caches are refused."""
        from torch._dynamo import pgo
        from torch._functorch._aot_autograd.autograd_cache import AOTAutogradCache
        from torch._inductor import remote_cache
        from torch._inductor.codecache import FxGraphCache, PersistentCache

        if not hasattr(remote_cache, "LocalCacheBackend"):
            self.skipTest("this torch has no torch._inductor.remote_cache.LocalCacheBackend")
        with tempfile.TemporaryDirectory() as folder:
            backend = remote_cache.LocalCacheBackend()
            calls = [
                lambda: FxGraphCache._get_tmp_dir_for_key("fabc"),
                lambda: AOTAutogradCache._get_tmp_dir_for_key("abc"),
                lambda: PersistentCache().get_local_cache(),
                lambda: PersistentCache().update_local_cache({}),
                lambda: backend.put(f"{folder}/k", b"v"),
                lambda: backend.get(f"{folder}/k"),
                lambda: pgo.get_local_code_state("key"),
            ]
            with guard():
                for call in calls:
                    self.refuses(call, text="^inductor: /")
                with PatchCaches("inductor"):
                    for call in calls:
                        call()
            self.assertEqual(backend.get(f"{folder}/k"), b"v")

    def test_redis(self):
        """A remote cache on Redis is refused by what it uses."""
        from unittest import mock

        from torch._inductor.remote_cache import RemoteAutotuneCache

        with mock.patch.dict(os.environ, {"TORCHINDUCTOR_REDIS_PORT": str(self.port)}):
            cache = RemoteAutotuneCache("id")
        with guard():
            self.refuses(cache.put, "k", {"a": 1}, text="^redis: localhost:")
            self.refuses(cache.get, "k", text="^redis: localhost:")


if __name__ == "__main__":
    unittest.main()
