"""Torch's compile workers, and children that use its remote caches."""

import os
import unittest

from cachetest import PatchCaches

from ..._sharing.children_support import SECONDS, failure_of, outcome_of, run_by, use_mock, use_neither
from ...support import needs_torch


def use_remote_cache():
    """Put something in a cache of torch's, which is a Redis that is not there."""
    os.environ["TORCHINDUCTOR_REDIS_PORT"] = "1"
    from torch._inductor.remote_cache import RemoteAutotuneCache

    RemoteAutotuneCache("id").put("key", {"a": 1})
    return "done"


@needs_torch
class ChildTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        import torch._inductor.remote_cache  # noqa: F401

    def test_spawned(self):
        """A child's use of a remote cache is refused before anything is connected to."""
        told, failure = failure_of(lambda _: run_by("spawn", use_remote_cache), "inductor")
        self.assertIn("ChildOperationError: put('key') on cache 'autotune_remote'", told)
        self.assertIn("was refused put('key') on cache 'autotune_remote'", failure)

    def test_compile_workers(self):
        """Each job of a compile worker works for the test that gives it; the workers outlive their test."""
        from torch._inductor.compile_worker.subproc_pool import SubprocPool

        with PatchCaches("inductor"):
            pool = SubprocPool(1)
        try:

            def given(job):
                return lambda _: pool.submit(outcome_of, job).result(SECONDS)

            self.assertEqual(failure_of(given(use_neither), "inductor"), ("done", ""))
            told, failure = failure_of(given(use_remote_cache), "inductor")
            self.assertIn("ChildOperationError", told)
            self.assertIn("given work at ", failure)
            self.assertEqual(pool.submit(outcome_of, use_mock).result(SECONDS), "done")
        finally:
            pool.shutdown()


if __name__ == "__main__":
    unittest.main()
