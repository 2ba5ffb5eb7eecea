"""Runs of ``python -m unittest`` that do not each import everything anew.

Most of the time of such a run is for imports. A process that has done these, and nothing else, is forked for
each run: no cache was patched there, and no module of a test loaded. With CACHETEST_EXHAUSTIVE each run has a
Python of its own.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import re
import runpy
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from .support import EXHAUSTIVE, ROOT, is_there, run_python

__all__ = ["run_unittest"]

# What takes long to import, and only where a program does: cachetest goes by what is loaded.
_LIBRARIES = {"django": ("django.core.cache", "django.test"), "redis": ("redis", "fakeredis")}
_ROOMS = ("recording", "behaving", "telling", "caches", "patching", "assertions")
_servers: dict[tuple[str, ...], Any] = {}


def run_unittest(*arguments: str, cwd: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of the folder *cwd* as ``python -m unittest`` with the *arguments* would."""
    if EXHAUSTIVE or not hasattr(os, "fork"):
        return run_python("-m", "unittest", *arguments, cwd=cwd, **environment)
    source = "\n".join(each.read_text(encoding="utf-8") for each in Path(cwd).glob("*.py"))
    used = [name for name in _LIBRARIES if re.search(rf"^(from|import) {name}\b", source, re.MULTILINE)]
    libraries = tuple(name for name in used if is_there(name))
    with tempfile.TemporaryDirectory() as folder:
        request = {
            "arguments": arguments,
            "cwd": os.path.abspath(cwd),
            "environment": {**os.environ, **environment},
            "output": [os.path.join(folder, name) for name in ("stdout", "stderr")],
        }
        server = _server(libraries)
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        stdout, stderr = (Path(path).read_text(encoding="utf-8") for path in request["output"])
    return subprocess.CompletedProcess(["unittest", *arguments], code, stdout, stderr)


def _server(libraries: tuple[str, ...]) -> Any:
    """Return the process that is forked where these *libraries* are used."""
    if libraries not in _servers:
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        _servers[libraries] = server = subprocess.Popen(
            [sys.executable, "-m", "test.warm", *libraries],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(_stop, server)
    return _servers[libraries]


def _stop(server: Any) -> None:
    server.communicate()


def _serve(libraries: list[str]) -> None:
    """Fork for each request, and answer it with the exit status; return in the forked ones alone."""
    rooms = [import_module(f"cachetest._{name}") for name in _ROOMS]
    for name in ("unittest.main", "asyncio", "cachetest.case", "parameterized"):
        import_module(name)
    for room in rooms:
        for module in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
            import_module(module.name)
    for name in libraries:
        for module_name in _LIBRARIES[name]:
            import_module(module_name)
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(json.loads(line))
            return
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    sys.exit()


def _become(request: dict[str, Any]) -> None:
    """Make this process what a Python is that has just been started for *request*."""
    for number, path in zip((1, 2), request["output"], strict=True):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["cwd"])
    sys.argv[:] = ["unittest", *request["arguments"]]
    sys.path[0] = request["cwd"]


if __name__ == "__main__":
    _serve(sys.argv[1:])
    runpy.run_module("unittest", run_name="__main__", alter_sys=True)
