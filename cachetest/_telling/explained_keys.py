"""The keys that functions of the program have made in a scope, and what these were called with."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from .._recording.sameness import identity
from .key_parts import is_text, parts_inside
from .shortening import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .key_parts import Part

    Bind = Callable[[tuple[Any, ...], dict[str, Any]], Mapping[str, Any]]

__all__ = ["EXPLAINED", "ExplainedKeys", "made_of"]

EXPLAINED = "explained keys"
"""What caches of one scope share these by."""

# So many keys are remembered, the newest ones, and of what made each so much.
_MOST_KEYS = 5_000
_MOST_ELEMENTS = 50
_LONGEST = 1_000
_DEPTH = 4
# A shorter text may be part of any key by chance.
_SHORTEST = 8
_PLAIN = (int, float, complex, type(None), Enum)


class _Call(NamedTuple):
    """A call that has made a *key*: of which function, and with what, of which *bind* knows the names."""

    key: object
    function: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    bind: Bind


class ExplainedKeys:
    """The keys that the functions *places* have made, each ``"module:name"``."""

    def __init__(self, places: Iterable[str]) -> None:
        self.places = tuple(places)
        self._called: set[str] = set()
        self._calls: dict[object, _Call] = {}

    def note(
        self, place: str, key: object, args: tuple[Any, ...], kwargs: dict[str, Any], bind: Bind
    ) -> None:
        """Remember that *key* was made by the function at *place*, called with these arguments."""
        self._called.add(place)
        at = identity(key)
        # The newest is the last. Other threads may do the same meanwhile.
        self._calls.pop(at, None)
        copies = {name: _copied(value) for name, value in kwargs.items()}
        name = place.rpartition(":")[2]
        self._calls[at] = _Call(key, name, tuple(_copied(value) for value in args), copies, bind)
        if len(self._calls) > _MOST_KEYS:
            with suppress(KeyError, RuntimeError, StopIteration):
                del self._calls[next(iter(self._calls))]

    def note_of_child(self, places: Iterable[str], key: object, made: Mapping[str, Any]) -> None:
        """Remember the same of a child process, in which the function at one of *places* was called.

        *made* is what `made_of` returned there.
        """
        place = next((each for each in self.places if each in places), None)
        if place is not None:
            self.note(place, key, (), dict(made), lambda _, kwargs: kwargs)

    def apart(self, otherwise: Callable[[object], list[Part]], key: object) -> list[Part]:
        """Return what *key* was made of; what *otherwise* says of it where that is not known."""
        call = self._calls.get(identity(key))
        if call is not None:
            return _parts(call)
        found = self._inside(key)
        return otherwise(key) if found is None else found

    def _inside(self, key: object) -> list[Part] | None:
        """Return the same of a key that has what was made in it: a prefix may have been put before that."""
        text = _as_text(key)
        if text is None:
            return None
        best: tuple[str, _Call] | None = None
        for call in list(self._calls.values()):
            made = _as_text(call.key)
            if made is None or len(made) < _SHORTEST or made not in text:
                continue
            # The newest of the longest ones.
            if best is None or len(made) >= len(best[0]):
                best = made, call
        if best is None:
            return None
        made, call = best
        before, _, after = text.partition(made)
        around = [(f"before {call.function}()", before), (f"after {call.function}()", after)]
        return [*_parts(call), *((name, value) for name, value in around if value)]

    def why_opaque(self) -> str:
        """Return which of the functions were not called."""
        never = [each for each in self.places if each not in self._called]
        if not never:
            return ""
        were = "was" if len(never) == 1 else "were"
        return f"of explain_keys, {', '.join(never)} {were} not called in this scope"


def _as_text(key: object) -> str | None:
    if isinstance(key, bytes):
        return key.decode("utf-8", "replace")
    return key if is_text(key) else None


def made_of(args: tuple[Any, ...], kwargs: dict[str, Any], bind: Bind) -> dict[str, Any]:
    """Return by name as much of these arguments as is told, for another process."""
    found = {name: _copied(value) for name, value in _by_name(args, kwargs, bind).items()}
    return {name: value if _can_be_sent(value) else Shown(repr(value)) for name, value in found.items()}


def _can_be_sent(value: object) -> bool:
    import pickle

    try:
        pickle.dumps(value)
    except Exception:
        return False
    return True


def _by_name(args: tuple[Any, ...], kwargs: dict[str, Any], bind: Bind) -> Mapping[str, Any]:
    try:
        return bind(args, kwargs)
    except TypeError:
        return {f"argument {n}": value for n, value in enumerate(args, 1)} | kwargs


def _parts(call: _Call) -> list[Part]:
    found: list[Part] = []
    for name, value in _by_name(call.args, call.kwargs, call.bind).items():
        found += parts_inside(name, value) or [(name, value)]
    return found or [("arguments", "none")]


def _copied(value: Any, depth: int = 0) -> Any:
    """Return *value* as it is now, as much of it as is told; of an object of the program its class and id.

    It is not kept itself, since that would keep it alive, and its ``repr`` is not asked for: that of a query
    would be a query.
    """
    kind = type(value)
    if kind is Shown:
        # What a child has copied.
        return value
    if isinstance(value, (str, bytes)):
        return _text(value)
    if isinstance(value, _PLAIN):
        return value
    if depth < _DEPTH:
        if kind in (list, tuple):
            return kind(_elements(value, depth))
        if kind in (set, frozenset):
            # As it is written, for its order may be in the key; two that are equal are no news.
            texts = [repr(each) for each in _elements(value, depth)]
            return Shown(f"{{{', '.join(texts)}}}", f"{{{', '.join(sorted(texts))}}}")
        if kind is dict:
            pairs = list(value.items())[:_MOST_ELEMENTS]
            return {_copied(key, _DEPTH): _copied(each, depth + 1) for key, each in pairs}
        if is_dataclass(value):
            return {each.name: _copied(getattr(value, each.name, None), depth + 1) for each in fields(value)}
    if kind.__module__ in ("datetime", "decimal", "uuid", "fractions", "pathlib", "zoneinfo"):
        return Shown(repr(value))
    own = getattr(value, "__dict__", None) or {}
    row = own.get("pk", own.get("id"))
    return Shown(f"<{kind.__qualname__}>" if row is None else f"<{kind.__qualname__} {row!r:.100}>")


def _text(value: str | bytes) -> object:
    if len(value) <= _LONGEST:
        return value
    whole = value.encode(errors="backslashreplace") if isinstance(value, str) else value
    return Shown(f"{value[:_LONGEST]!r}...", hashlib.sha256(whole).hexdigest())


def _elements(value: Sequence[Any] | set[Any] | frozenset[Any], depth: int) -> list[Any]:
    found = [_copied(each, depth + 1) for each in list(value)[:_MOST_ELEMENTS]]
    more = len(value) - _MOST_ELEMENTS
    return [*found, Shown(f"{more:,} more")] if more > 0 else found
