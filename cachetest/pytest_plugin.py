"""The plugin of pytest: fixtures with the caches of a test, a mark, and options.

pytest loads it in each run, so nothing else of the package is loaded until a test has caches.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._caches.caches import MockCaches

__all__ = ["caches", "class_caches", "module_caches", "session_caches"]

FIXTURES = ("caches", "class_caches", "module_caches", "session_caches")
_OLDEST = (8, 2)
_MARK = "caches(*adapters, enable=(), ...): the adapters and the options of the caches of a test"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("cachetest", "what tests do with caches")
    group.addoption(
        "--cachetest-report",
        metavar="FILE",
        action="append",
        default=[],
        help="write what each test did with its caches: to a .txt, .json or .html file, or `github`, a "
        "summary of the job; may be given several times",
    )
    group.addoption(
        "--cachetest-guard",
        action="store_true",
        help="an error for whatever would leave the process for a cache outside any test",
    )
    group.addoption(
        "--cachetest-snapshots",
        metavar="once|none|update",
        help="what is done with snapshots: write those that are not there, none, or all anew",
    )
    group.addoption(
        "--cachetest-states",
        metavar="STATES",
        help="run each test that has caches in each of these states, such as cold,warm,off,failing",
    )
    parser.addini("cachetest_adapters", "the adapters of tests that name none", type="args", default=[])
    parser.addini("cachetest_guard", "whether --cachetest-guard is always on", type="bool", default=False)
    parser.addini("cachetest_snapshots", "what --cachetest-snapshots is, unless it is given", default="")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARK)
    option = config.option
    if (
        option.cachetest_report
        or option.cachetest_guard
        or option.cachetest_snapshots
        or option.cachetest_states
        or config.getini("cachetest_adapters")
        or config.getini("cachetest_guard")
        or config.getini("cachetest_snapshots")
    ):
        _check_release()
        from ._pytest.asked import take_options

        take_options(config)


# Before xdist and others look at the order of the fixtures.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Find the tests that have caches; of the others there is nothing to be done, and nothing is loaded."""
    found = [item for item in items if _has_caches(item)]
    cases = sys.modules.get("cachetest.case")
    if found:
        _check_release()
        from ._pytest.collected import prepare

        prepare(config, found)
    elif cases is not None and any(_is_case(item, cases.CacheTestMixin) for item in items):
        from ._pytest.running import watch

        watch(config)


def _check_release() -> None:
    """Raise ``UsageError`` for a pytest that is too old, where the plugin is used."""
    if pytest.version_tuple[:2] < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        raise pytest.UsageError(
            f"the fixtures, marks and options of cachetest need pytest {oldest} or later, and this is pytest "
            f"{pytest.__version__}: pip install 'pytest>={oldest}'; a CacheTestCase runs without them"
        )


def _has_caches(item: pytest.Item) -> bool:
    return "caches" in item.keywords or not _NAMES.isdisjoint(getattr(item, "fixturenames", ()))


_NAMES = frozenset(FIXTURES)


def _is_case(item: pytest.Item, mixin: type) -> bool:
    cls = getattr(item, "cls", None)
    return cls is not None and issubclass(cls, mixin)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Have a comparison of a cache, or of one of its counts, explained as in a test case."""
    if "cachetest._caches.cache" not in sys.modules:
        return None
    from ._pytest.compared import explain

    return explain(op, left, right)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker of pytest-xdist has found."""
    found = getattr(node, "workeroutput", {}).get("cachetest")
    if found is not None:
        from ._pytest.running import merge_worker

        merge_worker(node.config, found)


@pytest.fixture
def caches(request: pytest.FixtureRequest) -> Iterator[MockCaches]:
    """Give a test a scope of its own, which its other fixtures are in as well: its caches, by name."""
    from ._pytest.scopes import open_test

    yield from open_test(request)


@pytest.fixture(scope="class")
def class_caches(request: pytest.FixtureRequest, module_caches: MockCaches) -> Iterator[MockCaches]:
    """Give the caches of the class: each test that asks for them begins with a copy of their entries."""
    from ._pytest.lasting import open_lasting

    yield from open_lasting(request)


@pytest.fixture(scope="module")
def module_caches(request: pytest.FixtureRequest, session_caches: MockCaches) -> Iterator[MockCaches]:
    """Give the caches of the module: each test that asks for them begins with a copy of their entries."""
    from ._pytest.lasting import open_lasting

    yield from open_lasting(request)


@pytest.fixture(scope="session")
def session_caches(request: pytest.FixtureRequest) -> Iterator[MockCaches]:
    """Give the caches of the session: each test that asks for them begins with a copy of their entries."""
    from ._pytest.lasting import open_lasting

    yield from open_lasting(request)
