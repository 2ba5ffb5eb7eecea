"""Print the walk of a call through cachetest's files: which of our functions are called, in their order.

The routes are traced, not written by hand: one lookup that hits, by a `MockBackend`, by torch's
``RemoteFxGraphCache`` and by ``redis.Redis``, each from a line that has not called before; and a block of
``PatchCaches("inductor")``, entered and left. The same was done before, so nothing is loaded or made for the
first time. Each line is one stay in a file; it begins with ``>`` where none of ours has called. A route whose
library is not installed is skipped.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent

# What is traced is this checkout, whatever is installed.
sys.path.insert(0, str(ROOT))

import cachetest  # noqa: E402
from cachetest import MockBackend, PatchCaches  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from types import FrameType

__all__ = ["ROUTES", "Route", "Walk", "trace"]

# The modules that the adapter looks at: a program that has compiled something has loaded them.
IN_A_COMPILE = (
    "torch._inductor.codecache",
    "torch._inductor.compile_fx",
    "torch._inductor.remote_cache",
    "torch._functorch._aot_autograd.autograd_cache",
    "torch._dynamo.package",
    "torch._inductor.runtime.caching.interfaces",
    "torch.compiler._cache",
)

PACKAGE = Path(cachetest.__file__).resolve().parent


@dataclass(frozen=True)
class Walk:
    """The calls of our functions, in their order: the file of each, below the package, and its name.

    ``begins`` are the positions of those that were not called by ours.
    """

    calls: list[tuple[str, str]]
    begins: frozenset[int] = frozenset({0})

    @property
    def stays(self) -> list[tuple[str, list[str]]]:
        """Each stay in a file: the file, and the functions that were called one after the other there."""
        return [
            (file, [name for _, name in calls]) for file, calls in groupby(self.calls, lambda call: call[0])
        ]

    @property
    def files(self) -> set[str]:
        return {file for file, _ in self.calls}

    @property
    def changes(self) -> int:
        """How many calls are of another file than the call before."""
        return len(self.stays) - 1

    @property
    def repeated(self) -> set[str]:
        """The files that were entered more than once on the way from one call of the library's to the record.

        Where it comes to no record, until it returns.
        """
        found: set[str] = set()
        for start, end in pairwise([*sorted(self.begins), len(self.calls)]):
            records = [n for n in range(start, end) if self.calls[n][0].startswith("_recording/")]
            entered = [file for file, _ in Walk(self.calls[start : max(records, default=end - 1) + 1]).stays]
            found.update(file for file in entered if entered.count(file) > 1)
        return found

    def __str__(self) -> str:
        width, lines, at = max(len(file) for file in self.files), [], 0
        for file, names in self.stays:
            mark = ">" if at in self.begins else " "
            lines.append(f"  {mark} {file:{width}}  {', '.join(_names(names))}")
            at += len(names)
        return "\n".join(lines)


def _names(names: list[str]) -> Iterator[str]:
    """Yield *names*, those that follow each other written once."""
    for name, same in groupby(names):
        times = len(list(same))
        yield name if times == 1 else f"{name} x{times}"


def trace(function: Callable[[], object]) -> Walk:
    """Call *function*, and return the walk through our files."""
    calls: list[tuple[str, str]] = []
    begins: set[int] = set()

    def is_ours(frame: FrameType | None) -> bool:
        return frame is not None and Path(frame.f_code.co_filename).is_relative_to(PACKAGE)

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and is_ours(frame):
            if not is_ours(frame.f_back):
                begins.add(len(calls))
            path = Path(frame.f_code.co_filename).relative_to(PACKAGE)
            calls.append((path.as_posix(), frame.f_code.co_name))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
    return Walk(calls, frozenset(begins))


@contextmanager
def by_hand() -> Iterator[Callable[[], object]]:
    """Give a lookup by a `MockBackend`."""
    with PatchCaches():
        backend = MockBackend("prices")
        backend.put("lamp", 4.0)
        backend.get("lamp")
        yield partial(backend.get, "lamp")


@contextmanager
def by_torch() -> Iterator[Callable[[], object]]:
    """Give a lookup in torch's remote cache of compiled graphs."""
    from torch._inductor.remote_cache import RemoteFxGraphCache

    with PatchCaches("inductor"):
        cache = RemoteFxGraphCache("fx-graph-v1")
        cache.put("key", {"data": "graph"})
        cache.get("key")
        yield partial(cache.get, "key")


@contextmanager
def by_redis() -> Iterator[Callable[[], object]]:
    """Give a lookup by a client of Redis."""
    import redis

    with PatchCaches("redis"):
        client = redis.Redis()
        client.set("lamp", "4.0")
        client.get("lamp")
        yield partial(client.get, "lamp")


@contextmanager
def in_and_out() -> Iterator[Callable[[], object]]:
    """Give a block of ``PatchCaches("inductor")`` in a program that has compiled before."""
    for module in IN_A_COMPILE:
        # No release has all of them.
        with suppress(ModuleNotFoundError):
            importlib.import_module(module)

    def enter_and_leave() -> None:
        with PatchCaches("inductor"):
            pass

    enter_and_leave()
    yield enter_and_leave


@dataclass(frozen=True)
class Route:
    """A call that is traced: what it is, how it is made ready, and the library that it needs, if any."""

    what: str
    ready: Callable[[], AbstractContextManager[Callable[[], object]]]
    needs: str | None = None

    def walk(self) -> Walk:
        """Trace it, and return its walk."""
        with self.ready() as call:
            return trace(call)


ROUTES = {
    "MockBackend": Route("MockBackend.get", by_hand),
    "inductor": Route("inductor: RemoteFxGraphCache.get", by_torch, "torch"),
    "redis": Route("redis: Redis.get", by_redis, "redis"),
    "PatchCaches": Route('with PatchCaches("inductor")', in_and_out, "torch"),
}


def _number(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def main() -> None:
    """Print the walks that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("routes", nargs="*", metavar="route", help=f"of {', '.join(ROUTES)}; all by default")
    chosen = parser.parse_args().routes or list(ROUTES)
    for unknown in set(chosen) - ROUTES.keys():
        parser.error(f"no route {unknown!r}; there are {', '.join(ROUTES)}")
    for name in chosen:
        route = ROUTES[name]
        if route.needs is not None and importlib.util.find_spec(route.needs) is None:
            print(f"skipped: {route.what}: needs {route.needs}", file=sys.stderr)
            continue
        walk = route.walk()
        counts = [
            _number(len(walk.calls), "call"),
            _number(len(walk.files), "file"),
            _number(walk.changes, "change"),
        ]
        print(f"{route.what}: {', '.join(counts)} of file\n\n{walk}\n")


if __name__ == "__main__":
    main()
