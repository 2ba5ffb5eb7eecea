"""Adapters that are added to a session which is open already."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .._caches.scope import mark, spawned_by
from ..adapters.base import Adapter
from ..adapters.registry import resolve_adapters, validate_adapters
from ..errors import NotPatchedError, SwitchError
from .adapters_by_cache import names_of_caches
from .shared_installs import acquire, release
from .switches import find_switches, override, switches_of
from .undo import Undo
from .validation import validate_names

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .._caches.scope import Scope
    from ..adapters.base import Switch
    from .session import Session

__all__ = ["Additions", "add_adapters"]


class Additions:
    """The part of a test case by which a running test adds adapters."""

    _session: Session | None

    def patchCaches(self, *adapters: str | Adapter, enable: Collection[str] = ()) -> None:
        """Add *adapters* to the scope of the running test, until its end, with the switches *enable* on.

        For caches that are there only when the test runs: ``self.patchCaches(Cachetools(carts=shop.carts))``,
        in ``setUp`` or in the test. One that is patched already stays as it is. When it fails, nothing of it
        stays patched. Raises `NotPatchedError` outside a test, and what ``patch_caches`` is an error for.
        """
        session = getattr(self, "_session", None)
        if session is None:
            raise NotPatchedError(
                "patchCaches adds to the scope of a running test: call it in the test or in setUp, on the "
                "test case; for all tests of a class there is patch_caches"
            )
        if not adapters:
            raise TypeError("patchCaches has to be told what to patch: adapters, or names of adapters")
        add_adapters(session, adapters, validate_names(enable, "enable"))


def add_adapters(session: Session, given: Sequence[str | Adapter], enable: Collection[str] = ()) -> None:
    """Add the adapters *given* to the scope of *session* until it closes; what it has stays as it is.

    Their switches are turned off where the session turns switches off, but for those that *enable* names.
    When that fails, all that was added is undone. Raises `NotPatchedError` if the session is not open, and
    what opening it with these adapters would raise.
    """
    validate_adapters(given)
    scope = session.scope
    if scope is None or scope.closed:
        raise NotPatchedError("the scope that adapters were to be added to has ended")
    before = session.adapters
    # One that is there comes first, so it is the new one of two equal ones that is left out.
    adapters = resolve_adapters([*before, *given])
    names_of_caches(adapters)
    on = find_switches(enable, adapters) if enable else []
    _check_context(scope, [*switches_of(adapters[len(before) :]), *on])
    made = set(scope.by_name)
    undo = Undo()
    # Its steps are then undone before those of what was patched first, in reverse.
    session._undo().add(undo.run)
    try:
        _add(session, scope, adapters[len(before) :], undo)
        if on:
            _override(session, scope, [each for each in on if each.exists()], True, undo)
        if session.scope is not scope or scope.closed:
            raise NotPatchedError("the test ended while adapters were added to its scope")
    except BaseException:
        undo.run()
        session.know(before)
        # What was used by then was used; what was not is no cache of the test.
        for name in {name for adapter in adapters for name in adapter.caches} - made:
            if name in scope.by_name and not scope.by_name[name].operations:
                del scope.by_name[name]
        raise


def _check_context(scope: Scope, switches: Sequence[Switch]) -> None:
    """Raise `SwitchError` where *switches* would be turned in another context than that of the test."""
    found = mark.get()
    if found is not None and scope in found.lineage() and spawned_by.get() is None:
        return
    names = [repr(each.name) for each in switches if each.per_context and each.exists()]
    if names:
        raise SwitchError(
            f"patchCaches: the library keeps the switches {', '.join(names)} per context, and this is not "
            "that of the test: call it on the test's own thread, in setUp or in the test"
        )


def _add(session: Session, scope: Scope, new: Sequence[Adapter], undo: Undo) -> None:
    for adapter in new:
        undo.add(partial(_release, session, adapter))
        acquire(adapter, session)
    session.know([*session.adapters, *new])
    if session._switches_off:
        _override(session, scope, [each for each in switches_of(new) if each.exists()], False, undo)
    for adapter in new:
        if type(adapter).scope_context is not Adapter.scope_context:
            _enter_context(adapter, scope, undo)


def _release(session: Session, adapter: Adapter) -> None:
    problems: list[str] = []
    session._cause = release(adapter, session, problems) or session._cause
    session._problems += tuple(problems)


def _override(session: Session, scope: Scope, switches: list[Switch], value: bool, undo: Undo) -> None:
    before = session._overridden

    def forget() -> None:
        session._overridden = before

    undo.add(forget)
    session._overridden = (*before, (switches, value))
    override(switches, value, undo, test=scope.test)


def _enter_context(adapter: Adapter, scope: Scope, undo: Undo) -> None:
    """Enter the context of *adapter* in *scope* itself: the caller may be in an inner block or thread."""
    before, spawned_before = mark.get(), spawned_by.get()
    mark.set(scope)
    spawned_by.set(None)
    try:
        context = adapter.scope_context(scope.caches)
        if context is not None:
            undo.add(partial(context.__exit__, None, None, None))
            context.__enter__()
    finally:
        spawned_by.set(spawned_before)
        mark.set(before)
