"""Runs of ``python -m unittest``, and of other runners, that do not each import everything anew.

Most of the time of such a run is for imports. A process that has done these, and nothing else, is forked for
each run: see `test.warm_server`. With CACHETEST_EXHAUSTIVE each run has a Python of its own.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .support import EXHAUSTIVE, ROOT, is_there, run_python

__all__ = ["run_runner", "run_unittest"]

_RUNNERS = ("cachetest", "pytest", "unittest")
# They take long to import, and are only where a program uses them: cachetest goes by what is loaded.
_LIBRARIES = ("django", "redis")
_servers: dict[tuple[str, ...], Any] = {}


def run_unittest(*arguments: str, cwd: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of the folder *cwd* as ``python -m unittest`` with the *arguments* would."""
    return run_runner("-m", "unittest", *arguments, cwd=cwd, **environment)


def run_runner(*arguments: str, cwd: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Do as `run_python` does, but quicker where the *arguments* begin with ``-m`` and a runner of tests."""
    is_runner = arguments[0] == "-m" and arguments[1] in _RUNNERS
    if EXHAUSTIVE or not is_runner or not hasattr(os, "fork"):
        return run_python(*arguments, cwd=cwd, **environment)
    runner = arguments[1]
    loaded = ["pytest"] if runner == "pytest" else ["cachetest", *_libraries_used_in(Path(cwd))]
    with tempfile.TemporaryDirectory() as folder:
        request = {
            "arguments": arguments[1:],
            "cwd": os.path.abspath(cwd),
            "environment": {**os.environ, **environment},
            "output": [os.path.join(folder, name) for name in ("stdout", "stderr")],
        }
        server = _server(*loaded)
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        stdout, stderr = (Path(path).read_text(encoding="utf-8") for path in request["output"])
    return subprocess.CompletedProcess([*arguments], code, stdout, stderr)


def _libraries_used_in(folder: Path) -> list[str]:
    source = "\n".join(each.read_text(encoding="utf-8") for each in folder.glob("*.py"))
    used = [name for name in _LIBRARIES if re.search(rf"^(from|import) {name}\b", source, re.MULTILINE)]
    return [name for name in used if is_there(name)]


def _server(*loaded: str) -> Any:
    """Return the process that is forked where these are loaded."""
    if loaded not in _servers:
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        _servers[loaded] = server = subprocess.Popen(
            # By its path, so that `test` has not been imported: pytest warns of what it can't rewrite.
            [sys.executable, str(ROOT / "test" / "warm_server.py"), *loaded],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(_stop, server)
    return _servers[loaded]


def _stop(server: Any) -> None:
    server.communicate()
