"""Give switches a value for a while, in layers that may be taken off in any order."""

from __future__ import annotations

import threading
from contextvars import ContextVar, Token
from functools import partial
from typing import TYPE_CHECKING

from .errors import SwitchError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .adapters.base import Switch
    from .undo import Undo

__all__ = ["turn"]


_Layers = dict["Switch", "tuple[_Layer, ...]"]


class _Holder:
    """On whose behalf a switch was turned, and whether it is still to be turned back."""

    turned = False


class _Layer:
    """One value that a switch was given: on whose behalf, and what it replaced."""

    def __init__(self, holder: _Holder, saved: object, value: bool, test: object) -> None:
        self.holder = holder
        self.saved = saved
        self.value = value
        self.test = test
        self.thread = threading.get_ident()
        self.token: Token[_Layers] | None = None

    def is_of_another(self, test: object) -> bool:
        """Return whether neither the test nor the thread is that of this layer."""
        return (test is None or self.test is not test) and self.thread != threading.get_ident()


# Each context has a value of its own of a switch that is per context, so it has its own layers too.
_here: ContextVar[_Layers] = ContextVar("cachetest.switch_layers")
_everywhere: _Layers = {}
_lock = threading.RLock()


def turn(
    switches: Iterable[Switch],
    value: bool,
    undo: Undo,
    *,
    test: object = None,
    insist: bool = True,
) -> None:
    """Set each of *switches* to *value* until *undo* runs.

    What is put back is exactly what was found, or, where another layer was put on top in the meantime,
    that layer is left in force and will put it back. Raises `SwitchError` when a switch does not take the
    value, unless told not to *insist*; and when it is one for the whole process and another test than *test*,
    on another thread, needs the other value.
    """
    for switch in switches:
        holder = _Holder()
        undo.add(partial(_take_off, switch, holder))
        with _lock:
            per_context = switch.per_context
            layers = _layers(switch, per_context)
            if any(layer.value is not value and layer.is_of_another(test) for layer in layers):
                raise SwitchError(
                    f"the switch {switch.name!r} can't be {value!r}: its library has one value of it for the "
                    f"whole process, and a test on another thread needs it to be {not value!r}"
                )
            layer = _Layer(holder, switch.save(), value, test)
            layer.token = _store(switch, (*layers, layer), per_context)
            holder.turned = True
            switch.set(value)
        if insist and switch.get() is not value:
            raise SwitchError(
                f"the switch {switch.name!r} stays {switch.get()!r} when it is set to {value!r}: "
                "an environment variable of its library may force it"
            )


def _take_off(switch: Switch, holder: _Holder) -> None:
    with _lock:
        per_context = switch.per_context
        layers = _layers(switch, per_context)
        index = next((n for n, layer in enumerate(layers) if layer.holder is holder), None)
        if index is None:
            _complain_if(holder.turned and per_context, switch, holder)
            return
        if index + 1 < len(layers):
            layers[index + 1].saved = layers[index].saved
        else:
            switch.restore(layers[index].saved)
        holder.turned = False
        _store(switch, layers[:index] + layers[index + 1 :], per_context)
        _complain_if(_set_elsewhere(layers[index].token), switch, holder)


def _complain_if(elsewhere: bool, switch: Switch, holder: _Holder) -> None:
    if elsewhere:
        # Once: a second try would find it no better off.
        holder.turned = False
        raise SwitchError(
            f"the switch {switch.name!r}, which its library keeps per context, was turned in another context "
            "than this one: it stays turned there. Enter and leave in the same context"
        )


def _set_elsewhere(token: Token[_Layers] | None) -> bool:
    # Only a token knows its context. It can be used but once, and what it sets is put right again.
    kept = _here.get({})
    try:
        if token is not None:
            _here.reset(token)
    except ValueError:
        return True
    except RuntimeError:
        return False
    _here.set(kept)
    return False


def _layers(switch: Switch, per_context: bool) -> tuple[_Layer, ...]:
    return (_here.get({}) if per_context else _everywhere).get(switch, ())


def _store(switch: Switch, layers: tuple[_Layer, ...], per_context: bool) -> Token[_Layers] | None:
    if per_context:
        changed = {**_here.get({}), switch: layers}
        if not layers:
            del changed[switch]
        return _here.set(changed)
    if layers:
        _everywhere[switch] = layers
    else:
        _everywhere.pop(switch, None)
    return None
