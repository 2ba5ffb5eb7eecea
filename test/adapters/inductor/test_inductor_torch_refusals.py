"""What torch finds in a cache and does not use, and its calls of a cache that fail, with real torch."""

from __future__ import annotations

import base64
import json
import logging
import unittest
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from unittest import mock

from parameterized import parameterized

from cachetest import PatchCaches, Stats, global_stats

from .torch_support import TorchCacheTestCase, cache_class, compile_on_new_machine, config, ones, square

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The switches that a cache needs to be used, and no more.
SWITCHES = {
    "fx_graph": ("fx_graph_remote_cache",),
    "aot_autograd": ("fx_graph_remote_cache", "enable_remote_autograd_cache"),
    "dynamo_pgo": ("automatic_dynamic_remote_pgo",),
}
CACHES = tuple(SWITCHES)


def _with_data(value: bytes, data: object) -> bytes:
    return json.dumps({**json.loads(value), "data": data}).encode()


def _without_data(value: bytes) -> bytes:
    found = json.loads(value)
    del found["data"]
    return json.dumps(found).encode()


def _half_a_pickle(value: bytes) -> bytes:
    content = base64.b64decode(json.loads(value)["data"])
    return _with_data(value, base64.b64encode(content[: len(content) // 2]).decode())


DAMAGE: list[tuple[str, Callable[[bytes], Any], str]] = [
    ("empty", lambda value: b"", "it is b'', which torch takes for no entry"),
    ("none", lambda value: None, "it is None, which torch takes for no entry"),
    ("truncated", lambda value: value[: len(value) // 2], "it can't be decoded: JSONDecodeError: "),
    ("garbage", lambda value: b"\x80\xff" + value, "it can't be decoded: UnicodeDecodeError: "),
    ("no_mapping", lambda value: b"[]", "it holds no mapping, but list"),
    ("no_data", _without_data, "it has no 'data'"),
    ("wrong_data", lambda value: _with_data(value, "AAAA"), "it can't be decoded: UnpicklingError: "),
    ("half_a_pickle", _half_a_pickle, "it can't be decoded: "),
]


@contextmanager
def _job() -> Iterator[None]:
    """Compile as a job: only one has a profile. What torch warns of on the way is not shown."""
    logging.disable(logging.CRITICAL)
    try:
        with config("torch.compiler.config", job_id="train"):
            yield
    finally:
        logging.disable(logging.NOTSET)


def _compile() -> None:
    with _job():
        compile_on_new_machine()


class DamagedTests(TorchCacheTestCase):
    @parameterized.expand(
        [(f"{cache}_{name}", cache, how, why) for cache in CACHES for name, how, why in DAMAGE]
    )
    def test_damaged(self, _: str, name: str, how: Callable[[bytes], Any], why: str) -> None:
        """A damaged entry is a hit, and a refusal that says what is wrong; torch compiles all the same."""
        with PatchCaches("inductor", enable=SWITCHES[name]) as patch:
            _compile()
            cache = patch.caches[name]
            before = len(cache.operations)
            for key, value in list(cache.cache.items()):
                cache.cache[key] = how(value)
            _compile()
            hit, refusal, *puts = cache.operations[before:]
        self.assertEqual((hit.kind, refusal.kind, {each.kind for each in puts}), ("hit", "refusal", {"put"}))
        self.assertEqual((refusal.key, refusal.where), (hit.key, hit.where))
        self.assertIn(why, refusal.error)
        explanation = cache.explain(hit.key)
        self.assertEqual((explanation.reason, explanation.earlier), ("refused", hit.number))

    @parameterized.expand([(name,) for name in CACHES])
    def test_whole(self, name: str) -> None:
        """Of entries that are whole none is refused, and nothing fails."""
        with PatchCaches("inductor", enable=SWITCHES[name]) as patch:
            _compile()
            _compile()
            self.assertEqual((patch.caches[name].num_get_hit, patch.caches[name].num_get_miss), (1, 1))
        kinds = {each.kind for cache in patch.caches.values() for each in cache.operations}
        self.assertEqual(kinds, {"put", "hit", "miss"})

    def test_nothing_is_explained(self) -> None:
        """What is refused is known as well where misses are not explained, and by a short log."""
        switches = SWITCHES["fx_graph"]
        with PatchCaches("inductor", enable=switches, explain_misses=False, log_length=1) as patch:
            _compile()
            for key in patch.caches.fx_graph.cache:
                patch.caches.fx_graph.cache[key] = b""
            _compile()
            self.assertEqual(patch.caches.fx_graph.num_refusal, 1)
            self.assertEqual(patch.caches.fx_graph, Stats(2, 1, 1))


class LostGraphTests(TorchCacheTestCase):
    enable_caches = ("fx_graph_remote_cache", "enable_remote_autograd_cache")

    def _lose(self) -> Any:
        """Compile, lose the graphs, compile again; return the refusal of the autograd entry."""
        compile_on_new_machine()
        self.caches.fx_graph.cache.clear()
        with self.assertCacheDelta("aot_autograd", puts=1, hits=1, misses=0, refusals=1):
            compile_on_new_machine()
        (found,) = (each for each in self.caches.aot_autograd.operations if each.kind == "refusal")
        return found

    def test_gone(self) -> None:
        """An autograd entry is refused where the graph that it names is gone, which it says."""
        (key,) = (key.split("::")[1].rpartition(":")[0] for key in self._cold().fx_graph.cache)
        found = self._lose()
        self.assertIn(f"the graph that it names ({key}) can't be had from fx_graph", found.error)

    def _cold(self) -> Any:
        with PatchCaches("inductor", enable=self.enable_caches) as patch:
            compile_on_new_machine()
        return patch.caches

    def test_damaged(self) -> None:
        """It is refused as well where the graph is refused, and each says so for its own part."""
        compile_on_new_machine()
        cache = self.caches.fx_graph
        (key,) = cache.cache
        cache.cache[key] = b"{}"
        with self.assertCacheDelta("aot_autograd", hits=1, misses=0, refusals=1):
            compile_on_new_machine()
        # Looked up for the entry, and once more for the compile.
        self.assertCacheStats("fx_graph", hits=2, refusals=2)

    def test_both_halves(self) -> None:
        """Where there is a backward too, both graphs are named."""
        import torch

        for _ in range(2):
            with self.subTest(_):
                self.caches.fx_graph.cache.clear()
                self._forward_and_back(torch)
        (found,) = (each for each in self.caches.aot_autograd.operations if each.kind == "refusal")
        self.assertRegex(found.error, r"one of the graphs that it names \(f\w+, f\w+\) can't be had")

    @staticmethod
    def _forward_and_back(torch: Any) -> None:
        from .torch_support import new_machine

        with new_machine():
            torch.compile(square)(ones(3, 3, requires_grad=True)).sum().backward()


class LocalGraphTests(TorchCacheTestCase):
    enable_caches = ("fx_graph_cache", "enable_remote_autograd_cache")

    def test_second_machine(self) -> None:
        """On a second machine the graph is not there where only the local cache has it: so it says."""
        compile_on_new_machine()
        with self.assertCacheDelta("aot_autograd", hits=1, misses=0, refusals=1):
            compile_on_new_machine()
        (found,) = (each for each in self.caches.aot_autograd.operations if each.kind == "refusal")
        self.assertIn("can't be had from fx_graph_local, and fx_graph_remote_cache is off", found.error)


class CalledTests(TorchCacheTestCase):
    """Cache objects of torch that are called as torch calls them."""

    patch_caches = ("inductor",)

    def test_direct(self) -> None:
        """A get of the program's own that can't decode what was found is refused; it gets the exception."""
        remote = cache_class("RemoteFxGraphCache")("id")
        remote.put("k", {"a": 1})
        (key,) = self.caches.fx_graph.cache
        self.caches.fx_graph.cache[key] = b"{"
        with self.assertRaises(json.JSONDecodeError):
            remote.get("k")
        self.assertCacheStats("fx_graph", Stats(1, 1, 0), refusals=1)

    @parameterized.expand(
        [
            ("bundle", b"[]", "it holds no mapping, but list"),
            ("entry", b"{}", None),
        ]
    )
    def test_bundle(self, _: str, value: bytes, why: str | None) -> None:
        """A bundle of autotune results that is none is refused."""
        from torch._inductor.runtime.autotune_cache import _AutotuneCacheBundlerImpl

        remote = cache_class("RemoteBundledAutotuneCache")("id")
        remote.put("k", {"a": 1})
        (key,) = self.caches.bundled_autotune.cache
        self.caches.bundled_autotune.cache[key] = value
        self.assertIs(_AutotuneCacheBundlerImpl("k", remote)._load_cache(), why is None)
        self.assertCacheStats("bundled_autotune", hits=1, misses=0, refusals=0 if why is None else 1)
        self.assertEqual(self.caches.bundled_autotune.operations[-1].error, why)


class FailureTests(TorchCacheTestCase):
    @parameterized.expand(
        [(f"{cache}{method}", cache, method) for cache in CACHES for method in ("_get", "_put")]
    )
    def test_logged(self, _: str, name: str, method: str) -> None:
        """A get or put that raises is a failure in the log, with its error, whether or not torch goes on."""
        from cachetest.adapters.inductor.backend import backend_class

        real = getattr(backend_class(), method)

        def fail(backend: Any, *args: Any) -> Any:
            if backend.name == name:
                raise TimeoutError("the store is down")
            return real(backend, *args)

        with PatchCaches("inductor", enable=SWITCHES[name]) as patch:
            # Some releases let the compile fail for some of the puts.
            with mock.patch.object(backend_class(), method, fail), suppress(Exception):
                _compile()
            cache = patch.caches[name]
            failed = [each for each in cache.operations if each.kind == "failure"]
            self.assertEqual({each.error for each in failed}, {"TimeoutError: the store is down"})
            self.assertEqual({each.asked for each in failed}, {method.removeprefix("_")})
            # It has the key that the entry would have had.
            _compile()
            self.assertLessEqual({each.key for each in failed}, set(cache.cache))
            self.assertEqual(cache.num_refusal, 0)

    @parameterized.expand([("get",), ("put",)])
    def test_once(self, method: str) -> None:
        """What the gate has logged as a failure is not logged once more."""
        with PatchCaches("inductor") as patch:
            remote = cache_class("RemoteFxGraphCache")("id")
            patch.caches.fx_graph.cache = Broken()
            with self.assertRaises(OSError):
                getattr(remote, method)(*("k", {"a": 1})[: 1 if method == "get" else 2])
            self.assertEqual([each.kind for each in patch.caches.fx_graph.operations], ["failure"])

    def test_that_can_not_be_encoded(self) -> None:
        """A value that torch can't encode is a failure of the put."""
        with self.assertRaises(TypeError):
            cache_class("RemoteFxGraphCache")("id").put("k", {"a": object()})
        (found,) = global_stats.fx_graph.operations
        self.assertEqual((found.kind, found.asked, found.key), ("failure", "put", "pt2:id::k:c1"))
        self.assertIn("TypeError: ", found.error)


class Broken(dict):  # type: ignore[type-arg]
    """Entries that can be neither read nor written."""

    def get(self, key: object, default: object = None) -> object:
        raise OSError("broken")

    def __setitem__(self, key: object, value: object) -> None:
        raise OSError("broken")


if __name__ == "__main__":
    unittest.main()
