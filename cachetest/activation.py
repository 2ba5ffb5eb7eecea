"""One stay in a scope: what is patched for it, and what is found when it ends."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Collection
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from . import adapters as adapter_table
from .adapters.base import Adapter, Switch
from .errors import CacheTestWarning, LateOperationWarning, SwitchError, UnknownSwitchError, closest_first
from .handoff import hold_hooks, let_go_of_hooks
from .installations import acquire, displaced, release
from .operations import LOG_LENGTH
from .scope import Scope, close_scope, open_scope
from .strays import NOTHING, describe_strays, find_strays
from .switches import turn
from .undo import Undo

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .callers import Location

__all__ = [
    "Activation",
    "Verdict",
    "check_adapters",
    "checked_length",
    "names_of",
    "resolve_adapters",
    "switches_of",
]


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
    """One stay in a scope: everything that is patched for it, from `open` to `close`."""

    def __init__(
        self,
        adapters: Sequence[Adapter],
        *,
        enable: Iterable[str] = (),
        label: object,
        switches_off: bool = False,
        explain_misses: bool = True,
        log_length: int = LOG_LENGTH,
    ) -> None:
        self.adapters = adapters
        self._enable = names_of(enable, "enable_caches") if enable != () else ()
        self._label = label
        self._switches_off = switches_off
        self._explain_misses = explain_misses
        self._log_length = checked_length(log_length)
        self._undo = Undo()
        self._problems: list[str] = []
        self._turned: tuple[tuple[list[Switch], bool], ...] = ()
        self.opener = threading.get_ident()
        self.scope: Scope | None = None

    def open(self) -> Scope:
        """Patch everything, open the scope and return it; when that fails, nothing stays patched."""
        try:
            on = _find_switches(self._enable, self.adapters)
            self._undo.add(partial(let_go_of_hooks, self))
            hold_hooks(self)
            for adapter in self.adapters:
                self._undo.add(partial(release, adapter, self, self._problems))
                acquire(adapter, self)
            names = _owners_of_caches(self.adapters)
            scope = Scope(
                self._label,
                names,
                adapter_table.owner_of,
                whole_test=self._switches_off,
                log_length=self._log_length,
            )
            if names and self._explain_misses:
                scope.caches.explain_by(names)
            if self.adapters:
                self._turn_switches(on, scope.test)
            self._undo.add(partial(close_scope, scope))
            self.scope = scope
            open_scope(scope)
            for adapter in self.adapters:
                self._watch(adapter, scope)
            return scope
        except BaseException:
            self._undo.run()
            raise

    def _watch(self, adapter: Adapter, scope: Scope) -> None:
        watch = adapter.watch(scope.caches)
        if watch is not None:
            self._undo.add(partial(watch.__exit__, None, None, None))
            watch.__enter__()

    def turn_switches_again(self) -> None:
        """Turn switches off and on again, over what somebody's setUp has done to them."""
        if not self._turned:
            return
        test = None if self.scope is None else self.scope.test
        # To ask each is far cheaper than to turn it, and nearly always nobody has.
        for switches, value in self._turned:
            changed = [switch for switch in switches if switch.get() is not value and switch.exists()]
            if changed:
                turn(changed, value, self._undo, test=test)

    def _turn_switches(self, on: list[Switch], test: Scope | None) -> None:
        off = []
        if self._switches_off:
            off = [switch for switch in switches_of(self.adapters) if switch not in on and switch.exists()]
        self._turned = ((off, False), (on, True))
        for switches, value in self._turned:
            if switches:
                turn(switches, value, self._undo, test=test)

    def close(self) -> Verdict | None:
        """Undo everything, and return what was found; None if that is nothing, or nothing was open."""
        scope = self.scope
        if scope is None:
            self._undo.run()
            return None
        problems: list[str] = []
        cause = None
        try:
            problems += self._displaced()
        except Exception as error:
            cause = error
            problems.append(f"looking at the patches raised {type(error).__name__}: {error}")
        finally:
            try:
                self._undo.run()
            except Exception as error:
                cause = error
                problems.append(f"undoing the patches raised {type(error).__name__}: {error}")
                # Finish what was interrupted; that it fails again is no news.
                with suppress(Exception):
                    self._undo.run()
        problems += self._problems
        findings = find_strays(scope)
        self.scope = None
        if findings is NOTHING:
            return Verdict(problems, [], cause) if problems else None
        problems += describe_strays([*findings.unattributed, *findings.own_late])
        return Verdict(problems, describe_strays(findings.others_late, findings.not_kept), cause)

    def _displaced(self) -> list[str]:
        return [line for adapter in self.adapters for line in displaced(adapter)]

    def entry_key(self, cache: str, key: object) -> object:
        """Return what the adapter of *cache* keeps under that a program calls *key*."""
        for adapter in self.adapters:
            if cache in adapter.caches:
                return adapter.entry_key(cache, key)
        return key


def _owners_of_caches(adapters: Sequence[Adapter]) -> Mapping[str, Adapter]:
    """Return the caches of all *adapters*, by name; two of one name are an error."""
    if not adapters:
        return {}
    if len(adapters) == 1:
        return dict.fromkeys(adapters[0].caches, adapters[0])
    owners: dict[str, Adapter] = {}
    for adapter in adapters:
        for name in adapter.caches:
            if owners.setdefault(name, adapter) is not adapter:
                raise ValueError(
                    f"both {owners[name]!r} and {adapter!r} have a cache {name!r}: "
                    "give one of them another name"
                )
    return owners


def resolve_adapters(given: Iterable[str | Adapter] | None) -> list[Adapter]:
    """Return the adapters that are meant; None stands for those that are ready to be used.

    Each is there once, in the order given.
    """
    if given is None:
        return adapter_table.ready_adapters()
    made = [
        adapter_table.load(each) if isinstance(each, str) else each
        for each in check_adapters(checked_sequence(given, "patch_caches"))
    ]
    if len(made) < 2:
        return made
    found: dict[Adapter, Adapter] = {}
    for adapter in made:
        other = found.setdefault(adapter, adapter)
        if other.caches != adapter.caches:
            raise ValueError(
                f"{other!r} and {adapter!r} can't be used together: give one of them all that is to be tested"
            )
    return list(found)


def checked_length(length: int) -> int:
    """Return *length*; raise an error where a log can't keep so many operations."""
    if type(length) is int and length >= 1:
        return length
    if isinstance(length, bool) or not isinstance(length, int):
        raise TypeError(f"log_length: expected a number of operations, not {length!r}")
    if length < 1:
        raise ValueError(f"log_length: expected 1 or more, not {length}")
    return length


T = TypeVar("T")


def check_adapters(given: Sequence[T]) -> Sequence[T]:
    """Return *given*; raise an error that names the first of it that is no adapter, nor the name of one."""
    for each in given:
        if isinstance(each, str):
            adapter_table.check_name(each)
        elif not isinstance(each, Adapter):
            raise TypeError(f"expected an adapter or the name of one, not {each!r}")
    return given


def checked_sequence(given: Iterable[T], what: str) -> tuple[T, ...]:
    """Return *given* as a tuple; raise ``TypeError`` for what can't be gone through again and again.

    *what* is the name of the argument or attribute that it was given as.
    """
    if type(given) is tuple:
        return given
    if isinstance(given, str):
        raise TypeError(f"{what}: expected a sequence of names, not the string {given!r}: ({given!r},)")
    if not isinstance(given, Collection):
        raise TypeError(f"{what}: expected a sequence, not {given!r}")
    return tuple(given)


def names_of(given: Iterable[str], what: str) -> tuple[str, ...]:
    """Return *given*, as `checked_sequence`, each of it a string."""
    names = checked_sequence(given, what)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"{what}: expected the names of switches, not {name!r}")
    return names


def switches_of(adapters: Iterable[Adapter]) -> list[Switch]:
    """Return the switches of all *adapters*."""
    return [switch for adapter in adapters for switch in adapter.switches]


def _find_switches(names: Collection[str], adapters: Iterable[Adapter]) -> list[Switch]:
    """Return the switches of *adapters* that *names* name, each an existing one."""
    if not names:
        return []
    known = {switch.name: switch for switch in switches_of(adapters)}
    for name in names:
        if name in known:
            if not known[name].exists():
                raise SwitchError(f"the installed release has no switch {name!r}")
            continue
        text = f"no switch {name!r} here"
        if known:
            text += f"; known, the closest first: {', '.join(closest_first(name, known))}"
        owner = adapter_table.owner_of(name)
        if owner is not None:
            text += (
                f". It is one of the adapter {owner!r}, which is used when its library was imported "
                f"before, or when it is named: patch_caches = ({owner!r},)"
            )
        raise UnknownSwitchError(text)
    return [known[name] for name in names]
