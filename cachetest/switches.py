"""Give switches a value for a while, in layers that may be taken off in any order."""

from __future__ import annotations

import threading
from contextvars import ContextVar, Token
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from .errors import SwitchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .adapters.base import Switch
    from .undo import Undo

__all__ = ["turn"]


class _Turn:
    """Who has given some switches a value, and whether they are still to be turned back."""

    def __init__(self, switches: Sequence[Switch], value: bool, test: object, per_context: bool) -> None:
        self.switches = switches
        self.value = value
        self.test = test
        self.per_context = per_context
        self.thread = threading.get_ident()
        self.turned = False
        self.token: Token[_Layers] | None = None

    def is_of_another(self, test: object) -> bool:
        """Return whether neither the test nor the thread is that of this turn."""
        return (test is None or self.test is not test) and self.thread != threading.get_ident()


class _Layer(NamedTuple):
    """What each switch was when it was turned. It never changes: copied contexts share it."""

    turn: _Turn
    saved: Mapping[Switch, object]


_Layers = tuple[_Layer, ...]

# Each context has a value of its own of a switch that is per context, so it has its own layers too.
_here: ContextVar[_Layers] = ContextVar("cachetest.switch_layers", default=())
_everywhere: _Layers = ()
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
    kinds: dict[bool, list[Switch]] = {True: [], False: []}
    for switch in switches:
        kinds[switch.per_context].append(switch)
    for per_context, of_kind in kinds.items():
        if not of_kind:
            continue
        turned = _Turn(of_kind, value, test, per_context)
        undo.add(partial(_take_off, turned))
        _put_on(turned)
        if insist and (stays := next((each for each in of_kind if each.get() is not value), None)):
            raise SwitchError(
                f"the switch {stays.name!r} stays {stays.get()!r} when it is set to {value!r}: "
                "an environment variable of its library may force it"
            )


def _put_on(turned: _Turn) -> None:
    switches, value = turned.switches, turned.value
    with _lock:
        layers = _layers(turned.per_context)
        for other, saved in layers:
            if other.value is not value and other.is_of_another(turned.test):
                for switch in switches:
                    if switch in saved:
                        raise SwitchError(
                            f"the switch {switch.name!r} can't be {value!r}: its library has one value of "
                            "it for the whole process, and a test on another thread needs it to be "
                            f"{not value!r}"
                        )
        layer = _Layer(turned, _saved(switches))
        turned.token = _store((*layers, layer), turned.per_context)
        turned.turned = True
        for switch in switches:
            switch.set(value)


def _saved(switches: Iterable[Switch]) -> dict[Switch, object]:
    return {switch: switch.save() for switch in switches}


def _take_off(turned: _Turn) -> None:
    with _lock:
        layers = list(_layers(turned.per_context))
        index = len(layers) - 1
        while index >= 0 and layers[index].turn is not turned:
            index -= 1
        if index < 0:
            if turned.turned and turned.per_context:
                _complain(turned)
            return
        left, error = _put_back(layers, index)
        layers[index : index + 1] = [_Layer(turned, left)] if left else []
        # Before it is gone: what looks for it in vain then has nothing to complain of.
        turned.turned = False
        _store(tuple(layers), turned.per_context)
        if error is not None:
            raise error
        if _set_elsewhere(turned.token):
            _complain(turned)


def _put_back(layers: list[_Layer], index: int) -> tuple[dict[Switch, object], BaseException | None]:
    """Undo the layer at *index* of *layers*; return what is left to be put back, and why."""
    left: dict[Switch, object] = {}
    error = None
    above = range(index + 1, len(layers))
    for switch, saved in layers[index].saved.items():
        over = next((n for n in above if switch in layers[n].saved), None) if above else None
        if over is not None:
            turned, kept = layers[over]
            layers[over] = _Layer(turned, {**kept, switch: saved})
            continue
        try:
            switch.restore(saved)
        except BaseException as problem:
            left[switch] = saved
            error = error or problem
    return left, error


def _complain(turned: _Turn) -> None:
    # Once: a second try would find them no better off.
    turned.turned = False
    names = ", ".join(repr(switch.name) for switch in turned.switches)
    one = len(turned.switches) == 1
    raise SwitchError(
        f"the {'switch' if one else 'switches'} {names}, kept per context by the library, "
        f"{'was' if one else 'were'} turned in another context than this one, and "
        f"{'stays' if one else 'stay'} turned there. Enter and leave in the same context"
    )


def _set_elsewhere(token: Token[_Layers] | None) -> bool:
    # Only a token knows its context. It can be used but once, and what it sets is put right again.
    kept = _here.get()
    try:
        if token is not None:
            _here.reset(token)
    except ValueError:
        return True
    except RuntimeError:
        return False
    _here.set(kept)
    return False


def _layers(per_context: bool) -> _Layers:
    return _here.get() if per_context else _everywhere


def _store(layers: _Layers, per_context: bool) -> Token[_Layers] | None:
    global _everywhere
    if per_context:
        return _here.set(layers)
    _everywhere = layers
    return None
