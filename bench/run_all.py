"""Run every benchmark, and print one table of them all.

Other options than its own go to the scripts, and are those of `pyperf.Runner`: ``--fast`` gives rough
figures. With ``--quick`` they show in a minute that they work.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import measure
import pyperf
import tables

FOLDER = measure.ROOT / "bench"
SCRIPTS = (
    "operations",
    "threads",
    "per_test",
    "growth",
    "reports",
    "import_time",
    "peers",
    "stores",
    "clients",
    "processes",
    "servers",
    "behaviours",
    "runner",
)


def main() -> None:
    """Run the scripts, each with the options that are not for this one."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--rst", action="store_true", help="print the table as README.rst has it")
    parser.add_argument("-o", "--output", help="write all results, encoded to JSON, into this file")
    args, options = parser.parse_known_args()
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
    if args.output:
        suite.dump(args.output)
    lines = tables.lines_of(suite)
    print(tables.as_rst(lines) if args.rst else tables.as_text(lines))


if __name__ == "__main__":
    main()
