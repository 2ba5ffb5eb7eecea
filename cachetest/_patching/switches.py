"""Give switches a value for a while, in layers that may be taken off in any order."""

from __future__ import annotations

import os
import threading
from contextvars import ContextVar, Token
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from .._recording.locks import make_lock
from ..adapters.registry import adapter_for
from ..errors import SwitchError, UnknownSwitchError, closest_first

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from ..adapters.base import Adapter, Switch
    from .undo import Undo

__all__ = ["find_switches", "override", "switches_of"]


class _Override:
    """One holder's value for some switches, and whether it is still to be put back."""

    def __init__(self, switches: Sequence[Switch], value: bool, test: object, per_context: bool) -> None:
        self.switches = switches
        self.value = value
        self.test = test
        self.per_context = per_context
        self.thread: int | None = threading.get_ident()
        self.is_applied = False
        self.token: Token[_Layers] | None = None

    def is_of_another(self, test: object) -> bool:
        """Return whether neither the test nor the thread is that of this override."""
        if self.thread is None:
            return False
        return (test is None or self.test is not test) and self.thread != threading.get_ident()


class _Layer(NamedTuple):
    """The values that the switches of an override had before. It never changes: contexts share it."""

    override: _Override
    saved: Mapping[Switch, object]


_Layers = tuple[_Layer, ...]

# Each context has a value of its own of a switch that is per context, so it has its own layers too.
_layers_here: ContextVar[_Layers] = ContextVar("cachetest.switch_layers", default=())
_layers_everywhere: _Layers = ()
_lock = make_lock(2)


def override(
    switches: Iterable[Switch],
    value: bool,
    undo: Undo,
    *,
    test: object = None,
    insist: bool = True,
) -> None:
    """Set each of *switches* to *value* until *undo* runs.

    What is put back is exactly what was found, or, where another layer was put on top in the meantime, that
    layer is left in force and will put it back. Raises `SwitchError` when a switch does not take the value,
    or has no effect once it is on, unless told not to *insist*; and when it is one for the whole process and
    another test than *test*, on another thread, needs the other value.
    """
    kinds: dict[bool, list[Switch]] = {True: [], False: []}
    for switch in switches:
        kinds[switch.per_context].append(switch)
    for per_context, of_kind in kinds.items():
        if not of_kind:
            continue
        made = _Override(of_kind, value, test, per_context)
        undo.add(partial(_revert, made))
        _apply(made)
        if insist and (stays := next((each for each in of_kind if each.get() is not value), None)):
            raise SwitchError(
                f"the switch {stays.name!r} stays {stays.get()!r} when it is set to {value!r}: "
                "an environment variable of its library may force it"
            )
        if insist and value:
            _check_effect(of_kind)


def _check_effect(switches: Iterable[Switch]) -> None:
    for switch in switches:
        why = switch.why_ineffective()
        if why:
            raise SwitchError(f"the switch {switch.name!r} is on and has no effect: {why}")


def _apply(made: _Override) -> None:
    switches, value = made.switches, made.value
    with _lock:
        layers = _layers(made.per_context)
        for other, saved in layers:
            if other.value is not value and other.is_of_another(made.test):
                for switch in switches:
                    if switch in saved:
                        raise SwitchError(
                            f"the switch {switch.name!r} can't be {value!r}: its library has one value of "
                            "it for the whole process, and a test on another thread needs it to be "
                            f"{not value!r}"
                        )
        layer = _Layer(made, _saved(switches))
        made.token = _store((*layers, layer), made.per_context)
        made.is_applied = True
        for switch in switches:
            switch.set(value)


def _saved(switches: Iterable[Switch]) -> dict[Switch, object]:
    return {switch: switch.save() for switch in switches}


def _revert(made: _Override) -> None:
    with _lock:
        layers = list(_layers(made.per_context))
        index = len(layers) - 1
        while index >= 0 and layers[index].override is not made:
            index -= 1
        if index < 0:
            if made.is_applied and made.per_context:
                _raise_left_over(made)
            return
        left, error = _put_back(layers, index)
        layers[index : index + 1] = [_Layer(made, left)] if left else []
        # Before it is gone: what looks for it in vain then has nothing to complain of.
        made.is_applied = False
        _store(tuple(layers), made.per_context)
        if error is not None:
            raise error
        if _set_elsewhere(made.token):
            _raise_left_over(made)


def _put_back(layers: list[_Layer], index: int) -> tuple[dict[Switch, object], BaseException | None]:
    """Undo the layer at *index* of *layers*; return what is left to be put back, and why."""
    left: dict[Switch, object] = {}
    error = None
    above = range(index + 1, len(layers))
    for switch, saved in layers[index].saved.items():
        over = next((n for n in above if switch in layers[n].saved), None) if above else None
        if over is not None:
            made, kept = layers[over]
            layers[over] = _Layer(made, {**kept, switch: saved})
            continue
        try:
            switch.restore(saved)
        except BaseException as problem:
            left[switch] = saved
            error = error or problem
    return left, error


def _raise_left_over(made: _Override) -> None:
    # Once: a second try would find them no better off.
    made.is_applied = False
    names = ", ".join(repr(switch.name) for switch in made.switches)
    one = len(made.switches) == 1
    raise SwitchError(
        f"the {'switch' if one else 'switches'} {names}, kept per context by the library, "
        f"{'was' if one else 'were'} turned in another context than this one, and "
        f"{'stays' if one else 'stay'} turned there. Enter and leave in the same context"
    )


def _set_elsewhere(token: Token[_Layers] | None) -> bool:
    # Only a token knows its context. It can be used but once, and what it sets is put right again.
    kept = _layers_here.get()
    try:
        if token is not None:
            _layers_here.reset(token)
    except ValueError:
        return True
    except RuntimeError:
        return False
    _layers_here.set(kept)
    return False


def _layers(per_context: bool) -> _Layers:
    return _layers_here.get() if per_context else _layers_everywhere


def _store(layers: _Layers, per_context: bool) -> Token[_Layers] | None:
    global _layers_everywhere
    if per_context:
        return _layers_here.set(layers)
    _layers_everywhere = layers
    return None


def switches_of(adapters: Iterable[Adapter]) -> list[Switch]:
    """Return the switches of all *adapters*."""
    return [switch for adapter in adapters for switch in adapter.switches]


def find_switches(names: Collection[str], adapters: Iterable[Adapter]) -> list[Switch]:
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
        adapter = adapter_for(name)
        if adapter is not None:
            text += (
                f". It is one of the adapter {adapter!r}, which is used when its library was imported "
                f"before, or when it is named: patch_caches = ({adapter!r},)"
            )
        raise UnknownSwitchError(text)
    return [known[name] for name in names]


def _after_fork_in_child() -> None:
    # The threads that have turned them are the parent's.
    for override, _ in _layers_everywhere:
        override.thread = None


# Windows has no fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
