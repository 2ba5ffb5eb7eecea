"""The assertion that the operations of a test are those of its snapshot."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from . import unused_snapshots
from .base import AssertionBase

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .._telling.history import History
    from .snapshot_files import SnapshotFile

    Patterns = Sequence[str | re.Pattern[str]]

__all__ = ["SnapshotAssertions"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

_NO_MESSAGE: Any = object()
_UPDATE = "where that is meant, run it with CACHETEST_SNAPSHOTS=update, and commit the file"


class SnapshotAssertions(AssertionBase):
    """The assertion on all that a test does with its caches."""

    # The subtests that it is in.
    _subtests: tuple[tuple[object, dict[str, object]], ...] = ()

    @contextmanager
    def subTest(self, msg: Any = _NO_MESSAGE, **params: Any) -> Iterator[None]:
        """Do as unittest does, and know the subtest: a runner may know nothing of them."""
        before = self._subtests
        self._subtests = (*before, (None if msg is _NO_MESSAGE else msg, params))
        try:
            with super().subTest(**params) if msg is _NO_MESSAGE else super().subTest(msg, **params):
                yield
        finally:
            self._subtests = before

    def doCleanups(self) -> Any:
        done = super().doCleanups()
        outcome = getattr(self, "_outcome", None)
        if outcome is not None and outcome.success:
            unused_snapshots.passed.setdefault(type(self), set()).add(self._testMethodName)
        return done

    def assertCacheSnapshot(self, *names: str, volatile: Patterns = (), msg: object = None) -> None:
        r"""Fail unless the operations of the test so far are those of its snapshot.

        That is a file, ``snapshots/<module>.<class>.<test>.txt`` beside the module of the test, with a line
        for each operation: its kind, its key, and the function that it came from. *names* are the caches that
        are compared, all that were used unless given. Addresses and uuids are numbered in the order that they
        are seen in, and so are the matches of *volatile*, regular expressions, or their groups, if they have
        any: ``volatile=(r"user:(\d+)",)``.

        The variable ``CACHETEST_SNAPSHOTS`` says what is done: ``once``, the default, writes a snapshot that
        is not there, and fails; ``none``, the default where ``CI`` is set, writes none; ``update`` writes
        what there is now.
        Raises ``TypeError`` or ``ValueError`` for what is no pattern, where the operations of a cache that is
        named can't be known, and for another value of the variable; `UnknownCacheError` for a name that is
        none; `CacheTestError` where there is no place for a snapshot.
        """
        # Loaded here: most tests have none.
        from .._telling import snapshots
        from . import snapshot_files

        patterns = _patterns(volatile)
        mode = snapshot_files.mode()
        histories, unknown = self._used(names)
        if self._passes_over():
            return
        if not any(len(history.operations) for history in histories):
            raise self._fail_with(msg, snapshots.without_operations(names or unknown, histories))
        file = self._snapshot_file()
        unused_snapshots.note(file, self)
        lines = snapshots.snapshot_lines(histories, patterns)
        texts = [line.text for line in lines]
        found = snapshot_files.read(file)
        if mode == "update":
            if found != texts:
                snapshot_files.write(file, texts)
            return
        if found is not None:
            differ = snapshots.snapshot_differs(str(file), found, lines, unknown, _UPDATE)
        elif mode == "once":
            snapshot_files.write(file, texts)
            differ = snapshots.was_written(str(file), lines, unknown)
        else:
            differ = (
                f"{file} is not there, and none is written where CI is set, or CACHETEST_SNAPSHOTS=none: run "
                "the test elsewhere, and commit the file"
            )
        if differ is not None:
            raise self._fail_with(msg, differ)

    def _used(self, names: Sequence[str]) -> tuple[list[History], list[str]]:
        """Return what was done to the caches, and which were used that nothing more is known of."""
        if names:
            chosen = [self._cache(name) for name in dict.fromkeys(names)]
            return [self._known_operations(cache) for cache in chosen], []
        every = self._every_cache()
        unknown = [each.name for each in every if "operations" in each.unavailable and any(each.counts())]
        known = [each for each in every if "operations" not in each.unavailable and each.operations.total]
        return [self._known_operations(cache) for cache in known], unknown

    def _snapshot_file(self) -> SnapshotFile:
        """Return the file of the next snapshot."""
        from .snapshot_files import file_of, name_of_subtest

        subtests = [name_of_subtest(*each) for each in self._subtests]
        # With the session, since a case may be run again, and pickled.
        counts: dict[str, int] = vars(self._session or self).setdefault("snapshots", {})
        at = "".join(subtests)
        counts[at] = counts.get(at, 0) + 1
        return file_of(type(self), self._testMethodName, subtests, counts[at])


def _patterns(volatile: Any) -> list[re.Pattern[str]]:
    if isinstance(volatile, (str, bytes, re.Pattern)) or not hasattr(volatile, "__iter__"):
        raise TypeError(rf"volatile must be regular expressions, such as (r'user:(\d+)',), not {volatile!r}")
    found = []
    for each in volatile:
        pattern = getattr(each, "pattern", each)
        if not isinstance(pattern, str):
            raise TypeError(f"volatile must be regular expressions, and {each!r} is none")
        try:
            compiled = re.compile(each)
        except re.error as error:
            raise ValueError(f"volatile must be regular expressions, and {each!r} is none: {error}") from None
        if compiled.match(""):
            raise ValueError(
                f"the pattern {each!r} of volatile matches where there is nothing: say what it is"
            )
        found.append(compiled)
    return found
