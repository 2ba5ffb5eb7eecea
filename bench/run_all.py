"""Run every benchmark, and print one table of them all.

Options are those of the scripts, which are those of `pyperf.Runner`: ``--quick`` shows in a minute that all
of them work, ``--fast`` gives rough figures. ``--rst`` prints the table as README.rst has it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import measure
import pyperf
import tables

FOLDER = measure.ROOT / "bench"
SCRIPTS = ("operations", "threads", "per_test", "growth", "reports", "import_time", "peers")

RST_OPTION = "--rst"


def main() -> None:
    """Run the scripts, each with the options of this one."""
    options = [option for option in sys.argv[1:] if option != RST_OPTION]
    suite: pyperf.BenchmarkSuite | None = None
    with tempfile.TemporaryDirectory() as folder:
        for script in SCRIPTS:
            print(f"{script}.py", file=sys.stderr)
            output = Path(folder, f"{script}.json")
            command = [sys.executable, str(FOLDER / f"{script}.py"), *options, f"--output={output}"]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
            if done.returncode:
                sys.exit(f"{done.stdout}{script}.py failed ({done.returncode})")
            found = pyperf.BenchmarkSuite.load(str(output))
            if suite is None:
                suite = found
            else:
                suite.add_runs(found)
    assert suite is not None
    lines = tables.lines_of(suite)
    print(tables.as_rst(lines) if RST_OPTION in sys.argv else tables.as_text(lines))


if __name__ == "__main__":
    main()
