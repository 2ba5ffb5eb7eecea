"""What several test modules need: what must not be skipped, inner test cases, and a small fake library."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import unittest
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parameterized import parameterized

from cachetest import MockBackend
from cachetest._patching.undo import ABSENT, Undo, own_attribute
from cachetest.adapters import Adapter, Switch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ROOT = Path(__file__).resolve().parent.parent

# What CI names here is there to be tested: its absence is an error, not a skip.
_REQUIRED = os.environ.get("CACHETEST_REQUIRE", "").split(",")

# 0 runs a sample of what takes long, 1 all of it, and n runs n times as many rounds and random programs.
EXHAUSTIVE = int(os.environ.get("CACHETEST_EXHAUSTIVE") or 0)


def needs(library: str, install: str) -> Callable[[Any], Any]:
    """Skip without *library*, saying how to get it, unless the environment demands it."""
    return unittest.skipUnless(is_there(library), f"needs {library}: pip install {install}")


def is_there(library: str) -> bool:
    """Return whether *library* can be tested, or has to be."""
    return importlib.util.find_spec(library) is not None or library in _REQUIRED


# A quick run, without that variable, is for who has just cloned the project. What takes a while is left out,
# and of some tables all but the first rows. CI sets the variable, to 0 at least.
QUICK = not os.environ.get("CACHETEST_EXHAUSTIVE")
takes_a_while = unittest.skipIf(QUICK, "takes a while: CACHETEST_EXHAUSTIVE=0 runs it")
takes_long = unittest.skipUnless(EXHAUSTIVE, "takes long: CACHETEST_EXHAUSTIVE=1 runs it")
needs_torch = needs("torch", "torch==2.13.0")
needs_compiler = unittest.skipUnless(shutil.which("g++") or "torch" in _REQUIRED, "needs a C++ compiler")


def run_case(case: unittest.TestCase | unittest.TestSuite) -> unittest.TestResult:
    """Run *case* as unittest would, and return what came of it."""
    result = unittest.TestResult()
    case.run(result)
    return result


def run_method(base: type[unittest.TestCase], body: Callable[..., Any], **attributes: Any) -> Any:
    """Run a test case derived from *base* whose only test is *body*; return case and result."""
    case = type("Inner", (base,), {"test": body, **attributes})("test")
    return case, run_case(case)


# A run of its own by pytest: it leaves no files behind, and loads nothing of the libraries, which takes long.
BY_PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:time_machine")


def run_python(
    *arguments: str, cwd: str | Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a fresh interpreter, in the project's root unless told otherwise."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def load_script(path: Path) -> Any:
    """Return the script at *path*, loaded as a module."""
    spec: Any = importlib.util.spec_from_file_location(f"script_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    path_before = sys.path[:]
    # A dataclass looks up the module that it is in.
    sys.modules[module.__name__] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[module.__name__]
        sys.path[:] = path_before
    return module


def ignore_collected() -> None:
    """Have no warning of what another test has left open, and that happens to be collected now."""
    warnings.simplefilter("ignore", ResourceWarning)


def sample_or_all(sample: int, of: int) -> int:
    """Return how many rounds to run: a *sample*, or with CACHETEST_EXHAUSTIVE all of them."""
    return of * EXHAUSTIVE or sample


def expand(table: Iterable[Any], *, quick: int, **names: Any) -> Callable[[Any], Any]:
    """Make a test of each row of *table*; in a quick run of so many of the first."""
    rows = list(table)
    expanded: Callable[[Any], Any] = parameterized.expand(rows[:quick] if QUICK else rows, **names)
    return expanded


class Library:
    """A library with a backend that it was never given, and a flag."""

    backend: Any = "real"
    flag: object = "default"


class LibrarySwitch(Switch):
    """The flag of a `Library`, the same for the whole process."""

    name = "library_cache"

    def __init__(self, library: type[Library]) -> None:
        self.library = library

    def exists(self) -> bool:
        return hasattr(self.library, "flag")

    def save(self) -> object:
        return own_attribute(self.library, "flag")

    def restore(self, saved: object) -> None:
        if saved is not ABSENT:
            self.library.flag = saved
        elif own_attribute(self.library, "flag") is not ABSENT:
            del self.library.flag

    def get(self) -> object:
        return self.library.flag

    def set(self, value: bool) -> None:
        self.library.flag = value


class LibraryAdapter(Adapter):
    """The adapter of a `Library`; each library is one by itself."""

    name = "library"
    caches = ("lib",)

    def __init__(self, library: type[Library]) -> None:
        self.library = library
        self.switches = (LibrarySwitch(library),)

    def identity(self) -> object:
        return self.library

    def install(self) -> Undo:
        return Undo(lambda undo: undo.set_attribute(self.library, "backend", MockBackend("lib")))


class NamedPlaceAdapter(LibraryAdapter):
    """An adapter that names its place itself, as one has to that does not set it by an Undo."""

    def patched_attributes(self) -> Mapping[str, object]:
        return {"Library.backend": own_attribute(self.library, "backend")}


class InterruptedAdapter(NamedPlaceAdapter):
    """An adapter that is interrupted as its scope is left."""

    reads = 0

    def patched_attributes(self) -> Mapping[str, object]:
        self.reads += 1
        # The first two are as it is installed.
        if self.reads == 3:
            raise KeyboardInterrupt
        return super().patched_attributes()


def make_library() -> tuple[type[Library], LibraryAdapter]:
    """Return a library that nobody else has patched, and an adapter for it."""
    library = type("Library", (Library,), {})
    return library, LibraryAdapter(library)


def in_module(name, source, folder="elsewhere"):
    """Run *source* as a module called *name* in *folder*, and return its names."""
    names = {"__name__": name}
    exec(compile(source, f"/{folder}/{name}.py", "exec"), names)
    return names
