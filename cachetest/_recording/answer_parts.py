"""What an answer of a program is made of, as far as two of them are compared part by part."""

from __future__ import annotations

import enum
from collections import ChainMap, OrderedDict, UserDict, UserList, deque
from dataclasses import fields, is_dataclass
from decimal import Decimal
from itertools import zip_longest
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["ABSENT", "PLAIN", "Pair", "Step", "held_by", "is_array", "is_by_identity", "pairs_of"]

PLAIN = frozenset({str, int, float, bool, bytes, complex, type(None)})
"""What has no parts, and is compared by ``==`` alone."""


class _Absent(enum.Enum):
    ABSENT = "nothing"

    def __repr__(self) -> str:
        return self.value


ABSENT = _Absent.ABSENT
"""Stands for the part that one of two answers has not got."""


class Step(NamedTuple):
    """One step on the way to a part: the one *before* it, and the *name* of a field, or a key."""

    before: Step | None
    name: object
    is_key: bool = False


Pair = tuple["Step | None", Any, Any]

_SEQUENCES = (list, tuple, deque, UserList)
_SETS = (set, frozenset)
_MAPPINGS = (UserDict, MappingProxyType, ChainMap)
_NUMBERS = (float, complex, Decimal)
_EMPTY: dict[Any, Any] = {}
_KEYS, _VALUES, _ITEMS = type(_EMPTY.keys()), type(_EMPTY.values()), type(_EMPTY.items())


class _Fields(dict[str, Any]):
    """The fields of an object, by their names."""


def is_array(value: object) -> bool:
    """Return whether *value* is an array, a tensor or a number of such a library."""
    # Asked of the class: a mock has any attribute.
    return hasattr(type(value), "shape") and hasattr(type(value), "dtype")


def is_by_identity(value: object) -> bool:
    """Return whether Python compares *value* by identity alone, so that two are never the same."""
    return not isinstance(value, (type, enum.Enum)) and type(value).__eq__ is object.__eq__


def pairs_of(at: Step | None, one: Any, other: Any) -> Iterator[Pair] | None:
    """Return the parts of two objects of one type, in pairs; None for what has none."""
    mine, others = _taken_apart(one), _taken_apart(other)
    if mine is None or others is None:
        return None
    if isinstance(mine, _Fields):
        return _pairs_of_fields(at, mine, others, type(one))
    if isinstance(mine, dict):
        return _pairs_of_dicts(at, mine, others)
    if isinstance(mine, _SETS):
        return _pairs_of_sets(at, mine, others)
    return _pairs_of_sequences(at, mine, others)


def held_by(value: Any) -> list[Any] | None:
    """Return all that *value* holds, in its order; None for what has no parts."""
    parts = None if _is_lazy(value) else _taken_apart(value)
    if parts is None:
        return None
    return [*dict.keys(parts), *dict.values(parts)] if isinstance(parts, dict) else list(parts)


def _taken_apart(value: Any) -> Any:
    """Return the parts of *value* as a dict, a set or a sequence, or as its `_Fields`; None for no parts."""
    # What a proxy says of its class does not help to take it apart.
    kind = type(value)
    if issubclass(kind, (dict, *_SETS, *_SEQUENCES)):
        return value
    if issubclass(kind, (*_MAPPINGS, _ITEMS)):
        return dict(value)
    if issubclass(kind, _KEYS):
        return set(value)
    if issubclass(kind, _VALUES):
        return list(value)
    if issubclass(kind, BaseException):
        return _Fields(args=value.args)
    if issubclass(kind, SimpleNamespace):
        return _Fields(vars(value))
    if issubclass(kind, (type, enum.Enum)):
        return None
    if is_array(value):
        # What the objects in it are made of, == of arrays does not ask.
        return value.tolist() if str(value.dtype) == "object" and value.shape else None
    if _is_lazy(value):
        return [_loaded(value)]
    if _is_model(value):
        return _fields_of_model(value)
    return _fields_that_are_compared(value)


def _pairs_of_sequences(at: Step | None, one: Iterable[Any], other: Iterable[Any]) -> Iterator[Pair]:
    for number, (mine, others) in enumerate(zip_longest(one, other, fillvalue=ABSENT)):
        # Nearly all of a long answer: it is told in here, since a step and a pair take longer.
        if mine is others or (type(mine) in PLAIN and type(mine) is type(others) and mine == others):
            continue
        yield Step(at, number, True), mine, others


def _pairs_of_fields(at: Step | None, one: _Fields, other: _Fields, kind: type) -> Iterator[Pair]:
    for name in dict.fromkeys((*one, *other)):
        # What one of them alone has, and its class as well, is loaded or computed as soon as it is asked for.
        if (name in one and name in other) or not hasattr(kind, name):
            yield Step(at, f".{name}"), one.get(name, ABSENT), other.get(name, ABSENT)


def _pairs_of_dicts(at: Step | None, one: dict[Any, Any], other: dict[Any, Any]) -> Iterator[Pair]:
    if isinstance(one, OrderedDict):
        yield from _pairs_of_sequences(Step(at, ".keys()"), list(one), list(other))
    # That of dict itself: a dict of lists, as QueryDict is, gives by the others the last of each alone.
    get = dict.__getitem__
    for mine, others in _matched(list(dict.keys(one)), list(dict.keys(other))):
        if mine is ABSENT:
            yield Step(at, others, True), ABSENT, get(other, others)
        elif others is ABSENT:
            yield Step(at, mine, True), get(one, mine), ABSENT
        else:
            if mine is not others and not (type(mine) is str is type(others)):
                yield Step(at, ".keys()"), mine, others
            value, found = get(one, mine), get(other, others)
            if value is found or (type(value) in PLAIN and type(value) is type(found) and value == found):
                continue
            yield Step(at, mine, True), value, found


def _pairs_of_sets(at: Step | None, one: Iterable[Any], other: Iterable[Any]) -> Iterator[Pair]:
    for mine, others in _matched(list(one), list(other)):
        yield Step(at, ", one element"), mine, others


def _matched(one: list[Any], other: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield each of *one* with that of *other* which is equal to it, and `ABSENT` for none.

    Equal is not yet the same: 1 is True, and an object of a model is any other of its row.
    """
    theirs = {each: each for each in other}
    without = []
    for each in one:
        found = theirs.pop(each, ABSENT)
        if found is ABSENT:
            without.append(each)
        else:
            yield each, found
    for each in without:
        alike = next((key for key in theirs if type(key) is type(each)), ABSENT) if _is_odd(each) else ABSENT
        theirs.pop(alike, None)
        yield each, alike
    for each in theirs:
        yield ABSENT, each


def _is_odd(key: object) -> bool:
    """Return whether *key* is found by its identity alone: NaN, and what has no other equality."""
    return bool(key != key) if isinstance(key, _NUMBERS) else is_by_identity(key)


def _is_lazy(value: object) -> bool:
    """Return whether *value* is one of Django's that is loaded when used, such as the user of a request."""
    return hasattr(type(value), "_setup") and "_wrapped" in getattr(value, "__dict__", {})


def _loaded(lazy: Any) -> Any:
    # Asking for the class loads it.
    _ = lazy.__class__
    return vars(lazy)["_wrapped"]


def _is_model(value: object) -> bool:
    return hasattr(type(value), "_meta") and "_state" in getattr(value, "__dict__", {})


def _fields_of_model(model: Any) -> _Fields:
    """Return the fields of an object of a Django model, and of its relations those that it has loaded."""
    found = _Fields({name: value for name, value in vars(model).items() if not name.startswith("_")})
    loaded = dict(getattr(model._state, "fields_cache", {}))
    for name, related in vars(model).get("_prefetched_objects_cache", {}).items():
        rows = getattr(related, "_result_cache", related)
        if rows is not None:
            loaded[name] = rows
    # Where the other has not loaded them, they are loaded when asked for, as the descriptors of the class do.
    return _Fields({**{name: rows for name, rows in loaded.items() if hasattr(type(model), name)}, **found})


def _fields_that_are_compared(value: Any) -> _Fields | None:
    """Return the fields of an object that is compared by them, by an ``__eq__`` that was made for it."""
    code = getattr(type(value).__eq__, "__code__", None)
    # "<string>", or "<attrs generated eq shop.Price>": what a class says itself of its objects, holds.
    if code is None or not code.co_filename.startswith("<"):
        return None
    if is_dataclass(value):
        names = [each.name for each in fields(value) if each.compare]
    else:
        names = [each.name for each in getattr(value, "__attrs_attrs__", ()) if each.eq]
    return _Fields({name: getattr(value, name, ABSENT) for name in names}) if names else None
