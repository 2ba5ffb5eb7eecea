"""One stay in a scope: what is patched for it, and what is found when it ends."""

from __future__ import annotations

import warnings
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from . import handoff  # noqa: F401 - by being loaded, it has every scope hand on its mark
from .adapters import owner_of
from .errors import CacheTestWarning, LateOperationWarning
from .operations import LOG_LENGTH
from .patches import Patches
from .scope import Scope, close_scope, open_scope
from .strays import NOTHING, describe_strays, find_strays

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .adapters.base import Adapter
    from .callers import Location

__all__ = ["Activation", "Verdict"]


class Verdict(NamedTuple):
    """What was found at the end of a scope.

    ``problems`` make it fail; ``warnings`` are what other scopes have left behind; ``cause`` is the
    exception that kept a patch from being undone.
    """

    problems: list[str]
    warnings: list[str]
    cause: Exception | None

    def tell(
        self, where: Location, failure: type[BaseException], in_flight: BaseException | None = None
    ) -> None:
        """Raise *failure* if there are problems, after warning, at the line *where*, of what others left.

        While an exception is *in_flight* the problems are a warning too, and nothing is raised: that says
        what went wrong first.
        """
        # Loaded here: where all is well there is nothing to tell.
        from .messages import join_problems

        late = [(text, LateOperationWarning) for text in self.warnings]
        own = (
            [(join_problems(self.problems), CacheTestWarning)]
            if self.problems and in_flight is not None
            else []
        )
        raised = None
        for text, category in [*late, *own]:
            # Each is told, also where warnings are errors.
            try:
                warnings.warn_explicit(text, category, where.filename, where.lineno)
            except CacheTestWarning as warning:
                raised = raised or warning
        if in_flight is not None:
            return
        if self.problems:
            raise failure(join_problems(self.problems)) from self.cause
        if raised is not None:
            raise raised


class Activation:
    """One stay in a scope, from `open` to `close`."""

    scope: Scope | None = None
    _patches: Patches | None = None

    def __init__(
        self,
        adapters: Sequence[Adapter],
        *,
        enable: Collection[str] = (),
        label: object,
        switches_off: bool = False,
        explain_misses: bool = True,
        log_length: int = LOG_LENGTH,
    ) -> None:
        self.adapters = adapters
        self._label = label
        self._whole_test = switches_off
        self._explain_misses = explain_misses
        self._log_length = log_length
        if adapters or enable:
            self._patches = Patches(adapters, enable, switches_off=switches_off)

    def open(self) -> Scope:
        """Patch everything, open the scope and return it; when that fails, nothing stays patched."""
        patches = self._patches
        names: Collection[str] = ()
        try:
            if patches is not None:
                names = patches.install()
            scope = Scope(
                self._label,
                names,
                owner_of,
                whole_test=self._whole_test,
                log_length=self._log_length,
                explainer_of=partial(_adapter_of, self.adapters) if self._explain_misses else None,
            )
            if patches is not None:
                patches.turn_switches(scope)
            self.scope = scope
            open_scope(scope)
            if patches is not None:
                patches.watch(scope.caches)
            return scope
        except BaseException:
            self._undo_all()
            raise

    def turn_switches_again(self) -> None:
        """Turn switches off and on again, over what somebody's setUp has done to them."""
        if self._patches is not None and self.scope is not None:
            self._patches.turn_switches_again(self.scope)

    def _undo_all(self) -> None:
        try:
            # First: what another thread does from here on is late.
            if self.scope is not None:
                close_scope(self.scope)
        finally:
            if self._patches is not None:
                self._patches.run()

    def close(self) -> Verdict | None:
        """Undo everything, and return what was found; None if that is nothing, or nothing was open."""
        scope = self.scope
        if scope is None:
            self._undo_all()
            return None
        problems: list[str] = []
        cause = None
        try:
            if self._patches is not None:
                problems += self._patches.displaced()
        except Exception as error:
            cause = error
            problems.append(f"looking at the patches raised {type(error).__name__}: {error}")
        finally:
            try:
                self._undo_all()
            except Exception as error:
                cause = error
                problems.append(f"undoing the patches raised {type(error).__name__}: {error}")
                # Finish what was interrupted; that it fails again is no news.
                with suppress(Exception):
                    self._undo_all()
        if self._patches is not None:
            problems += self._patches.problems
        findings = find_strays(scope)
        self.scope = None
        if findings is NOTHING:
            return Verdict(problems, [], cause) if problems else None
        problems += describe_strays([*findings.unattributed, *findings.own_late])
        return Verdict(problems, describe_strays(findings.others_late, findings.not_kept), cause)

    def entry_key(self, cache: str, key: object) -> object:
        """Return what the adapter of *cache* keeps under that a program calls *key*."""
        adapter = _adapter_of(self.adapters, cache)
        return key if adapter is None else adapter.entry_key(cache, key)


def _adapter_of(adapters: Sequence[Adapter], cache: str) -> Adapter | None:
    return next((adapter for adapter in adapters if cache in adapter.caches), None)
