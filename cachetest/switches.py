"""Give switches a value for a while, in layers that may be taken off in any order."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING

from .errors import SwitchError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .adapters.base import Switch
    from .undo import Undo

__all__ = ["turn"]


class _Layer:
    """One value that a switch was given: on whose behalf, and what it replaced."""

    def __init__(self, holder: object, saved: object) -> None:
        self.holder = holder
        self.saved = saved


_Layers = dict["Switch", tuple[_Layer, ...]]

# Each context has a value of its own of a switch that is per context, so it has its own layers too.
_here: ContextVar[_Layers] = ContextVar("cachetest.switch_layers")
_everywhere: _Layers = {}
_lock = threading.RLock()


def turn(switches: Iterable[Switch], value: bool, undo: Undo, *, insist: bool = True) -> None:
    """Set each of *switches* to *value* until *undo* runs.

    What is put back is exactly what was found, or, where another layer was put on top in the meantime,
    that layer is left in force and will put it back. Raises `SwitchError` when a switch does not take the
    value, unless told not to *insist*.
    """
    for switch in switches:
        holder = object()
        undo.add(partial(_take_off, switch, holder))
        with _lock:
            saved = switch.save()
            _store(switch, (*_layers(switch), _Layer(holder, saved)))
            switch.set(value)
        if insist and switch.get() is not value:
            raise SwitchError(
                f"the switch {switch.name!r} stays {switch.get()!r} when it is set to {value!r}: "
                "an environment variable of its library may force it"
            )


def _take_off(switch: Switch, holder: object) -> None:
    with _lock:
        layers = _layers(switch)
        index = next((n for n, layer in enumerate(layers) if layer.holder is holder), None)
        if index is None:
            return
        if index + 1 < len(layers):
            layers[index + 1].saved = layers[index].saved
        else:
            switch.restore(layers[index].saved)
        _store(switch, layers[:index] + layers[index + 1 :])


def _all_layers(switch: Switch) -> _Layers:
    return _here.get({}) if switch.per_context else _everywhere


def _layers(switch: Switch) -> tuple[_Layer, ...]:
    return _all_layers(switch).get(switch, ())


def _store(switch: Switch, layers: tuple[_Layer, ...]) -> None:
    if switch.per_context:
        changed = {**_here.get({}), switch: layers}
        if not layers:
            del changed[switch]
        _here.set(changed)
    elif layers:
        _everywhere[switch] = layers
    else:
        _everywhere.pop(switch, None)
