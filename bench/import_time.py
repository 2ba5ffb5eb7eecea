"""What `import cachetest` costs, beside `import unittest.mock`.

unittest, which both need and every test run has, is imported first, then cachetest, so that what both load
counts as its own. Times are those of ``python -X importtime``: nothing that runs inside a process can time
its own imports without being part of them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from functools import cache, partial

import measure
from measure import Row

MICROSECOND = 1e-6


@cache
def _bytecode() -> tempfile.TemporaryDirectory[str]:
    """Return the folder that this process has bytecode in, whether or not the checkout can be written to."""
    folder = tempfile.TemporaryDirectory()
    _import_times(folder.name)  # compiles
    return folder


def _import_times(folder: str) -> dict[str, int]:
    """Return the cumulative microseconds of each module, from one run whose bytecode is in *folder*."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import unittest, cachetest, unittest.mock"],
        cwd=measure.ROOT,
        env={**environment, "PYTHONPYCACHEPREFIX": folder},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = re.findall(r"^import time: +\d+ \| +(\d+) \| +([\w.]+)$", done.stderr, re.MULTILINE)
    return {module: int(cumulative) for cumulative, module in lines}


def import_time(module: str, loops: int) -> float:
    """Return the seconds that importing *module* took in *loops* processes."""
    folder = _bytecode().name
    return sum(_import_times(folder)[module] for _ in range(loops)) * MICROSECOND


ROWS = [
    Row(
        "import cachetest, beside unittest.mock",
        {"ours": partial(import_time, "cachetest"), "original": partial(import_time, "unittest.mock")},
        budget=0.35,
        needs={},
    )
]

if __name__ == "__main__":
    measure.main(ROWS)
