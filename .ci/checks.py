"""The rows of the tables in CONTRIBUTING.rst: what .ci/run checks where, and how long it takes."""

from __future__ import annotations

from typing import NamedTuple


class Check(NamedTuple):
    """One thing that is shown: where it was shown before, where it is now, and why it is there."""

    what: str
    before: str
    now: str
    why: str


class Step(NamedTuple):
    """The seconds that a step took by the clock, before and now, and those of CPU time now."""

    what: str
    before: str
    now: str
    cpu: str


# The environments that ran all tests without PyTorch.
SUITES = "README 2, clone (twice), py310, py312, py313, sdist, wheel"

CHECKS = [
    Check(
        "Two dependencies are enough to install cachetest and to run the examples",
        "README 1",
        "README 1",
        "nothing else is installed there",
    ),
    Check(
        "They are enough to import it anywhere, and an adapter without its library",
        "sdist, wheel",
        "README 1",
        "nothing else is installed there",
    ),
    Check(
        "The README's command installs all that the tests need",
        "README 2",
        "README 2",
        "tox installs it everywhere else",
    ),
    Check(
        "Tests of what is not installed are skipped, and say how to install it",
        SUITES,
        "README 2",
        "CI forbids it everywhere else",
    ),
    Check(
        "All tests, Python 3.11", "README 2, clone (twice), torch, sdist, wheel", "README 2", "it has 3.11"
    ),
    Check("unittest finds the tests that pytest finds", "", "README 2", "pytest has counted them there"),
    Check("All tests, Python 3.10", "py310", "py310", "it has no name that came later"),
    Check("All tests by unittest, in order", "README 2", "py310", "the oldest unittest can do least"),
    Check("All tests, Python 3.12", "py312", "py312", "it is the first with inlined comprehensions"),
    Check(
        "All tests in random order, on two workers",
        "clone, py310, py312, py313, sdist, wheel",
        "py312",
        "it has pytest-randomly",
    ),
    Check("All tests, Python 3.13", "py313", "py313", "it is the newest that has to be there"),
    Check(
        "The page of a report works in a real browser",
        "",
        "py313",
        "it is the same in each Python; elsewhere a browser may be missing",
    ),
    Check("redis-py with hiredis", "", "py312", "elsewhere redis-py parses by itself"),
    Check("All tests by pytest, in order, in one process", "clone, torch", "py313", "py312 has two workers"),
    Check("JAX's adapter on real JAX, 0.10.2", "", "jax", "this release is there only"),
    Check("JAX's adapter on real JAX, 0.4.31", "", "jax_oldest", "it is the oldest that is supported"),
    Check(
        "Entering and leaving, interrupted at every step, for each adapter but that of Inductor",
        f"{SUITES}, torch",
        "py313",
        "its bytecode has the most places to be interrupted at; a sample is taken everywhere else",
    ),
    Check(
        "2,000 random programs agree with the model, with statistics of what is in them",
        f"{SUITES}, torch, model",
        "py313",
        "CACHETEST_EXHAUSTIVE is set there; everywhere else there are 100",
    ),
    Check(
        "Inductor's adapter on the modules of each release of PyTorch, 2.6 to 2.15, written out",
        f"{SUITES}, torch",
        "py313",
        "CACHETEST_EXHAUSTIVE is set there; two of the ten are written out everywhere else",
    ),
    Check(
        "The table of the contract in the documentation, and the examples without each library",
        f"{SUITES}, torch",
        "py313",
        "CACHETEST_EXHAUSTIVE is set there; one example is tried everywhere else",
    ),
    Check(
        "Contending threads, and random calls replayed on real servers, at full length",
        f"{SUITES}, torch (replays only)",
        "py313",
        "CACHETEST_EXHAUSTIVE is set there; a sample is taken everywhere else",
    ),
    Check("All tests, Python 3.14, where it is installed", "py314", "py314", "it is the newest"),
    Check(
        "The oldest supported release of each library", "oldest", "oldest", "they are installed there only"
    ),
    Check(
        "Inductor's adapter on real PyTorch, 2.13.0", "torch (twice)", "torch", "this release is there only"
    ),
    *(
        Check(f"Inductor's adapter on real PyTorch, {release}", "", name, f"{why}; with --full only")
        for release, name, why in (
            ("2.6.0", "torch2_6", "it is the oldest that is supported"),
            ("2.9.1", "torch2_9", "switches are the same for the whole process there"),
            ("2.12.1", "torch2_12", "it is the first with switches of each context"),
            ("2.14.1", "torch2_14", "it is the newest that can be installed"),
        )
    ),
    Check(
        "Entering and leaving, interrupted at every step, for Inductor",
        "torch",
        "torch",
        "PyTorch is there only",
    ),
    Check(
        "All other tests, in a process that has loaded PyTorch",
        "torch",
        "torch",
        "PyTorch is there only",
    ),
    Check(
        "No test tries to reach a store but one of its own",
        "",
        "torch",
        "every library is there",
    ),
    Check(
        "The tests of redis-py's commands, of pymemcache and of three of Django's back ends pass through the "
        "adapters if they pass on the real store, or the documentation names them",
        "",
        "suites",
        "what these tests need is there only",
    ),
    Check(
        "So do all tests of these, and those of cachetools, dogpile.cache, django-redis, cachelib, "
        "Flask-Caching and aiocache",
        "",
        "suites_all",
        "it takes long; with --full only",
    ),
    Check("redis-py's tests, with hiredis", "", "suites_hiredis", "hiredis is there only; with --full only"),
    Check(
        "Children of gunicorn, Celery, RQ, loky, joblib and pytest-forked are of the test that started them",
        "",
        "workers",
        "these are there only",
    ),
    Check(
        "The recipes for libraries without an adapter count what these libraries do",
        "",
        "recipes",
        "the libraries are there only",
    ),
    Check("95 % of the lines and branches are run", "torch", "torch", "Inductor's are run there only"),
    Check(
        "The benchmarks work, with PyTorch and without",
        "bench, torch (twice)",
        "torch",
        "pyperf and PyTorch are there only",
    ),
    Check(
        "The sdist's tests pass on the wheel, outside the checkout",
        "sdist, wheel",
        "py310, py312, py313, py314, oldest, torch, workers",
        "what is installed there has to come from somewhere",
    ),
    Check("The sdist can be installed, and is complete", "sdist, package", "package", "it is built there"),
    Check("The wheel has the package and nothing else", "wheel, package", "package", "it is built there"),
    Check("The metadata of both is valid", "package", "package", "they are built there"),
    Check("Lint and format", "lint", "lint", "ruff is there only"),
    Check("This table is up to date", "", "lint", "it reads text, as the linter does"),
    Check("mypy --strict accepts the package", "typing", "typing", "mypy is there only"),
    Check("mypy --strict and pyright accept a user's code", "", "typing", "both are there only"),
    Check(
        "mypy --strict and pyright accept the examples of README and docs",
        "",
        "typing",
        "both are there only",
    ),
    Check("The documentation is built without a warning", "", "docs", "Sphinx is there only"),
]

# Before: 0.1.0. The whole of it took 2,568 s of CPU time.
STEPS = [
    Step("what tests of real parts need from the system", "10", "0", "0"),
    Step("the first command of the README (before: both)", "230", "6", "6"),
    Step("the second command of the README, and discovery", "", "85", "128"),
    Step("the tests under pytest, in order and at random", "348", "", ""),
    Step("the benchmarks, in their quick form", "27", "", ""),
    Step("random programs against the model", "23", "", ""),
    Step("the sdist, and the wheel that is built of it", "", "11", "11"),
    Step("tox: each Python, real PyTorch, coverage", "1517", "960", "1578"),
    Step("lint, types and documentation (before: among those of tox)", "", "27", "39"),
    Step("the wheel and the sdist, outside the checkout (now: among those of tox)", "310", "", ""),
    Step("all of them", "2465", "1089", "1762"),
]
