"""What the runner and the plugin of pytest cost on a thousand tests, each of which does two operations.

``python -m cachetest`` beside ``python -m unittest``, and pytest with our plugin beside pytest without it.
All of them run the same tests, which patch their caches themselves.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import measure
from measure import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = 10 if measure.QUICK else 1_000

_MODULE = """\
from cachetest import CacheTestCase, MockBackend

BACKEND = MockBackend("prices")


class PriceTests(CacheTestCase):
    patch_caches = ()


def make(number):
    def test(self):
        BACKEND.put(number, 1)
        self.assertEqual(BACKEND.get(number), 1)

    return test


for number in range({tests}):
    setattr(PriceTests, f"test_{{number}}", make(number))
"""


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_prices.py").write_text(_MODULE.format(tests=TESTS), encoding="utf-8")
        yield Path(folder)


def run(arguments: tuple[str, ...], loops: int) -> float:
    """Return *loops* times the seconds that a run of the tests takes by ``python -m`` with *arguments*."""
    with _folder() as folder:
        options = {"PYTHONPATH": str(measure.ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        start = perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=folder,
            env={**os.environ, **options},
            capture_output=True,
            text=True,
            check=False,
        )
        elapsed = perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{arguments} failed:\n{done.stdout}\n{done.stderr}")
    return elapsed * loops


_PYTEST = ("pytest", "-q", "-p", "no:cacheprovider", "test_prices.py")

ROWS = [
    Row(
        f"{TESTS:,} tests, python -m cachetest, beside unittest",
        {
            "ours": partial(run, ("cachetest", "test_prices")),
            "limit": partial(run, ("unittest", "test_prices")),
        },
        once=True,
        against="limit",
    ),
    Row(
        f"{TESTS:,} tests, pytest with the plugin, beside without",
        {
            "ours": partial(run, (*_PYTEST, "-p", "cachetest.pytest_plugin")),
            "limit": partial(run, _PYTEST),
        },
        once=True,
        against="limit",
        needs={"ours": ("pytest",), "limit": ("pytest",)},
    ),
]

if __name__ == "__main__":
    measure.main(ROWS)
