"""What cachetest adds to each test, with no library to patch and with inductor, and to a block."""

from __future__ import annotations

import unittest
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import measure
from measure import Row
from subjects import NoLibrary

from cachetest import CacheTestCase, PatchCaches

if TYPE_CHECKING:
    from collections.abc import Callable

TORCH = ("torch",)


class Empty(unittest.TestCase):
    """What the tests of the others are compared with."""

    def test(self) -> None: ...


class WithoutLibrary(CacheTestCase):
    """A test of caches by hand."""

    patch_caches = ()

    def test(self) -> None: ...


class WithInductor(CacheTestCase):
    """A test of torch's caches, all of them off and patched."""

    patch_caches = ("inductor",)

    def test(self) -> None: ...


class WithOriginal(unittest.TestCase):
    """As PyTorch's own tests do it."""

    def setUp(self) -> None:
        self.mocks = _original()
        self.mocks.setUp()

    def tearDown(self) -> None:
        self.mocks.tearDown()

    def test(self) -> None:
        with self.mocks():
            pass


def _original() -> Any:
    from torch._inductor.mock_cache import PatchCaches as Original

    return Original


def tests(case: type[unittest.TestCase], loops: int) -> float:
    """Return the seconds of running the test of *case* *loops* times."""
    test = case("test")
    result = unittest.TestResult()
    indices = range(loops)
    start = perf_counter()
    for _ in indices:
        test.run(result)
    elapsed = perf_counter() - start
    if not result.wasSuccessful():
        raise RuntimeError(result.errors or result.failures)
    return elapsed


def beyond_empty(case: type[unittest.TestCase], loops: int) -> float:
    """Return the seconds that *loops* tests of *case* take more than empty ones."""
    return tests(case, loops) - tests(Empty, loops)


def blocks(patch: Callable[[], Any], loops: int) -> float:
    """Return the seconds of entering and leaving *patch* *loops* times."""
    indices = range(loops)
    start = perf_counter()
    for _ in indices:
        with patch():
            pass
    return perf_counter() - start


def original_blocks(loops: int) -> float:
    """Return the seconds of *loops* blocks of the original."""
    return blocks(_original(), loops)


def original_steps(loops: int) -> float:
    """Return the seconds of all that the original does for *loops* tests."""
    patch = _original()
    indices = range(loops)
    start = perf_counter()
    for _ in indices:
        patch.setUp()
        with patch():
            pass
        patch.tearDown()
    return perf_counter() - start


ROWS = [
    Row(
        "empty test, no library to patch",
        {"ours": partial(tests, WithoutLibrary), "limit": partial(tests, Empty)},
        loops=500,
        against="limit",
        budget=3.0,
    ),
    Row(
        "empty test, inductor",
        {
            "ours": partial(tests, WithInductor),
            "original": partial(tests, WithOriginal),
            "limit": partial(tests, Empty),
        },
        loops=100,
        needs={"ours": TORCH, "original": TORCH},
    ),
    Row(
        "set-up to tear-down beyond an empty test, inductor",
        {"ours": partial(beyond_empty, WithInductor), "original": original_steps},
        loops=100,
        budget=0.35,
        needs={"ours": TORCH, "original": TORCH},
    ),
    Row(
        'enter and exit PatchCaches("inductor")',
        {"ours": partial(blocks, partial(PatchCaches, "inductor")), "original": original_blocks},
        loops=100,
        budget=0.15,
        needs={"ours": TORCH, "original": TORCH},
    ),
    Row(
        "enter and exit PatchCaches(), torch imported",
        {"ours": partial(blocks, PatchCaches), "original": original_blocks},
        loops=100,
        budget=0.15,
        needs={"ours": TORCH, "original": TORCH},
    ),
    Row(
        "enter and exit PatchCaches, no library to patch",
        {"ours": partial(blocks, partial(PatchCaches, NoLibrary()))},
        loops=500,
        against=None,
    ),
]

if __name__ == "__main__":
    measure.main(ROWS)
