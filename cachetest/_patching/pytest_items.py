"""The tests of a test case as pytest runs them: fixtures of a test run before its ``run``."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

__all__ = ["has_class_fixture", "open_before_fixtures", "request_of_pytest"]

# The one fixture of pytest's own that runs code of the class: its ``setup_method``.
_SETUP_METHOD = "_unittest_setup_method_fixture"
_FRAMES = 8


def open_before_fixtures(open_early: Callable[[Any], Callable[[], object]]) -> bool:
    """Have pytest call *open_early* with a test case before the fixtures of its test, if there are any.

    What that returns is called after the fixtures are torn down. To be called as the test case is made, which
    pytest does long before. Returns whether it is pytest that makes it.
    """
    frame = _frame_of_pytest() if "_pytest.unittest" in sys.modules else None
    item: Any = None if frame is None else frame.f_locals.get("self")
    # A class makes one as well, to look at it.
    if hasattr(item, "runtest"):
        item.setup = partial(_set_up, item, open_early)
        if _has_late_tear_down(item):
            item.teardown = partial(_tear_down, item)
    return frame is not None


def _frame_of_pytest() -> FrameType | None:
    frame: FrameType | None = sys._getframe(2)
    for _ in range(_FRAMES):
        if frame is None or frame.f_globals.get("__name__") == "_pytest.unittest":
            return frame
        frame = frame.f_back
    return None


def _set_up(item: Any, open_early: Callable[[Any], Callable[[], object]]) -> None:
    """Do what the ``setup`` of *item* does, with the scope open from the first fixture of the test on."""
    late = _has_late_tear_down(item)
    if late or any(map(_runs_code_of_tests, _fixtures(item))):
        # Those of classes, modules and the session come first, as ever, and are not the test's.
        try:
            _set_up_wider(item)
        except KeyboardInterrupt:
            raise
        except BaseException:
            # One fails, or skips the class. The setup meets the same, and is taken down once it has begun.
            type(item).setup(item)
            raise
        leave = open_early(item.instance)
        if late:
            _leaving[item] = leave
        else:
            # The first finalizer is the last to run.
            item.addfinalizer(leave)
    type(item).setup(item)


def _set_up_wider(item: Any) -> None:
    for name in item.fixturenames:
        scopes = {each.scope for each in item._fixtureinfo.name2fixturedefs.get(name, ())}
        if scopes and "function" not in scopes and name not in item.funcargs:
            item.funcargs[name] = item._request.getfixturevalue(name)


# How the scopes are closed of tests whose ``tearDown`` is still to run.
_leaving: dict[Any, Callable[[], object]] = {}


def _has_late_tear_down(item: Any) -> bool:
    """Return whether the ``tearDown`` of *item* is called after its ``run``, as it is with ``--pdb``."""
    return bool(item.config.getoption("usepdb", False))


def _tear_down(item: Any) -> None:
    """Do what the ``teardown`` of *item* does, with the scope still open."""
    leave = _leaving.pop(item, None)
    try:
        type(item).teardown(item)
    finally:
        if leave is not None:
            leave()


def _fixtures(item: Any) -> list[Any]:
    info = getattr(item, "_fixtureinfo", None)
    return [each for found in getattr(info, "name2fixturedefs", {}).values() for each in found]


def _runs_code_of_tests(fixture: Any) -> bool:
    module = str(getattr(fixture.func, "__module__", ""))
    own = module.partition(".")[0] == "_pytest" and not fixture.argname.startswith(_SETUP_METHOD)
    return fixture.scope == "function" and not own


def has_class_fixture(cls: type) -> bool:
    """Return whether *cls* itself has a fixture that pytest is to call once for the class."""
    for value in tuple(vars(cls).values()):
        # By the name that it has from pytest 8.4 on, or before.
        for name in ("_fixture_function_marker", "_pytestfixturefunction"):
            if getattr(getattr(value, name, None), "scope", None) == "class":
                return True
    return False


def request_of_pytest() -> Any:
    """Return the request of the fixture of pytest that calls what sets up a module; None without one."""
    frame = sys._getframe(2) if "_pytest.python" in sys.modules else None
    while frame is not None:
        if frame.f_globals.get("__name__") == "_pytest.python" and "request" in frame.f_locals:
            return frame.f_locals["request"]
        frame = frame.f_back
    return None
