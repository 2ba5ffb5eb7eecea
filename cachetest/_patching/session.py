"""The session: one stay in a scope. It patches everything, opens the scope, and undoes it all at the end."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from .._caches import hook_loading
from .._caches.import_finders import finders
from .._caches.running import TASKS, is_running
from .._caches.scope import Scope, close_scope, marked, open_scope
from .._recording.log import LOG_LENGTH
from .._recording.packages import NO_LIBRARIES
from .._recording.uncounted import pending, take_uncounted
from .._sharing import children
from .._sharing.forks import of_parent
from .._sharing.process_hooks import put_process_hooks_in, take_all_hooks_out
from ..adapters.base import Adapter
from ..adapters.registry import adapter_for
from .adapters_by_cache import adapter_of, names_of_caches
from .imports import finder, follow, unfollow
from .late_patches import LatePatches, held
from .session_result import SessionResult
from .shared_installs import acquire, release
from .switches import find_switches, override, switches_of
from .undo import Undo

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from .._caches.blocks import Block
    from ..adapters.base import Switch

__all__ = ["PATIENCE", "Session", "SessionResult", "closing"]

finders.append(finder)

# Long enough for what is about to end, short enough for whoever waits for the process.
PATIENCE = 5.0
_HANDED_ON = ("explain_misses", "log_length", "patience", "log_outside")
closing: list[Callable[[Scope], None]] = []  # each is told of a scope before its patches go


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
    _turned: Undo | None = None
    _late: LatePatches | None = None
    _cause: Exception | None = None
    _block: Block | None = None
    _is_lasting = False

    def __init__(
        self,
        adapters: Sequence[Adapter],
        *,
        detects: bool = False,
        label: object,
        enable: Collection[str] = (),
        whole_test: bool = False,
        origin: Scope | None = None,
        switches_off: bool = False,
        explain_misses: bool = True,
        log_length: int = LOG_LENGTH,
        patience: float = PATIENCE,
        log_outside: frozenset[str] = NO_LIBRARIES,
    ) -> None:
        """Have *adapters* to install, and switches to turn: on if *enable* names them, else off if asked.

        With *detects* it gets the adapters of the libraries that become ready while it is open as well.
        *label* names the scope in messages; that of a *whole_test* is inside no other test's. *origin* is the
        scope whose entries it begins with. *patience* is for how many seconds its patches are held at most by
        what it has left running; *log_outside* are the packages that are not the caller.
        """
        self._detects = detects
        self.adapters: Sequence[Adapter] = adapters
        self.label = label
        self.enable = enable
        self._whole_test = whole_test
        self._origin = origin
        self._switches_off = switches_off
        self._explain_misses = explain_misses
        self._log_length = log_length
        self._patience = patience
        self._log_outside = log_outside

    def open(self) -> Scope:
        """Patch everything, open the scope and return it; when that fails, nothing stays patched."""
        # Before a lock is held that a fork waits for: what is loaded with it is called at forks.
        put_hooks_in = hook_loading.loaded or hook_loading.load()
        adapters = self.adapters
        try:
            on = find_switches(self.enable, adapters) if self.enable else []
            for adapter in adapters:
                acquire(adapter, self)
            scope = self.scope = Scope(
                self.label,
                names_of_caches(adapters) if len(adapters) > 1 else adapters[0].caches if adapters else (),
                adapter_for,
                whole_test=self._whole_test,
                is_lasting=self._is_lasting,
                origin=self._origin,
                log_length=self._log_length,
                log_outside=self._log_outside,
                explainer_of=partial(adapter_of, adapters) if adapters or self._detects else None,
            )
            scope.session = self
            if not self._explain_misses:
                scope.caches.explain_no_misses()
            if self._switches_off and adapters:
                self._override(scope, [each for each in switches_of(adapters) if each not in on], False)
            if on:
                self._override(scope, on, True)
            open_scope(scope, partial(put_hooks_in, put_process_hooks_in))
            if scope.parent is not None:
                self._block = scope.parent.caches.add_block(self.label, scope.caches)
            children.in_use[scope] = adapters
            if self._detects:
                follow(self)
            for adapter in adapters:
                # Most adapters have nothing to do for a scope.
                if type(adapter).scope_context is not Adapter.scope_context:
                    self._enter_context(adapter, scope)
            return scope
        except BaseException:
            self._undo_all()
            if self.scope is not None:
                children.in_use.pop(self.scope, None)
            self.scope = None
            raise

    def inside(self, label: object, origin: Scope | None = None) -> Session:
        """Return one with the same adapters and options, to be opened inside this one; see `origin`."""
        options: dict[str, Any] = {name: getattr(self, f"_{name}") for name in _HANDED_ON}
        return Session(list(self.adapters), label=label, origin=origin, **options)

    def know(self, adapters: Sequence[Adapter]) -> None:
        """Have *adapters*, which are installed, and no others give the caches of the scope their names."""
        if (scope := self.scope) is None:
            return
        self.adapters = adapters
        # What child processes are told, which these adapters make refuse.
        children.in_use[scope] = adapters
        scope.caches._know(names_of_caches(adapters), partial(adapter_of, adapters))

    def add(self, adapter: Adapter) -> None:
        """Patch for *adapter* as well, in the scope that is open, until that closes."""
        scope = self.scope
        if scope is None:
            return
        adapters = [*self.adapters, adapter]
        names_of_caches(adapters)
        acquire(adapter, self)
        self.know(adapters)
        if self._switches_off:
            # A switch that is per context belongs to the test's own, which an import elsewhere is not in.
            own = marked() is scope
            met = [each for each in switches_of([adapter]) if own or not each.per_context]
            self._override(scope, met, False)
        if type(adapter).scope_context is not Adapter.scope_context:
            self._enter_context(adapter, scope)

    def override_again(self) -> None:
        """Override the switches that somebody has turned back since, or that have come into being."""
        if self.scope is None:
            return
        # To ask each is far cheaper than to turn it, and nearly always nobody has.
        for switches, value in self._overridden:
            changed = [switch for switch in switches if switch.get() is not value and switch.exists()]
            if changed:
                override(changed, value, self._turn_undo(), test=self.scope.test)

    def close(self) -> SessionResult | None:
        """Undo everything, and return what was found; None if that is nothing, or nothing was open."""
        scope = self.scope
        if scope is None:
            self._undo_all()
            return None
        if scope in of_parent:  # in a forked child all stays patched: it refuses, and reaches no real store
            return None
        try:
            if children.state is not None:
                children.await_children(scope, self._patience)
            for tell in closing:
                tell(scope)
            self._undo_all()
        except Exception as error:
            self._cause = error
            self._problems += (f"undoing the patches raised {type(error).__name__}: {error}",)
            # Finish what was begun; that it fails again is no news.
            with suppress(Exception):
                self._undo_all()
        children.in_use.pop(scope, None)
        for cache in list(scope.by_name.values()) if scope.by_name else ():
            self._problems += cache.problems
        if scope._caches is not None and scope._caches.not_ended():
            self._problems += scope._caches.end_all()
        # Nearly always there is nothing.
        told, late = children.end(scope) if children.state is not None else ((), [])
        self._problems += told
        found, self.scope = take_uncounted(scope) if any(pending) else None, None
        scope.session = None
        if not self._problems and not found and not late:
            return None
        # Each once: what was interrupted is done again.
        problems = list(dict.fromkeys(self._problems))
        if found:
            from .._telling.uncounted_lines import describe_uncounted

            problems += describe_uncounted([*found.unattributed, *found.own_late])
            late += [*describe_uncounted(found.others_late, found.not_kept), *found.left_running]
        return SessionResult(problems, late, self._cause)

    def entry_key(self, cache: str, key: object) -> object:
        """Return the key that the adapter of *cache* keeps an entry under which a program calls *key*."""
        adapter = adapter_of(self.adapters, cache)
        return key if adapter is None else adapter.entry_key(cache, key)

    def _undo(self) -> Undo:
        self._changes = self._changes or Undo()
        return self._changes

    def _turn_undo(self) -> Undo:
        self._turned = self._turned or Undo()
        return self._turned

    def _override(self, scope: Scope, switches: list[Switch], value: bool) -> None:
        present = [switch for switch in switches if switch.exists()]
        scope.turned = self._overridden = (*self._overridden, (present, value))
        override(present, value, self._turn_undo(), test=scope.test)

    def _enter_context(self, adapter: Adapter, scope: Scope) -> None:
        context = adapter.scope_context(scope.caches)
        if context is not None:
            self._undo().add(partial(context.__exit__, None, None, None))
            context.__enter__()

    def _hold_late(self, scope: Scope) -> None:
        if self._late is None:
            acquire_late = partial(acquire, is_late=True)
            self._late = LatePatches(
                scope, self.adapters, self._patience, acquire_late, release, take_all_hooks_out
            )
        if is_running(scope):
            self._late.hold()
        else:
            self._late.let_hooks_go()

    def _undo_all(self) -> None:
        """Undo every step, those after one that fails too; raise the first exception at the end."""
        error: BaseException | None = None
        if self._detects:
            unfollow(self)
        if self.scope is not None:
            # Nearly always nothing runs any more, and then nothing is called.
            runs = bool(self.adapters) and _may_still_run(self.scope)
            close_scope(self.scope, (lambda: None) if runs or held else take_all_hooks_out)
            if runs or self._late is not None:
                self._hold_late(self.scope)
            if self._block is not None:
                self._block.close()
        for changes in (self._changes, self._turned):
            try:
                if changes is not None:
                    changes.run()
            except BaseException as problem:
                error = error or problem
        for adapter in self.adapters[::-1]:
            problems: list[str] = []
            try:
                self._cause = release(adapter, self, problems) or self._cause
            except BaseException as problem:
                error = error or problem
            self._problems += tuple(problems)
        if error is not None:
            raise error


def _may_still_run(scope: Scope) -> bool:
    """Return whether to look for what *scope* has left running."""
    asyncio = sys.modules.get("asyncio.tasks")
    may_be_of_c = asyncio is not None and sys.version_info >= (3, 14)
    return may_be_of_c or bool(scope.running) or any(getattr(asyncio, name, None) for name in TASKS)
