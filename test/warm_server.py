"""The process that `test.warm` forks for each run: no cache was patched in it, no module of a test loaded.

For pytest nothing of cachetest is loaded either: pytest rewrites a plugin as it loads it.
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import runpy
import sys
from importlib import import_module
from typing import Any

_ROOMS = ("recording", "behaving", "telling", "caches", "patching", "assertions")
_MODULES = {
    "cachetest": ("cachetest.case",),
    "django": ("django.core.cache", "django.test"),
    "pytest": ("pytest",),
    "redis": ("redis", "fakeredis"),
}


def _load(name: str) -> None:
    """Load what takes long of *name*, which is `cachetest`, `pytest` or a library."""
    for module in _MODULES[name]:
        import_module(module)
    if name == "pytest":
        for plugin in import_module("_pytest.config").default_plugins:
            import_module(f"_pytest.{plugin}")
    if name == "cachetest":
        for room in [import_module(f"cachetest._{each}") for each in _ROOMS]:
            for found in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
                import_module(found.name)


def _serve(*names: str) -> None:
    """Fork for each request, and answer it with the exit status; return in the forked ones alone."""
    for name in ("unittest.main", "asyncio", "parameterized"):
        import_module(name)
    for name in names:
        _load(name)
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
    sys.argv[:] = request["arguments"]
    sys.path[0] = request["cwd"]


if __name__ == "__main__":
    _serve(*sys.argv[1:])
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
