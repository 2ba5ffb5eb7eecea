"""Sum up what .ci/run did, and fail when a tox environment that has to run did not, or a test failed."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

REQUIRED = {"py310", "py312", "py313", "oldest", "torch", "suites", "workers", "lint", "typing", "docs"}
REQUIRED |= {"package"}

# How many lines of the output of a command that failed are printed again at the end.
_LAST_LINES = 40


def tests_of(output: str) -> Counter[str]:
    """Return how many tests passed, failed and were skipped by the closing line of pytest or of unittest."""
    closing = re.findall(r"^(\d+ [a-z]+, .* in \d+\.\d+s.*|\d+ [a-z]+ in \d+\.\d+s.*)$", output, re.MULTILINE)
    if closing:
        found = Counter({word: int(n) for n, word in re.findall(r"(\d+) ([a-z]+)", closing[-1])})
        return Counter(
            passed=found["passed"] + found["xfailed"],
            failed=found["failed"] + found["error"] + found["errors"],
            skipped=found["skipped"],
        )
    closing = re.findall(r"^Ran (\d+) tests? in .*\n\n(?:OK|FAILED)(.*)$", output, re.MULTILINE)
    if closing:
        ran, rest = closing[-1]
        found = Counter({word: int(n) for word, n in re.findall(r"(failures|errors|skipped)=(\d+)", rest)})
        failed = found["failures"] + found["errors"]
        return Counter(passed=int(ran) - failed - found["skipped"], failed=failed, skipped=found["skipped"])
    return Counter()


def in_words(tests: Counter[str]) -> str:
    """Return *tests* as a test runner's closing line has them."""
    return f"{tests['passed']} passed, {tests['failed']} failed, {tests['skipped']} skipped"


def print_steps(path: Path) -> None:
    """Print the seconds of each step, by the clock and of both cores, from the file that `step` writes."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        wall, cpu, name = line.split("\t")
        seconds = sum(60 * int(m) + float(s) for m, s in re.findall(r"(\d+)m([\d.]+)s", cpu))
        rows.append((int(wall), seconds, name))
    print("seconds     CPU  step")
    for (wall, cpu, name), (wall_after, cpu_after, _) in pairwise(rows):
        print(f"{wall_after - wall:7} {cpu_after - cpu:7.0f}  {name}")
    print(f"{rows[-1][0]:7} {rows[-1][1]:7.0f}  all of them\n")


def main() -> int:
    """Read the steps, what pytest printed in the README's environment, and tox's results; print their sum."""
    steps, printed, *results = map(Path, sys.argv[1:])
    print_steps(steps)
    environments: dict[str, Any] = {}
    for path in results:
        # Each file names all environments there are, and has the commands of those that it is about.
        testenvs = json.loads(path.read_text(encoding="utf-8"))["testenvs"]
        environments |= {name: found for name, found in testenvs.items() if found.get("test")}

    print("seconds   setup  environment")
    ran = set()
    failed: list[tuple[str, str]] = []
    total = tests_of(printed.read_text(encoding="utf-8"))
    for name, found in environments.items():
        commands, setup = found["test"], found.get("setup", [])
        tests = sum((tests_of(each["output"] + each["err"]) for each in commands), Counter[str]())
        total += tests
        if all(each["retcode"] == 0 for each in commands):
            ran.add(name)
        passed = in_words(tests) if tests else "no tests"
        result = "" if name in ran else ", FAILED"
        seconds, before = (sum(each["elapsed"] for each in some) for some in (commands, setup))
        print(f"{seconds:7.0f} {before:7.0f}  {name}: {passed}{result}")
        failed += [
            (name, each["output"] + each["err"]) for each in commands if each["retcode"] and name not in ran
        ]
    # Those that have a file of their own, which only the full run has, and that bears their name.
    missing = (REQUIRED | {path.stem for path in results if path.stem.startswith(("torch", "suites"))}) - ran
    for name, output in failed:
        # Their own output may be far above, and of a run that broke off there is no closing line.
        print(f"\n== how {name} ended")
        print(*output.splitlines()[-_LAST_LINES:], sep="\n")
    if missing:
        print("not run, or failed:", ", ".join(sorted(missing)))
    print(f"\nAll tests of the clone and of {len(environments)} environments:\n{in_words(total)}")
    return bool(missing or total["failed"])


if __name__ == "__main__":
    sys.exit(main())
