"""``python -m cachetest run --watch``: any program on its real caches, which are counted."""

import importlib
import json
import os
import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from ..documents import DOCS, blocks
from ..servers import needs_redis_server, server
from ..support import EXHAUSTIVE, needs, needs_compiler, needs_torch, run_python, takes_long
from .test_why_torch import stable

REDIS = """\
import asyncio, os, subprocess, sys
import redis, redis.asyncio

port = int(sys.argv[1])
client, texts = redis.Redis(port=port), redis.Redis(port=port, decode_responses=True, protocol=3)
client.get("missing")
client.set("price", 4)
client.get("price")
texts.set("empty", "")
print(texts.mget("empty", "missing"), texts.hgetall("missing"))
with client.pipeline() as pipe:
    print(pipe.set("a", 1).get("a").get("missing").execute())
with client.pipeline(transaction=False) as pipe:
    print(pipe.get("a").lpush("a", 1).execute(raise_on_error=False))
try:
    redis.Redis(port=1, retry=None).get("gone")
except redis.ConnectionError as error:
    print(type(error))
with client.pubsub() as channel:
    channel.subscribe("c")
    print(channel.get_message(timeout=9)["type"])

async def main():
    other = redis.asyncio.Redis(port=port)
    print(await asyncio.gather(*(other.get("a") for _ in range(2))))
    await other.aclose()

asyncio.run(main())
if os.fork() == 0:
    redis.Redis(port=port).get("in a fork")
    os._exit(0)
os.wait()
CHILD = f"import redis; redis.Redis(port={port}).get('started')"
subprocess.run([sys.executable, "-c", CHILD], check=True)
"""

REDIS_DONE = """\
miss missing
put price
hit price
put empty
hit empty
miss missing
miss missing
put a
hit a
miss missing
hit a
failure a
failure gone
hit a
hit a
miss in a fork
miss started
"""

DJANGO = """\
import sys
import django
from django.conf import settings

settings.configure(CACHES={"default": {
    "BACKEND": "django.core.cache.backends.redis.RedisCache",
    "LOCATION": f"redis://127.0.0.1:{sys.argv[1]}/1",
    "KEY_PREFIX": "shop",
}})
from django.core.cache import cache

print(cache.get("missing", 7), cache.set("a", 1), cache.get("a"), cache.add("a", 2), cache.incr("a"))
print(cache.set_many({"b": 1, "c": None}), cache.get_many(["b", "missing"]), cache.get("c", 7))
print(cache.get_or_set("d", lambda: 5), cache.touch("a"), cache.has_key("a"), cache.delete("b"))
import redis
redis.Redis(port=int(sys.argv[1])).get("of redis")
"""

DJANGO_DONE = """\
miss shop:1:missing
put shop:1:a
hit shop:1:a
hit shop:1:a
put shop:1:a
put shop:1:b
put shop:1:c
hit shop:1:b
miss shop:1:missing
hit shop:1:c
miss shop:1:d
put shop:1:d
delete shop:1:b
miss of redis
"""

TORCH = """\
import torch._inductor.remote_cache as remote_cache

cache = remote_cache.RemoteFxGraphCache("fx-graph-v1")
print(cache.get("k"), cache.put("k", {"a": 1}), cache.get("k"))
cache.backend._put("pt2:fx-graph-v1::bad:c1", b"{")
try:
    cache.get("bad")
except ValueError as error:
    print(error)
print(dict(remote_cache.cache_stats._stats))
"""

TORCH_DONE = """\
miss pt2:fx-graph-v1::k:c1
put pt2:fx-graph-v1::k:c1
hit pt2:fx-graph-v1::k:c1
put pt2:fx-graph-v1::bad:c1
hit pt2:fx-graph-v1::bad:c1
refusal pt2:fx-graph-v1::bad:c1
"""

TRAINING = """\
import sys
import torch

if "plain" not in sys.argv:
    torch._inductor.config.epilogue_fusion = False
print(torch.compile(lambda table: table.relu() + 1)(torch.ones(2, 3)).sum())
"""


def operations(report):
    """Return the operations in *report*, a line each, in their order."""
    (test,) = json.loads(report.read_text())["tests"]
    found = [
        (row["number"], f"{row['kind']} {cache['keys'][row['key']]['text'][1:-1]}\n")
        for cache in test["caches"].values()
        for row in cache["operations"]
    ]
    return "".join(line for _, line in sorted(found))


class WatchTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()

    def run_on_server(self, source, *arguments, watched, **environment):
        """Run the program *source* on a new server; return what came of it, and what the server has then."""
        program, report = self.folder / "program.py", self.folder / "report.json"
        program.write_text(source)
        with server("redis-server") as port:
            environment["TORCHINDUCTOR_REDIS_PORT"] = str(port)
            command = [str(program), str(port), *arguments]
            if watched:
                command = ["-m", "cachetest", "run", "--watch", "--report", str(report), *command]
            done = run_python(*command, cwd=self.folder, **environment)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done, _entries(port)

    def check(self, source, expected):
        """Have the program *source* do the same, and leave the same, watched or not; return what was told."""
        watched, found = self.run_on_server(source, watched=True)
        self.assertEqual(operations(self.folder / "report.json"), expected)
        self.assertTrue(found)
        if EXHAUSTIVE:
            plain, entries = self.run_on_server(source, watched=False)
            self.assertEqual(watched.stdout, plain.stdout)
            self.assertEqual(found, entries)
        return watched.stderr

    @needs("redis", "'cachetest[redis]'")
    @needs_redis_server
    @unittest.skipUnless(hasattr(os, "fork"), "needs os.fork")
    def test_redis(self):
        """Each command of redis-py counts by its reply, in any kind of client, in child processes as well."""
        told = self.check(REDIS, REDIS_DONE)
        self.assertIn("  redis: puts: 3, hits: 6, misses: 6, failures: 2", told)
        found = json.loads((self.folder / "report.json").read_text())["tests"][0]["caches"]["redis"]
        self.assertNotIn("entries", found)
        self.assertIn("real store", found["unknown"]["entries"])
        # Another program may have put it.
        self.assertNotIn("never put before", str(found["explanations"]))
        self.assertNotIn("by hand", str(found))

    @needs("django", "'cachetest[django]'")
    @needs("redis", "'cachetest[redis]'")
    @needs_redis_server
    def test_django(self):
        """A call of Django's counts once, under its alias, and not as what its back end asks the server."""
        self.check(DJANGO, DJANGO_DONE)

    @needs_torch
    @needs("redis", "'cachetest[redis]'")
    @needs_redis_server
    def test_torch(self):
        """Torch's cache objects count on the backend that they have; what they can't decode is a refusal."""
        self.check(TORCH, TORCH_DONE)

    @needs_torch
    @needs("redis", "'cachetest[redis]'")
    def test_torch_without_its_server(self):
        """Torch takes a server that is down for a miss, and tells nobody: it is a failure in the report."""
        (self.folder / "program.py").write_text(TORCH.partition("cache.backend")[0])
        done = run_python(
            *("-m", "cachetest", "run", "--watch", "program.py"),
            cwd=self.folder,
            TORCHINDUCTOR_REDIS_URL="redis://127.0.0.1:1?retry_on_timeout=0",
        )
        self.assertEqual(done.stdout, "None None None\n")
        self.assertIn("  fx_graph: puts: 0, hits: 0, misses: 0, failures: 3\n", done.stderr)

    @takes_long
    @needs_torch
    @needs_compiler
    @needs("redis", "'cachetest[redis]'")
    @needs_redis_server
    def test_training(self):
        """The second run hits what the first has put; with another flag `why` names that, as on the page."""
        with server("redis-server") as port:
            for name, flag in (("first", "plain"), ("before", "plain"), ("after", "changed")):
                (self.folder / "train.py").write_text(TRAINING)
                done = run_python(
                    *("-m", "cachetest", "run", "--watch", "--report", f"{name}.json", "train.py", flag),
                    cwd=self.folder,
                    TORCHINDUCTOR_REDIS_PORT=str(port),
                    TORCHINDUCTOR_FX_GRAPH_REMOTE_CACHE="1",
                    TORCHINDUCTOR_CACHE_DIR=str(self.folder / name),
                )
                self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(operations(self.folder / "first.json").split()[::2], ["miss", "put"])
        self.assertEqual(operations(self.folder / "before.json").split()[::2], ["hit"])
        told = run_python("-m", "cachetest", "why", "before.json", "after.json", cwd=self.folder).stdout
        (shown,) = blocks(DOCS / "how-to" / "why.rst", "text")
        self.assertEqual(*("\n".join(stable(text).splitlines()[:3]) for text in (told, shown)))

    @parameterized.expand(
        [
            (
                "pymemcache",
                "pymemcache",
                "the adapter 'pymemcache' can't be watched; those that can are django, ",
            ),
            ("unknown", "redsi", "no adapter 'redsi'"),
        ]
    )
    @needs("pymemcache", "'cachetest[pymemcache]'")
    def test_wrong(self, _, adapter, told):
        """An adapter that can't watch is told of before anything is run."""
        done = run_python(
            "-m", "cachetest", "run", "--watch", "--adapter", adapter, "nix.py", cwd=self.folder
        )
        self.assertEqual(done.returncode, 2)
        self.assertIn(told, done.stderr)


def _entries(port):
    """Return all that the server at *port* has, by the number of the database and the key."""
    redis = importlib.import_module("redis")
    clients = [redis.Redis(port=port, db=db) for db in (0, 1)]
    found = {(n, key): client.dump(key) for n, client in enumerate(clients) for key in client.scan_iter()}
    for client in clients:
        client.close()
    return found


if __name__ == "__main__":
    unittest.main()
