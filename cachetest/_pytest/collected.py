"""The tests that have caches, as they are collected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .given import validate_marks
from .lasting import NAMES, lasting_of
from .running import watch

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["prepare"]

_NAME = "caches"


def prepare(config: pytest.Config, items: Sequence[Any]) -> None:
    """Have each of *items* that has the mark, or asks for caches, run in a scope of its own."""
    # By their marks, in order: the first that can't be used is told.
    marked = dict.fromkeys(item for item in items if item.get_closest_marker(_NAME) is not None)
    validate_marks(marked)
    watch(config)
    for item in items:
        names = getattr(item, "fixturenames", None)
        if names is None or (item not in marked and {_NAME, *NAMES}.isdisjoint(names)):
            continue
        # A test case has a scope of its own.
        if not hasattr(getattr(item, "cls", None), "assertCacheStats"):
            _put_first(item, names, is_marked=item in marked)
        elif item in marked:
            raise pytest.UsageError(
                f"{item.nodeid}: pytest.mark.caches is for functions, and tests of classes that are no "
                "CacheTestCase: that has class attributes and cache_options for it"
            )
        if not set(NAMES).isdisjoint(names):
            lasting_of(config)


def _put_first(item: Any, names: list[str], *, is_marked: bool) -> None:
    """Have the scope of *item* opened before its other fixtures, but after those of wider scope."""
    defined: Any = item._fixtureinfo.name2fixturedefs
    own = defined.get(_NAME)
    if own is not None and own[-1].func.__module__ != "cachetest.pytest_plugin":
        # A fixture of the program's own, which may ask for others.
        if is_marked and _NAME not in own[-1].argnames:
            where = own[-1].func.__module__
            raise pytest.UsageError(
                f"{item.nodeid}: pytest.mark.caches is for the fixture of cachetest, and this test has "
                f"another one that is called so, in {where}: have that ask for the one of cachetest"
            )
        return
    if _NAME in names:
        names.remove(_NAME)
    wider = [each for each in names if each in defined and defined[each][-1].scope != "function"]
    names.insert(max((names.index(each) + 1 for each in wider), default=0), _NAME)
