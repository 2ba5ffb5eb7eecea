"""Programs that use ``torch._inductor.mock_cache``, or what stands in for it: run as a child, with its name.

Each returns what it has seen. The first ones are about what comes before any block, so the order counts.
"""

import contextlib
import copy
import dataclasses
import importlib
import json
import pickle
import sys
from unittest import mock

m = importlib.import_module(sys.argv[1]) if __name__ == "__main__" else None


def counts(name="fx_graph"):
    stat = m.global_stats.get_stat(name)
    return [stat.num_put, stat.num_get_hit, stat.num_get_miss]


def remote(name="RemoteFxGraphCache"):
    return getattr(importlib.import_module("torch._inductor.remote_cache"), name)("id")


def use(cache, key="k"):
    cache.get(key)
    cache.put(key, {"a": 1})
    return cache.get(key)


def before_any_block():
    backend = m.MockBackend("fx_graph")
    backend.put("k", b"1")
    return [backend.get("k"), backend.get("other"), counts(), sorted(m.global_stats.fx_graph.cache)]


def a_block_begins_anew():
    m.MockBackend("fx_graph").put("k", b"1")
    with m.PatchCaches():
        return [counts(), list(m.global_stats.fx_graph.cache)]


def in_a_block():
    with m.PatchCaches() as patch:
        return [isinstance(patch, m.PatchCaches), use(remote()), counts(), counts("triton")]


def after_a_block():
    with m.PatchCaches():
        held = remote("RemoteAutotuneCache")
        held.put("k", {"a": 1})
    before = counts("autotune_remote")
    return [before, held.get("k"), held.get("other"), counts("autotune_remote")]


def between_two_blocks():
    with m.PatchCaches():
        held = remote()
    use(held)
    with m.PatchCaches():
        first = counts()
        use(held)
        return [first, counts()]


def entries_by_hand():
    with m.PatchCaches():
        m.global_stats.fx_graph.cache["k"] = b"1"
        backend = m.MockBackend("fx_graph")
        found = backend.get("k"), backend.get("none")
        m.global_stats.fx_graph.cache.clear()
        return [found[0], found[1], backend.get("k"), counts()]


def resets():
    with m.PatchCaches():
        use(remote())
        m.global_stats.fx_graph.reset()
        one = counts(), len(m.global_stats.fx_graph.cache)
        use(remote())
        m.global_stats.reset()
        return [one, counts(), len(m.global_stats.fx_graph.cache), use(remote()), counts()]


def stats():
    made = m.Stats(1, 2, 3)
    twice = made
    twice += m.Stats(1, 1, 1)
    return [
        repr(made),
        made is twice,
        dataclasses.asdict(made),
        m.Stats() == m.Stats(0, 0, 0),
        m.Stats(1) != m.Stats(2),
        m.Stats() == (0, 0, 0),
        m.Stats.__hash__ is None,
        dataclasses.asdict(copy.deepcopy(pickle.loads(pickle.dumps(made)))),
    ]


def stats_of_a_cache():
    with m.PatchCaches():
        stat = m.global_stats.fx_graph
        stat += m.Stats(1, 2, 3)
        m.global_stats.fx_graph += m.Stats(1, 1, 1)
        stat.num_put += 1
        equal = [stat == m.Stats(3, 3, 4), m.Stats(3, 3, 4) == stat, stat == m.global_stats.triton]
        return [*equal, dataclasses.asdict(stat), isinstance(stat, m.Stats)]


def unknown_names():
    found = []
    for name in ("nope", "fx_graphs"):
        try:
            m.global_stats.get_stat(name)
        except AttributeError:
            found.append(hasattr(m.global_stats, name))
    return found


def values_of_any_kind():
    with m.PatchCaches():
        backend = m.MockBackend("fx_graph")
        for value in (None, b"", 0, [1]):
            backend.put("k", value)
            if backend.get("k") != value:
                return "not the same"
        return [counts(), 1 in m.global_stats.fx_graph.cache]


def a_key_that_can_not_be_hashed():
    with m.PatchCaches():
        try:
            m.MockBackend("fx_graph").get([])
        except TypeError:
            return counts()


def names_of_a_backend():
    from torch._inductor.remote_cache import cache_stats

    with m.PatchCaches():
        use(remote())
        made = m.MockBackend.with_name("triton")()
        return [made._name, remote().backend._name, "fx_graph" in cache_stats._stats]


def a_subclass_that_sets_its_name():
    class Own(m.MockBackend):
        def __init__(self):
            self._name = "fx_graph"

    with m.PatchCaches():
        return [use(Own()), counts()]


def a_subclass_that_looks_on():
    seen = []

    class Own(m.MockBackend):
        def _get(self, key):
            seen.append(key)
            return super()._get(key)

        def _put(self, key, data):
            seen.append(key)
            super()._put(key, data)

    with m.PatchCaches(), mock.patch.object(type(remote()), "backend_override_cls", lambda: Own("fx_graph")):
        return [use(remote()), seen, counts()]


def _own(seen):
    class Own(m.MockBackend):
        @staticmethod
        def with_name(name):
            return lambda: Own(name)

        def _get(self, key):
            seen.append(key)
            return super()._get(key)

    return Own


def another_backend_in_the_module():
    seen = []
    with mock.patch.object(m, "MockBackend", _own(seen)), m.PatchCaches():
        use(remote())
    with m.PatchCaches():
        use(remote())
    return [seen, counts()]


def another_backend_until_the_block_begins():
    seen = []
    with contextlib.ExitStack() as stack:
        with mock.patch.object(m, "MockBackend", _own(seen)):
            stack.enter_context(m.PatchCaches())
        use(remote())
    return [seen, counts()]


def another_backend_inside_the_block():
    seen = []

    class Own(m.MockBackend):
        def _get(self, key):
            seen.append(key)
            return super()._get(key)

    with m.PatchCaches(), mock.patch.object(m, "MockBackend", Own):
        use(remote())
    return [seen, counts()]


def another_factory():
    made = []
    real = m.MockBackend.with_name

    def with_name(name):
        made.append(name)
        return real(name)

    with mock.patch.object(m.MockBackend, "with_name", with_name), m.PatchCaches():
        use(remote())
    return ["fx_graph" in made, counts()]


def a_method_of_the_backend():
    with m.PatchCaches(), mock.patch.object(m.MockBackend, "_get", lambda self, key: b"{}"):
        return [remote().get("k"), counts()]


def an_exception_in_the_block():
    try:
        with m.PatchCaches():
            use(remote())
            raise KeyError("mine")
    except KeyError as error:
        return [str(error), counts()]


def switches():
    from torch._inductor import config

    names = "fx_graph_cache", "fx_graph_remote_cache", "autotune_local_cache", "autotune_remote_cache"
    before = [getattr(config, name) for name in names]
    m.PatchCaches.setUp()
    inside = [getattr(config, name) for name in names]
    m.PatchCaches.tearDown()
    return [inside, [getattr(config, name) for name in names] == before]


def pickled():
    with m.PatchCaches():
        sent = pickle.loads(pickle.dumps(remote()))
        backend = pickle.loads(pickle.dumps(m.MockBackend("fx_graph")))
        return [type(backend).__name__, isinstance(backend, m.MockBackend), use(sent), counts()]


def copied():
    with m.PatchCaches():
        use(remote())
        kept = copy.copy(m.global_stats.fx_graph)
        use(remote())
        return [kept == m.Stats(1, 1, 1), counts()]


def one_block_twice():
    patch = m.PatchCaches()
    found = []
    for _ in range(2):
        with patch:
            use(remote())
            found.append(counts())
    return found


if __name__ == "__main__":
    programs = [
        each for name, each in list(globals().items()) if getattr(each, "__module__", "") == "__main__"
    ]
    helpers = {counts, remote, use, _own}
    results = {}
    for program in programs:
        if program not in helpers:
            try:
                results[program.__name__] = program()
            except Exception as error:
                results[program.__name__] = f"{type(error).__name__}: {error}"
    print(json.dumps(results, default=repr))
