"""The snapshots that no test has any more, told after a run that was to be of all tests."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .snapshot_files import SnapshotFile

__all__ = ["known_by", "note", "passed", "unused"]

passed: dict[type, set[str]] = {}
"""The tests that have passed in this process, by their classes."""

known_by: list[Callable[[Path], bool | None]] = []
"""What knows of snapshots of functions: each says whether one is unused; None where it can't say."""

_used: dict[Path, set[str]] = {}
_process: int | None = None
_case: type | None = None
# What a runner selects tests by: a part of their names, their marks, or those that failed last.
_SELECTING = ("-k", "-m", "--lf", "--last-failed", "--ff", "--deselect", "--tag", "--exclude-tag")


def note(file: SnapshotFile, case: object) -> None:
    """Remember that *case* has the snapshot *file*, and have the unused ones told where the run ends."""
    global _process
    _used.setdefault(file.folder, set()).add(file.name)
    if _process == os.getpid():
        return
    # Until here in this process there was none; a child that was forked tells nothing of its own.
    is_first, _process = _process is None, os.getpid()
    outcome = getattr(case, "_outcome", None)
    # What has the assertions of a function that is a test knows it itself.
    config: Any = getattr(getattr(outcome, "result", case), "config", None)
    if is_first and hasattr(config, "pluginmanager"):
        config.pluginmanager.register(_Telling(), "cachetest-snapshots")
    elif is_first:
        import atexit

        atexit.register(_tell_at_exit, _process)


class _Telling:
    """A plugin of pytest, which tells as warnings what was found, also of a worker of pytest-xdist."""

    def pytest_sessionfinish(self, session: Any) -> None:
        import warnings

        from ..errors import CacheTestWarning

        options, arguments = vars(session.config.option), session.config.args
        chosen = [options.get(name) for name in ("keyword", "markexpr", "lf", "failedfirst", "deselect")]
        if any(chosen) or any("::" in each for each in arguments):
            return
        for path in unused():
            warning = CacheTestWarning("no test has this snapshot any more")
            # Its first line is not to be shown, since it is none of code.
            found = warnings.WarningMessage(warning, CacheTestWarning, _shown(path), 1, line="")
            session.config.hook.pytest_warning_recorded.call_historic(
                kwargs={"warning_message": found, "nodeid": "", "when": "runtest", "location": None}
            )


def _tell_at_exit(process: int) -> None:
    if process != os.getpid() or _selects(sys.argv[1:]):
        return
    found = [_shown(path) for path in unused()]
    if found:
        print("cachetest: no test has these snapshots any more:", *found, sep="\n  ", file=sys.stderr)


def _selects(arguments: list[str]) -> bool:
    """Return whether *arguments* of a runner are of some tests alone; a module has all of its own."""
    for each in arguments:
        if each.startswith(_SELECTING):
            return True
        parts = each.split(".")
        inside = any(".".join(parts[:n]) in sys.modules for n in range(1, len(parts)))
        if inside and each not in sys.modules and parts[-1] != "py":
            return True
    return False


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(os.getcwd()))
    except (ValueError, OSError):
        return str(path)


def unused() -> list[Path]:
    """Return the snapshots, in the folders that some were used of, that no test has any more."""
    return [path for folder in sorted(_used) for path in sorted(folder.glob("*.txt")) if _is_unused(path)]


def _is_unused(path: Path) -> bool:
    """Return whether no test can have it: its module, class or method is gone, or has passed without it."""
    folder, name = path.parent, path.name.removesuffix(".txt")
    stem = name.partition(".")[0]
    # A class that is made by a function may not have been made.
    if name in _used[folder] or "_locals_" in name:
        return False
    for knows in known_by:
        if (answer := knows(path)) is not None:
            return answer
    classes = list(_classes_of(folder.parent, stem))
    if not classes:
        files = (folder.parent / f"{stem}.py", folder.parent / "__init__.py")
        return not any(each.exists() for each in files[: 1 + (folder.parent.name == stem)])
    owners = [found for cls in classes if (found := _owner(name, stem, cls)) is not None]
    # Where several could be meant, each of them has done without it.
    return all(test in passed.get(cls, ()) for cls, test in owners)


def _classes_of(folder: Path, stem: str) -> Iterator[type]:
    """Yield the test cases of the module *stem* in *folder*, as far as it was imported here."""
    from pathlib import Path

    from .base import AssertionBase

    waiting: list[type] = [AssertionBase]
    for cls in waiting:
        inner: list[type] = cls.__subclasses__()
        waiting += [each for each in inner if each not in waiting]
        file = getattr(sys.modules.get(cls.__module__), "__file__", None)
        found = None if file is None else Path(file).absolute()
        if found is not None and found.parent == folder and stem in (found.stem, folder.name):
            yield cls


def _owner(name: str, stem: str, cls: type) -> tuple[type, str] | None:
    """Return *cls* and the test of it that a snapshot called *name* may be of."""
    import re

    from .snapshot_files import safe

    prefix = f"{stem}.{safe(cls.__qualname__)}."
    if not name.startswith(prefix):
        return None
    test = name.removeprefix(prefix)
    # With the number of a second one, or the subtest, or both.
    names: list[str] = [test, re.sub(r"-\d+$", "", test), re.sub(r"\[.*\](-\d+)?$", "", test)]
    for each in names:
        if callable(getattr(cls, each, None)):
            return cls, each
    return None
