"""Torch's remote caches in child processes, compile workers among them: the test's process has them."""

import os
import unittest
from unittest import mock

from cachetest import PatchCaches

from ..._sharing.children_support import (
    SECONDS,
    failure_of,
    listening_port,
    outcome_of,
    run_by_subprocess,
    run_in_child,
    use_mock,
    use_neither,
)
from ...support import needs_torch
from .torch_support import compile_on_new_machine, load_torch, make_cache, new_machine, square

SWITCHES = ("fx_graph_remote_cache", "enable_autograd_cache", "enable_remote_autograd_cache")


def use_remote_cache(key="key"):
    """Miss, put and hit in a cache of torch's, which is a Redis elsewhere."""
    from torch._inductor.remote_cache import RemoteAutotuneCache

    cache = RemoteAutotuneCache("id")
    found = [cache.get(key)]
    cache.put(key, {"a": 1})
    return [*found, cache.get(key)]


def compile_anew():
    """Compile a function where no file of an earlier compile is."""
    load_torch()
    compile_on_new_machine()
    return "compiled"


def torch_compile(size):
    """Compile a function, as in a process that begins in the cache directory that there is."""
    import torch

    torch._dynamo.reset()
    torch.compile(square)(torch.ones(size, size))


def profile_here():
    """Compile a function for two sizes, as a process of the job that begins here."""
    load_torch()
    import torch

    torch._dynamo.reset()
    with torch.compiler.config.patch(job_id="job"):
        compiled = torch.compile(square, backend="eager")
        compiled(torch.ones(3, 3))
        compiled(torch.ones(4, 4))
    return "profiled"


def compile_here():
    load_torch()
    torch_compile(3)
    torch_compile(4)
    return "compiled"


@needs_torch
class ChildTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        load_torch()
        listening = listening_port()
        port = listening.__enter__()
        cls.addClassCleanup(listening.__exit__, None, None, None)
        at = mock.patch.dict(
            os.environ, TORCHINDUCTOR_REDIS_HOST="127.0.0.1", TORCHINDUCTOR_REDIS_PORT=str(port)
        )
        at.start()
        cls.addClassCleanup(at.stop)

    def test_spawned(self):
        """A child's use of a remote cache is counted, and reaches no server; its parent finds the entry."""

        def body(caches):
            told = run_in_child("spawn", use_remote_cache)
            return told, use_remote_cache(), caches.autotune_remote.counts()

        told = failure_of(body, "inductor")
        self.assertEqual(told, (([None, {"a": 1}], [{"a": 1}] * 2, (2, 3, 1)), ""))

    def test_parent_fills(self):
        """What the test's process has compiled is warm in a subprocess."""
        with PatchCaches("inductor", enable=SWITCHES) as patched:
            compile_on_new_machine()
            self.assertEqual(run_by_subprocess(compile_anew), "compiled")
        for name in ("fx_graph", "aot_autograd"):
            self.assertEqual(patched.caches[name].counts(), (1, 1, 1))
            kinds = [(each.kind, each.process == os.getpid()) for each in patched.caches[name].operations]
            self.assertEqual(kinds, [("miss", True), ("put", True), ("hit", False)])

    def test_subprocess_fills(self):
        """What a subprocess has compiled is warm in the test's process."""
        with PatchCaches("inductor", enable=SWITCHES) as patched:
            self.assertEqual(run_by_subprocess(compile_anew), "compiled")
            compile_on_new_machine()
        for name in ("fx_graph", "aot_autograd"):
            self.assertEqual(patched.caches[name].counts(), (1, 1, 1))
            kinds = [(each.kind, each.process == os.getpid()) for each in patched.caches[name].operations]
            self.assertEqual(kinds, [("miss", False), ("put", False), ("hit", True)])

    def test_local_caches(self):
        """A subprocess finds what the test's process has compiled in the same directory, and fills it."""
        names = ("fx_graph_local", "aot_autograd_local")
        with PatchCaches("inductor", enable=("fx_graph_cache", "enable_autograd_cache")) as patched:
            with new_machine():
                torch_compile(3)
                self.assertEqual(run_by_subprocess(compile_here), "compiled")
                torch_compile(4)
            for name in names:
                cache = patched.caches[name]
                kinds = [(each.kind, each.process == os.getpid()) for each in cache.operations]
                expected = [("miss", True), ("put", True), ("hit", False)]
                self.assertEqual(kinds, [*expected, ("miss", False), ("put", False), ("hit", True)])

    def test_profile(self):
        """A subprocess finds the profile of the test's process, from its first compile on."""
        with PatchCaches("inductor", enable=("automatic_dynamic_local_pgo",)) as patched:
            profile_here()
            self.assertEqual(run_by_subprocess(profile_here), "profiled")
            operations = patched.caches.dynamo_pgo_local.operations
        kinds = [(each.kind, each.process == os.getpid()) for each in operations]
        self.assertEqual(kinds, [("miss", True), ("put", True), ("put", True), ("hit", False)])

    def test_switches_off(self):
        """A switch that the test leaves off is off in a child too."""
        from torch._inductor import config

        with config.patch(fx_graph_remote_cache=True), PatchCaches("inductor") as patched:
            with PatchCaches("inductor", enable=("fx_graph_remote_cache",)):
                self.assertEqual(run_by_subprocess(_switch_of_graphs), True)
            self.assertEqual(patched.caches.fx_graph.counts(), (0, 0, 0))

    def test_compile_workers(self):
        """Each job of a compile worker works for the test that gives it; the workers outlive their test."""
        from torch._inductor.compile_worker.subproc_pool import SubprocPool

        with PatchCaches("inductor"):
            pool = SubprocPool(1)
        try:

            def given(job):
                def body(caches):
                    told = pool.submit(outcome_of, job).result(SECONDS)
                    return told, caches.autotune_remote.counts()

                return body

            self.assertEqual(failure_of(given(use_neither), "inductor"), (("done", (0, 0, 0)), ""))
            for _ in range(2):
                # Each test begins with nothing.
                told = failure_of(given(use_remote_cache), "inductor")
                self.assertEqual(told, (([None, {"a": 1}], (1, 1, 1)), ""))
            self.assertEqual(pool.submit(outcome_of, use_mock).result(SECONDS), "done")
        finally:
            pool.shutdown()

    def test_object_from_before(self):
        """One that was made with its real backend can't be told: its use is refused in a child."""

        def body(_):
            return run_in_child("spawn", _use_from_before)

        told, failure = failure_of(body, "inductor")
        self.assertIn("ChildOperationError: put('key') of a RemoteAutotuneCache from before the test", told)
        self.assertIn("was refused put('key')", failure)


def _switch_of_graphs():
    load_torch()
    from torch._inductor import config

    return config.fx_graph_remote_cache


def _use_from_before():
    cache = make_cache("RemoteAutotuneCache")
    cache.backend = object()
    cache.put("key", {"a": 1})


if __name__ == "__main__":
    unittest.main()
