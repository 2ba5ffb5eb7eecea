"""Check the result of a tox run: which environments ran, and that none that has to was skipped."""

from __future__ import annotations

import json
import sys
from pathlib import Path

REQUIRED = {"py310", "oldest", "torch", "lint", "typing", "package"}


def main() -> int:
    """Print the environments that ran, and fail when a required one did not."""
    found = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["testenvs"]
    ran = {name for name, env in found.items() if any(each["retcode"] == 0 for each in env.get("test", []))}
    print("tox ran", ", ".join(sorted(ran)))
    missing = REQUIRED - ran
    if missing:
        print("not run:", ", ".join(sorted(missing)))
    return bool(missing)


if __name__ == "__main__":
    sys.exit(main())
