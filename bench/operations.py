"""What one hit, miss or put costs: through a `MockBackend`, and through torch's ``RemoteFxGraphCache``."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from itertools import repeat
from time import perf_counter
from types import FunctionType
from typing import TYPE_CHECKING, Any

import measure
from measure import Row
from subjects import SUBJECTS, Calls, Limit, time_get, time_put

from cachetest import PatchCaches

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from subjects import Subject

# As long as torch's keys are.
KEY = f"pt2:fx-graph-v1::f{'0123456789abcdef' * 3}:c1"
VALUE = {"data": "0123456789abcdef"}

DEPTH = 50


def hits(subject: Subject, loops: int) -> float:
    """Return the seconds of *loops* hits."""
    with subject() as calls:
        calls.put(KEY, VALUE)
        return time_get(calls.get, repeat(KEY, loops))


def misses(subject: Subject, loops: int) -> float:
    """Return the seconds of *loops* misses."""
    with subject() as calls:
        return time_get(calls.get, repeat(KEY, loops))


def puts(subject: Subject, loops: int) -> float:
    """Return the seconds of *loops* puts."""
    with subject() as calls:
        return time_put(calls.put, repeat(KEY, loops), VALUE)


OPERATIONS = {"hit": hits, "miss": misses, "put": puts}


def from_own_frames(operation: str, subject: Subject, loops: int) -> float:
    """Return the seconds of *loops* operations, each from a call of its own, as programs do them."""
    with subject() as calls:
        if operation == "hit":
            calls.put(KEY, VALUE)

        def get() -> None:
            calls.get(KEY)

        def put() -> None:
            calls.put(KEY, VALUE)

        work = put if operation == "put" else get
        indices = range(loops)
        start = perf_counter()
        for _ in indices:
            work()
        return perf_counter() - start


@contextmanager
def _limit_in_torch() -> Iterator[None]:
    from torch._inductor.remote_cache import RemoteCacheBackend, RemoteFxGraphCache

    class Backend(RemoteCacheBackend[Any]):
        def __init__(self) -> None:
            super().__init__()
            made = Limit()
            vars(self).update(_get=made.get, _put=made.put)

    found = RemoteFxGraphCache.backend_override_cls
    RemoteFxGraphCache.backend_override_cls = Backend
    try:
        yield
    finally:
        RemoteFxGraphCache.backend_override_cls = found


def _original_in_torch() -> AbstractContextManager[object]:
    from torch._inductor import mock_cache

    return mock_cache.PatchCaches()


@contextmanager
def through_torch(patched: Any) -> Iterator[Calls]:
    """Give the calls of a ``RemoteFxGraphCache`` that is made while *patched*."""
    from torch._inductor.remote_cache import RemoteFxGraphCache

    with patched():
        cache = RemoteFxGraphCache("fx-graph-v1")
        yield Calls(cache.get, cache.put)


def deep_hits(subject: Subject, loops: int) -> float:
    """Return the seconds of *loops* hits that come from many frames inside torch, as in a compile they do."""
    # The same loop, in functions that our search for the caller takes for torch's.
    inside: dict[str, Any] = {"__name__": "torch._inductor.codecache", "perf_counter": perf_counter}
    timed = FunctionType(time_get.__code__, inside)
    exec("def below(n, timed, *args): return below(n - 1, timed, *args) if n else timed(*args)", inside)
    with subject() as calls:
        calls.put(KEY, VALUE)
        elapsed: float = inside["below"](DEPTH, timed, calls.get, repeat(KEY, loops))
    return elapsed


# Of torch's cache: a put has none.
BUDGETS = {"hit": 1.15, "miss": 1.15, f"hit below {DEPTH} torch frames": 1.8}
IN_TORCH = {
    "ours": partial(through_torch, partial(PatchCaches, "inductor")),
    "original": partial(through_torch, _original_in_torch),
    "limit": partial(through_torch, _limit_in_torch),
}

ROWS = [
    *(
        Row(
            f"{name}, MockBackend",
            {column: partial(time, subject) for column, subject in SUBJECTS.items()},
            loops=20_000,
            budget=0.6,
        )
        for name, time in OPERATIONS.items()
    ),
    *(
        Row(
            f"{name}, MockBackend, from frames of their own",
            {column: partial(from_own_frames, name, subject) for column, subject in SUBJECTS.items()},
            loops=20_000,
            budget=0.62,
        )
        for name in OPERATIONS
    ),
    *(
        Row(
            f"{name}, RemoteFxGraphCache",
            {column: partial(time, subject) for column, subject in IN_TORCH.items()},
            loops=5_000,
            budget=BUDGETS.get(name),
            needs=dict.fromkeys(IN_TORCH, ("torch",)),
        )
        for name, time in {**OPERATIONS, f"hit below {DEPTH} torch frames": deep_hits}.items()
    ),
]

if __name__ == "__main__":
    measure.main(ROWS)
