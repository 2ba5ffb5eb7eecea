"""What a compile of PyTorch misses since a flag was changed."""

import re
import tempfile
import unittest
from pathlib import Path

from ..support import needs_compiler, needs_torch, run_python

SOURCE = """\
import os

import torch

from cachetest import CacheTestCase

torch._inductor.config.epilogue_fusion = "FUSE" in os.environ


class ModelTests(CacheTestCase):
    patch_caches = ("inductor",)
    enable_caches = ("fx_graph_remote_cache",)

    def test_compiles(self):
        torch.compile(lambda x: torch.relu(x @ x).sum())(torch.ones(4, 4))
"""


def stable(text):
    """Leave out of *text* what differs from run to run: hashes of keys, and seconds."""
    text = re.sub(r"::f\w{50,}:", "::HASH:", text)
    return re.sub(r"now, [\d.,]+ m?s:", "now, SECONDS:", text)


@needs_torch
@needs_compiler
class CompileTests(unittest.TestCase):
    def test_flag(self):
        """The flag that was changed is named on the first line."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_model.py").write_text(SOURCE)
            for name, environment in (("before", {"FUSE": "1"}), ("after", {})):
                report = ("--report", f"{name}.json")
                done = run_python("-m", "cachetest", "test_model", *report, cwd=folder, **environment)
                self.assertEqual(done.returncode, 0, done.stderr)
            done = run_python("-m", "cachetest", "why", "before.json", "after.json", cwd=folder)
        first, keys, where = done.stdout.splitlines()
        flag = "inductor config epilogue_fusion: True -> False"
        self.assertEqual(stable(first), f"1. fx_graph, another key now, SECONDS: {flag}", done.stderr)
        self.assertEqual(
            stable(keys), "     key 'pt2:fx-graph-v1::HASH:c1' then, 'pt2:fx-graph-v1::HASH:c1' now"
        )
        self.assertEqual(where, "     in test_model.ModelTests.test_compiles")


if __name__ == "__main__":
    unittest.main()
