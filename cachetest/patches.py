"""What is patched for one stay in a scope: adapters, switches and watches, put on and taken off together."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from . import adapters as adapter_table
from .errors import SwitchError, UnknownSwitchError, closest_first
from .installations import displaced, let_go, take
from .switches import turn
from .undo import Undo

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from .adapters.base import Adapter, Switch
    from .caches import MockCaches
    from .scope import Scope

__all__ = ["Patches", "switches_of"]


class Patches(Undo):
    """The patches of one stay in a scope, and what takes them off.

    ``problems`` are what adapters did not restore, a line for each place.
    """

    _turned: tuple[tuple[list[Switch], bool], ...] = ()

    def __init__(self, adapters: Sequence[Adapter], enable: Collection[str], *, switches_off: bool) -> None:
        """Have *adapters* to install, and switches to turn: off unless *enable* names them, and those on."""
        super().__init__()
        self.problems: list[str] = []
        self._adapters = adapters
        self._enable = enable
        self._switches_off = switches_off

    def install(self) -> Collection[str]:
        """Install the adapters that are not, and return the names of their caches."""
        on = _find_switches(self._enable, self._adapters) if self._enable else []
        for adapter in self._adapters:
            self.add(partial(let_go, adapter, self, self.problems))
            take(adapter, self)
        if self._switches_off:
            off = [switch for switch in switches_of(self._adapters) if switch not in on and switch.exists()]
            self._turned += ((off, False),)
        if on:
            self._turned += ((on, True),)
        return self._adapters[0].caches if len(self._adapters) == 1 else _names_of_caches(self._adapters)

    def turn_switches(self, scope: Scope) -> None:
        """Turn the switches, for the test of *scope*."""
        for switches, value in self._turned:
            turn(switches, value, self, test=scope.test)

    def turn_switches_again(self, scope: Scope) -> None:
        """Turn those that somebody has turned back, or that have come into being."""
        # To ask each is far cheaper than to turn it, and nearly always nobody has.
        for switches, value in self._turned:
            changed = [switch for switch in switches if switch.get() is not value and switch.exists()]
            if changed:
                turn(changed, value, self, test=scope.test)

    def watch(self, caches: MockCaches) -> None:
        """Have the adapters tell *caches* of what they only watch."""
        for adapter in self._adapters:
            watch = adapter.watch(caches)
            if watch is not None:
                self.add(partial(watch.__exit__, None, None, None))
                watch.__enter__()

    def displaced(self) -> list[str]:
        """Return a line for each place that no longer holds what was put there."""
        lines = []
        for adapter in self._adapters:
            lines += displaced(adapter)
        return lines


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


def switches_of(adapters: Iterable[Adapter]) -> list[Switch]:
    """Return the switches of all *adapters*."""
    return [switch for adapter in adapters for switch in adapter.switches]


def _find_switches(names: Collection[str], adapters: Iterable[Adapter]) -> list[Switch]:
    """Return the switches of *adapters* that *names* name, each an existing one."""
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
