"""What `import cachetest` costs, beside `import unittest.mock` in the same process.

Prints the median of both and their ratio, and exits with 1 when cachetest takes the longer. unittest, which
both need and every test run has, is imported first. Times are those of ``python -X importtime``: nothing
that runs inside the process can time its own imports without being part of them.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile

RUNS = 15
BUDGET = 1.0


def import_times(folder: str) -> dict[str, int]:
    """Return the cumulative microseconds of each module, from one run whose bytecode is in *folder*."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import unittest, cachetest, unittest.mock"],
        env={**environment, "PYTHONPYCACHEPREFIX": folder},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = re.findall(r"^import time: +\d+ \| +(\d+) \| +([\w.]+)$", done.stderr, re.MULTILINE)
    return {module: int(cumulative) for cumulative, module in lines}


def main() -> int:
    """Measure, print and judge."""
    with tempfile.TemporaryDirectory() as folder:
        import_times(folder)  # compiles
        runs = [import_times(folder) for _ in range(RUNS)]
    ours, theirs = (statistics.median(run[name] for run in runs) for name in ("cachetest", "unittest.mock"))
    print(f"cachetest {ours / 1000:.1f} ms, unittest.mock {theirs / 1000:.1f} ms, ratio {ours / theirs:.2f}")
    return int(ours / theirs >= BUDGET)


if __name__ == "__main__":
    sys.exit(main())
