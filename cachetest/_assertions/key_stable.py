"""The assertion that a function looks up the same keys in any process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .base import AssertionBase

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .key_processes import Outcome, Processes, Setting
    from .key_texts import KeyText

__all__ = ["KeyStableAssertions"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

_MOST_RUNS = 20


class KeyStableAssertions(AssertionBase):
    """The assertion on keys in several processes."""

    def assertCacheKeyStable(
        self,
        name: str,
        function: Callable[[], object] | str,
        runs: int = 3,
        *,
        timeout: float = 120.0,
        msg: object = None,
    ) -> None:
        """Fail if *function* looks up other keys of the cache *name* in another process.

        *function*, which takes no arguments and may be a coroutine function, is called in so many fresh
        processes as *runs* says, each with another seed of hash(), working directory, time zone and locale.
        They import it: it is a function of a module, or a string ``"package.module:function"``. The caches of
        the test are patched in each of them, and empty. The failure names the part of the key that moves,
        what it looks like, and what it changes with. A key that has the folder of a module in it, as a path
        that is made from ``__file__`` has, fails as well: on another machine it is another.

        It fails as well if nothing is looked up, and if a process ends, or raises, before that, or is not
        done after *timeout* seconds. Raises ``TypeError`` for a function or a cache that can't be imported.
        """
        # Loaded here: few tests need it, and it takes a while.
        from .key_processes import Processes
        from .key_runs import validate_keys_known
        from .key_task import place_of_function, task_for

        if isinstance(runs, bool) or not isinstance(runs, int):
            raise TypeError(f"runs: expected a number of processes, not {runs!r}")
        if not 2 <= runs <= _MOST_RUNS:
            raise ValueError(f"runs: expected from 2 to {_MOST_RUNS}, not {runs}")
        if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
            raise TypeError(f"timeout: expected a number of seconds, not {timeout!r}")
        if not timeout > 0:
            raise ValueError(f"timeout: expected more than 0 seconds, not {timeout!r}")
        place = place_of_function(function)
        validate_keys_known(self._cache(name))
        task = task_for(self._session, name, place)
        with Processes(task, timeout).opened() as processes:
            text = _Check(name, str(place["place"]), processes).failure(runs)
        if text is not None:
            raise self._fail_with(msg, text)


class _Check:
    """One assertion: the processes of it, and what came of them."""

    def __init__(self, cache: str, place: str, processes: Processes) -> None:
        self._cache = cache
        self._call = f"{place.rpartition(':')[2]}()"
        self._processes = processes

    def failure(self, runs: int) -> str | None:
        """Return what is to be told; None if all keys are the same."""
        from .._telling.key_moves import nothing_in_any
        from .._telling.key_paths import of_this_machine
        from .key_processes import settings_of

        settings = settings_of(runs, self._processes.folder)
        found = self._processes.run(settings)
        for n, (each, setting) in enumerate(zip(found, settings, strict=True), 1):
            if each.failed:
                return self._not_told(n, each, setting)
        if not any(each.keys for each in found):
            return nothing_in_any(self._cache, self._call, found[0].used)
        most = max(len(each.keys) for each in found)
        for at in range(most):
            keys = [_key_at(each, at) for each in found]
            first = keys[0]
            if first is None or any(key is None or not first.is_same(key) for key in keys):
                return self._moved(found, keys, at, settings)
        return of_this_machine(self._cache, self._call, found[0].keys, found[0].facts["folders"])

    def _not_told(self, n: int, outcome: Outcome, setting: Setting) -> str:
        from .._telling.key_moves import not_told

        # The first has that of the test: there it can't be the reason.
        what = "" if n == 1 else f", in the working directory {os.path.basename(setting.folder)!r} of its own"
        return not_told(self._cache, self._call, n, outcome.failed, outcome.output, what)

    def _moved(
        self, found: Sequence[Outcome], keys: Sequence[KeyText | None], at: int, settings: Sequence[Setting]
    ) -> str:
        """Return the failure of the lookup *at*, after one more process for each possible cause."""
        from .._telling.key_moves import Moved, not_stable
        from .key_processes import FACTORS

        first, second = settings[:2]
        tried: list[Any] = [first._replace(**{each: getattr(second, each)}) for each in FACTORS]
        again, *alone = self._processes.run([first, *tried])
        by_name = {
            told: _key_at(each, at)
            for told, each in zip(FACTORS.values(), alone, strict=True)
            if not each.failed
        }
        moved = Moved(keys, [each.facts for each in found], by_name, _key_at(again, at))
        return not_stable(self._cache, self._call, moved)


def _key_at(outcome: Outcome, at: int) -> KeyText | None:
    return outcome.keys[at] if at < len(outcome.keys) else None
