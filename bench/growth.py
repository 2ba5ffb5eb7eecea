"""Whether tests stay fast and small as they grow: with entries, caches and scopes, and with operations."""

from __future__ import annotations

import threading
import tracemalloc
from contextlib import ExitStack, contextmanager
from functools import lru_cache, partial
from itertools import cycle, islice, repeat
from typing import TYPE_CHECKING

import measure
from measure import Row
from subjects import NAME, SUBJECTS, Calls, Limit, NoLibrary, time_get, time_put

from cachetest import MockBackend, PatchCaches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from subjects import Subject

ENTRIES = (10**3, 10**4) if measure.QUICK else (10**3, 10**4, 10**5, 10**6)
CACHES = (1, 10) if measure.QUICK else (1, 10, 100, 1_000)
SCOPES = (1, 10) if measure.QUICK else (1, 10, 100)
OPERATIONS = 10**4 if measure.QUICK else 10**6
FEW = 10
# Fewer than the log keeps.
KEPT = 9_000
ENTRIES_WEIGHED = 10**3 if measure.QUICK else 10**5

# So few different keys are looked up that they, unlike 10**6 entries, stay in the processor's caches: it is
# what we do that is to be flat, not the machine's memory.
SAMPLE = 100


@lru_cache
def many(entries: int) -> dict[str, int]:
    """Return so many *entries*, which take longer to make than to use."""
    return {f"key {n}": n for n in range(entries)}


def with_entries(operation: str, entries: int, subject: Subject, loops: int) -> float:
    """Return the seconds of *loops* hits, misses or puts on a cache of so many *entries*."""
    with subject() as calls:
        calls.entries.update(many(entries))
        some = [f"key {n}" for n in range(0, entries, entries // SAMPLE)]
        if operation == "miss":
            some = [f"no {key}" for key in some]
        time_get(calls.get, some)
        keys = islice(cycle(some), loops)
        return time_put(calls.put, keys, 0) if operation == "put" else time_get(calls.get, keys)


def with_caches(subject: Callable[[int], list[Calls]], caches: int, loops: int) -> float:
    """Return the seconds of *loops* hits that go round *caches* caches."""
    with PatchCaches(NoLibrary()):
        made = subject(caches)
        for calls in made:
            calls.put("key", "value")
        gets = list(islice(cycle([calls.get for calls in made]), loops))

        # The loop is over what is called, so it is not that of the others.
        def get_from(get: Callable[[str], object]) -> object:
            return get("key")

        time_get(get_from, [calls.get for calls in made])
        return time_get(get_from, gets)


def our_caches(caches: int) -> list[Calls]:
    """Return the calls of so many caches of ours."""
    backends = [MockBackend(f"cache {n}") for n in range(caches)]
    return [Calls(backend.get, backend.put) for backend in backends]


def limits(caches: int) -> list[Calls]:
    """Return those of so many limits."""
    made = [Limit() for _ in range(caches)]
    return [Calls(each.get, each.put) for each in made]


def in_scope(loops: int) -> float:
    """Return the seconds of *loops* hits in the scope that the caller is in."""
    backend = MockBackend(NAME)
    backend.put("key", "value")
    return time_get(backend.get, repeat("key", loops))


def nested(scopes: int, loops: int) -> float:
    """Return the seconds of *loops* hits in the innermost of *scopes* nested ones."""
    with ExitStack() as stack:
        for _ in range(scopes):
            stack.enter_context(PatchCaches(NoLibrary()))
        return in_scope(loops)


def parallel(scopes: int, loops: int) -> float:
    """Return the seconds of *loops* hits in one of *scopes* parallel ones, while the others wait."""
    with ExitStack() as stack:
        for _ in range(scopes - 1):
            stack.enter_context(_elsewhere())
        with PatchCaches(NoLibrary()):
            return in_scope(loops)


@contextmanager
def _elsewhere() -> Iterator[None]:
    """Keep a scope open on another thread."""
    opened, done = threading.Event(), threading.Event()

    def stay() -> None:
        with PatchCaches(NoLibrary()):
            opened.set()
            done.wait()

    thread = threading.Thread(target=stay)
    thread.start()
    opened.wait()
    try:
        yield
    finally:
        done.set()
        thread.join()


def entry_bytes(subject: Subject, loops: int) -> float:
    """Return the bytes that each of many puts adds, key and value aside, as many times as *loops*."""
    keys = [f"key {n}" for n in range(ENTRIES_WEIGHED)]
    with subject() as calls:
        return loops * _bytes(lambda: time_put(calls.put, keys, None)) / len(keys)


def operation_bytes(operations: int, loops: int) -> float:
    """Return the bytes that so many hits on one entry leave, as many times as *loops*."""
    with PatchCaches(NoLibrary()) as patch:
        backend = MockBackend(NAME)
        backend.put("key", "value")
        cache = patch.caches[NAME]
        found = _bytes(lambda: time_get(backend.get, repeat("key", operations)))
        if (cache.num_put, cache.num_get_hit, cache.num_get_miss) != (1, operations, 0):
            raise RuntimeError(f"{operations} hits were counted as {cache}")
        if len(cache.operations) + cache.operations.dropped != operations + 1:
            raise RuntimeError(f"{operations} hits were logged as {cache.operations}")
        return loops * found


def _bytes(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        work()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def kept_bytes(loops: int) -> float:
    """Return the bytes of each operation that the log keeps, as many times as *loops*."""
    return operation_bytes(KEPT, loops) / KEPT


def hits_after(operations: int, loops: int) -> float:
    """Return the seconds of *loops* hits on a cache that has had so many *operations* before."""
    with PatchCaches(NoLibrary()):
        backend = MockBackend(NAME)
        backend.put("key", "value")
        time_get(backend.get, repeat("key", operations))
        return time_get(backend.get, repeat("key", loops))


ROWS = [
    *(
        Row(
            f"{operation}, {entries:,} entries",
            {
                column: partial(with_entries, operation, entries, subject)
                for column, subject in SUBJECTS.items()
            },
            loops=5_000,
            against=None if entries == ENTRIES[0] else f"{operation}, {ENTRIES[0]:,} entries",
            budget=1.3 if entries == 10**6 else None,
        )
        # Few and many one after the other, before the machine has changed its pace.
        for operation in ("hit", "miss", "put")
        for entries in ENTRIES
    ),
    *(
        Row(
            f"hit, {caches:,} cache{'s' * (caches > 1)}",
            {"ours": partial(with_caches, our_caches, caches), "limit": partial(with_caches, limits, caches)},
            loops=5_000,
            against=None if caches == CACHES[0] else f"hit, {CACHES[0]} cache",
            budget=1.5 if caches == 10**3 else None,
        )
        for caches in CACHES
    ),
    *(
        Row(
            f"hit, {scopes} {work.__name__} scope{'s' * (scopes > 1)}",
            {"ours": partial(work, scopes)},
            loops=5_000,
            against=None if scopes == SCOPES[0] else f"hit, {SCOPES[0]} {work.__name__} scope",
        )
        for work in (nested, parallel)
        for scopes in SCOPES
    ),
    *(
        Row(
            f"hit, after {operations:,} others",
            {"ours": partial(hits_after, operations)},
            loops=5_000,
            against=None if operations == FEW else f"hit, after {FEW} others",
        )
        for operations in (FEW, OPERATIONS)
    ),
    Row(
        f"memory of an entry, log included, of {ENTRIES_WEIGHED:,}",
        {column: partial(entry_bytes, subject) for column, subject in SUBJECTS.items()},
        once=True,
        unit="byte",
    ),
    Row("memory of an operation kept", {"ours": kept_bytes}, once=True, unit="byte", against=None, budget=64),
    Row(
        f"memory of {OPERATIONS:,} operations on a cache",
        {"ours": partial(operation_bytes, OPERATIONS)},
        once=True,
        unit="byte",
        against=None,
    ),
]

if __name__ == "__main__":
    measure.main(ROWS)
