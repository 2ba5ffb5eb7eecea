"""The session: one stay in a scope. It patches everything, opens the scope, and undoes it all at the end."""

from __future__ import annotations

import warnings
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from .._caches.scope import Scope, close_scope, open_scope
from .._caches.thread_hooks import put_hooks_in, take_hooks_out
from .._recording.log import LOG_LENGTH
from .._recording.uncounted import pending, take_uncounted
from ..adapters.base import Adapter
from ..adapters.registry import adapter_for
from ..errors import CacheTestWarning, LateOperationWarning
from .shared_installs import acquire, release
from .switches import find_switches, override, switches_of
from .undo import Undo

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .._recording.call_sites import Location
    from ..adapters.base import Switch

__all__ = ["Session", "SessionResult"]


class SessionResult(NamedTuple):
    """The findings at the end of a session.

    ``problems`` make it fail; ``warnings`` tell what other scopes have left behind; ``cause`` is the
    exception that kept a patch from being undone.
    """

    problems: list[str]
    warnings: list[str]
    cause: Exception | None

    def raise_or_warn(
        self, where: Location, failure: type[BaseException], in_flight: BaseException | None = None
    ) -> None:
        """Warn at the line *where* of what others left, then raise *failure* if there are problems.

        While an exception is *in_flight* the problems are a warning too and nothing is raised: the exception
        says what went wrong first.
        """
        # Loaded here: where all is well there is nothing to tell.
        from .._telling.failures import join_problems

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


class Session:
    """One stay in a scope, from `open` to `close`.

    Opening goes one way: the adapters are acquired, switches are overridden, the scope is opened, with the
    thread hooks in, and the adapters are told of it. Closing goes the same way: first the scope is closed, so
    that what another thread does from then on is late, then each step is undone, the last one first.
    """

    scope: Scope | None = None
    # What most sessions have none of is made when there is some: a test is opened in a few microseconds.
    _problems: tuple[str, ...] = ()
    _overridden: tuple[tuple[list[Switch], bool], ...] = ()
    _changes: Undo | None = None
    _cause: Exception | None = None

    def __init__(
        self,
        adapters: Sequence[Adapter],
        *,
        label: object,
        enable: Collection[str] = (),
        whole_test: bool = False,
        switches_off: bool = False,
        explain_misses: bool = True,
        log_length: int = LOG_LENGTH,
    ) -> None:
        """Have *adapters* to install, and switches to turn: on if *enable* names them, else off if asked.

        *label* names the scope in messages; that of a *whole_test* is inside no other test's.
        """
        self.adapters = adapters
        self._label = label
        self._enable = enable
        self._whole_test = whole_test
        self._switches_off = switches_off
        self._explain_misses = explain_misses
        self._log_length = log_length

    def open(self) -> Scope:
        """Patch everything, open the scope and return it; when that fails, nothing stays patched."""
        adapters = self.adapters
        try:
            on = find_switches(self._enable, adapters) if self._enable else []
            for adapter in adapters:
                acquire(adapter, self)
            scope = self.scope = Scope(
                self._label,
                _names_of_caches(adapters) if len(adapters) > 1 else adapters[0].caches if adapters else (),
                adapter_for,
                whole_test=self._whole_test,
                log_length=self._log_length,
                explainer_of=partial(_adapter_of, adapters) if adapters and self._explain_misses else None,
            )
            if self._switches_off and adapters:
                self._override(scope, [each for each in switches_of(adapters) if each not in on], False)
            if on:
                self._override(scope, on, True)
            open_scope(scope, put_hooks_in)
            for adapter in adapters:
                # Most adapters have nothing to do for a scope.
                if type(adapter).scope_context is not Adapter.scope_context:
                    self._enter_context(adapter, scope)
            return scope
        except BaseException:
            self._undo_all()
            self.scope = None
            raise

    def override_again(self) -> None:
        """Override the switches that somebody has turned back since, or that have come into being."""
        if self.scope is None:
            return
        # To ask each is far cheaper than to turn it, and nearly always nobody has.
        for switches, value in self._overridden:
            changed = [switch for switch in switches if switch.get() is not value and switch.exists()]
            if changed:
                override(changed, value, self._undo(), test=self.scope.test)

    def close(self) -> SessionResult | None:
        """Undo everything, and return what was found; None if that is nothing, or nothing was open."""
        scope = self.scope
        if scope is None:
            self._undo_all()
            return None
        try:
            self._undo_all()
        except Exception as error:
            self._cause = error
            self._problems += (f"undoing the patches raised {type(error).__name__}: {error}",)
            # Finish what was begun; that it fails again is no news.
            with suppress(Exception):
                self._undo_all()
        # Nearly always there is nothing, and then nothing is called.
        found = take_uncounted(scope) if any(pending) else None
        self.scope = None
        if not self._problems and not found:
            return None
        # Each once: what was interrupted is done again, and finds the same.
        problems = list(dict.fromkeys(self._problems))
        if not found:
            return SessionResult(problems, [], self._cause)
        from .._telling.uncounted_lines import describe_uncounted

        problems += describe_uncounted([*found.unattributed, *found.own_late])
        return SessionResult(problems, describe_uncounted(found.others_late, found.not_kept), self._cause)

    def entry_key(self, cache: str, key: object) -> object:
        """Return the key that the adapter of *cache* keeps an entry under which a program calls *key*."""
        adapter = _adapter_of(self.adapters, cache)
        return key if adapter is None else adapter.entry_key(cache, key)

    def _undo(self) -> Undo:
        if self._changes is None:
            self._changes = Undo()
        return self._changes

    def _override(self, scope: Scope, switches: list[Switch], value: bool) -> None:
        present = [switch for switch in switches if switch.exists()]
        self._overridden += ((present, value),)
        override(present, value, self._undo(), test=scope.test)

    def _enter_context(self, adapter: Adapter, scope: Scope) -> None:
        context = adapter.scope_context(scope.caches)
        if context is not None:
            self._undo().add(partial(context.__exit__, None, None, None))
            context.__enter__()

    def _undo_all(self) -> None:
        """Undo every step, those after one that fails too; raise the first exception at the end."""
        error: BaseException | None = None
        if self.scope is not None:
            close_scope(self.scope, take_hooks_out)
        try:
            if self._changes is not None:
                self._changes.run()
        except BaseException as problem:
            error = problem
        for adapter in self.adapters[::-1]:
            problems: list[str] = []
            try:
                self._cause = release(adapter, self, problems) or self._cause
            except BaseException as problem:
                error = error or problem
            self._problems += tuple(problems)
        if error is not None:
            raise error


def _adapter_of(adapters: Sequence[Adapter], cache: str) -> Adapter | None:
    return next((adapter for adapter in adapters if cache in adapter.caches), None)


def _names_of_caches(adapters: Sequence[Adapter]) -> Collection[str]:
    """Return the names of the caches of all *adapters*; two of one name are an error."""
    owners: dict[str, Adapter] = {}
    for adapter in adapters:
        for name in adapter.caches:
            if owners.setdefault(name, adapter) is not adapter:
                raise ValueError(
                    f"both {owners[name]!r} and {adapter!r} have a cache {name!r}: "
                    "give one of them another name"
                )
    return owners
