"""What a command is counted in whose faults were decided before: see `packets`."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from .._behaving.call import MISSING
from .._behaving.carrying import carry_out
from .._behaving.injection import Injection
from .struck_below import Below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .._behaving.call import Call
    from .._behaving.gate import Effect
    from .._behaving.injection import Strike

__all__ = ["PartOfCall", "Passing", "PlannedCall"]


class _Counts:
    """What a command is counted in, in place of a cache: *strikes* are about single keys of it."""

    def __init__(self, strikes: Sequence[Any], carrier: Any) -> None:
        self.strikes = strikes
        self._carrier = carrier

    def perform(
        self,
        kind: str | None,
        keys: Sequence[object],
        do: Callable[[], Any],
        effects: Callable[[Any], Iterable[Effect]],
        libraries: frozenset[str],
        known: Mapping[str, object] | None = None,
    ) -> Any:
        """Do what `Gate.perform` does."""
        raise NotImplementedError

    def lookup(
        self,
        key: object,
        find: Callable[[], Any],
        libraries: frozenset[str],
        frame: object = None,
        known: Mapping[str, object] | None = None,
    ) -> Any:
        """Do what `Gate.lookup` does."""

        def effects(found: object) -> Iterable[Effect]:
            return (("miss" if found is MISSING else "hit", key),)

        return self.perform("get", (key,), find, effects, libraries, known)

    def struck(self, kind: str | None, keys: Sequence[object], do: Callable[[], Any]) -> Callable[[], Any]:
        """Return *do*, of a command about *keys*, with what strikes single keys of it around that."""
        for each in reversed(self.strikes):
            strike = each.part(kind, keys) if isinstance(each, Below) else each
            if strike is not None:
                do = partial(self._carried, each, strike, do)
        return do

    def _carried(self, each: Any, strike: Strike, do: Callable[[], Any]) -> Any:
        try:
            return carry_out(self._carrier, strike, do)
        finally:
            if isinstance(each, Below):
                each.note(strike)


class Passing(_Counts):
    """A command that nothing in force is told of, and that counts as nothing."""

    def __init__(self) -> None:
        super().__init__((), None)

    def perform(
        self,
        kind: str | None,
        keys: Sequence[object],
        do: Callable[[], Any],
        effects: Callable[[Any], Iterable[Effect]],
        libraries: frozenset[str],
        known: Mapping[str, object] | None = None,
    ) -> Any:
        return do()

    def fail(self, *_: object) -> None:
        """Log nothing."""


class PartOfCall(_Counts):
    """A command that is done for the call of a framework's cache, which was struck."""

    def __init__(self, around: Any, strikes: Sequence[Any], carrier: Any) -> None:
        super().__init__(strikes, carrier)
        self._around = around

    def perform(
        self,
        kind: str | None,
        keys: Sequence[object],
        do: Callable[[], Any],
        effects: Callable[[Any], Iterable[Effect]],
        libraries: frozenset[str],
        known: Mapping[str, object] | None = None,
    ) -> Any:
        do = self.struck(kind, keys, do)
        return self._around.perform(kind, keys, do, effects, libraries, known)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._around, name)


class PlannedCall(_Counts):
    """A command whose faults are decided, in place of the cache that it is counted in.

    What else is in force acts now. ``counts`` is False where it was counted by an earlier try; ``met`` is
    what the program meets in the end, though the server has done it.
    """

    def __init__(self, call: Call, strikes: Sequence[Any], carrier: Any) -> None:
        super().__init__(strikes, carrier)
        self.call = call
        self.counts = True
        self.met: Exception | None = None

    @property
    def in_force(self) -> Sequence[Any]:
        """What is in force over the cache."""
        return self.call.gate.in_force  # type: ignore[no-any-return]

    def forget(self) -> None:
        """Have nothing strike it any more."""
        self.strikes, self.call.strikes, self.counts = (), (), True

    def perform(
        self,
        kind: str | None,
        keys: Sequence[object],
        do: Callable[[], Any],
        effects: Callable[[Any], Iterable[Effect]],
        libraries: frozenset[str],
        known: Mapping[str, object] | None = None,
    ) -> Any:
        call = self.call
        call.frame, call.known = sys._getframe(1), known
        do = self.struck(kind, keys, do)
        for behaviour in self.in_force:
            if not isinstance(behaviour, Injection):
                do = _bound(behaviour, call, do)
        try:
            result = do()
        except Exception as error:
            self.fail(keys, error, libraries, sys._getframe(1), known, kind)
            raise
        if self.met is not None:
            self.fail(keys, self.met, libraries, sys._getframe(1), known, kind)
            # What it came to is not what the program meets.
            self.counts, self.met = False, None
        elif self.counts:
            for done, key in effects(result):
                call.record_effect(done, key)
        return result

    def fail(
        self,
        keys: Sequence[object],
        error: Exception,
        libraries: frozenset[str],
        frame: Any,
        known: Mapping[str, object] | None = None,
        kind: str | None = None,
    ) -> None:
        """Log that it failed, as `Gate.fail` does."""
        if self.counts:
            self.call.frame = frame
            self.call.gate.fail_call(self.call, keys, error, libraries, frame, known, kind)

    def record(
        self,
        kind: Any,
        key: object,
        libraries: frozenset[str],
        known: Mapping[str, object] | None = None,
    ) -> None:
        """Log what it did, as `Gate.record` does."""
        if self.counts:
            self.call.frame, self.call.known = sys._getframe(1), known
            self.call.record_effect(kind, key)

    def record_all(
        self, effects: Iterable[Effect], libraries: frozenset[str], frame: Any, known: Mapping[str, object]
    ) -> None:
        """Log what it did, as `OperationLog.record_all` does."""
        for done, key in effects:
            self.record(done, key, libraries, known)

    def remark(self, *args: Any) -> None:
        """Tell the cache what `MockCache.remark` is told."""
        self.call.gate.remark(*args)


def _bound(behaviour: Any, call: Call, proceed: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: behaviour(call, proceed)
