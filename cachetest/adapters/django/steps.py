"""The calls of Django's cache interface, one by one: what each does to a store, and what it counts as.

A call and its asynchronous form are the same step, so that they can't come to differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..._behaving.gate import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ..._behaving.gate import Effect
    from .store import Store

    Do = Callable[..., Any]
    Effects = Callable[[Sequence[Any], Any], Iterable[Effect]]

__all__ = [
    "ADD",
    "ADECR",
    "AINCR",
    "CLEAR",
    "DECR",
    "DELETE",
    "DELETE_MANY",
    "GET",
    "GET_MANY",
    "GET_OR_SET_ADD",
    "GET_OR_SET_AGAIN",
    "GET_OR_SET_GET",
    "HAS_KEY",
    "INCR",
    "SET",
    "SET_MANY",
    "TOUCH",
    "Step",
]


class Step(NamedTuple):
    """One call: its ``kind``, what it does with a store and made keys, and what that comes to.

    ``known`` says by which name the program calls it, ``known_async`` by which it awaits it.
    """

    kind: str | None
    do: Do
    effects: Effects
    known: Mapping[str, object]
    known_async: Mapping[str, object]


def _step(kind: str | None, asked: str, do: Do, effects: Effects) -> Step:
    return Step(kind, do, effects, {"asked": asked}, {"asked": f"a{asked}"})


def _get(store: Store, keys: Sequence[Any]) -> Any:
    return store.get(keys[0], MISSING)


def _looked_up(keys: Sequence[Any], value: object) -> Iterable[Effect]:
    return (("miss" if value is MISSING else "hit", keys[0]),)


def _get_many(store: Store, keys: Sequence[Any]) -> list[Any]:
    return [store.get(key, MISSING) for key in keys]


def _looked_up_many(keys: Sequence[Any], values: Sequence[Any]) -> Iterable[Effect]:
    found = zip(keys, values, strict=True)
    return [("miss" if value is MISSING else "hit", key) for key, value in found]


def _set(store: Store, keys: Sequence[Any], value: Any, timeout: Any) -> None:
    store.set(keys[0], value, timeout)


def _put(keys: Sequence[Any], _: object) -> Iterable[Effect]:
    return (("put", keys[0]),)


def _add(store: Store, keys: Sequence[Any], value: Any, timeout: Any) -> bool:
    return bool(store.add(keys[0], value, timeout))


def _put_if_added(keys: Sequence[Any], added: bool) -> Iterable[Effect]:
    return (("put", keys[0]),) if added else ()


def _set_many(store: Store, keys: Sequence[Any], values: Sequence[Any], timeout: Any) -> list[Effect]:
    return store.set_all(keys, values, timeout)


def _as_done(_: Sequence[Any], done: list[Effect]) -> Iterable[Effect]:
    return done


def _incr(store: Store, keys: Sequence[Any], delta: Any) -> Any:
    return store.incr(keys[0], delta)


def _incr_anew(store: Store, keys: Sequence[Any], delta: Any, asked: Any) -> Any:
    return store.incr_anew(keys[0], delta, asked)


def _counted(keys: Sequence[Any], _: object) -> Iterable[Effect]:
    return ("hit", keys[0]), ("put", keys[0])


def _touch(store: Store, keys: Sequence[Any], timeout: Any) -> bool:
    return bool(store.touch(keys[0], timeout))


def _has_key(store: Store, keys: Sequence[Any]) -> bool:
    return bool(store.has_key(keys[0]))


def _uncounted(_: Sequence[Any], __: object) -> Iterable[Effect]:
    return ()


def _delete(store: Store, keys: Sequence[Any]) -> bool:
    return bool(store.delete(keys[0]))


def _deleted(keys: Sequence[Any], _: object) -> Iterable[Effect]:
    return [("delete", key) for key in keys]


def _delete_many(store: Store, keys: Sequence[Any]) -> None:
    for key in keys:
        store.delete(key)


def _clear(store: Store, _: Sequence[Any]) -> list[Any]:
    return store.remove_all()


def _cleared(_: Sequence[Any], deleted: Sequence[Any]) -> Iterable[Effect]:
    return [("delete", key) for key in deleted]


GET = _step("get", "get", _get, _looked_up)
GET_MANY = _step("get", "get_many", _get_many, _looked_up_many)
SET = _step("put", "set", _set, _put)
SET_MANY = _step("put", "set_many", _set_many, _as_done)
ADD = _step("put", "add", _add, _put_if_added)
INCR = _step(None, "incr", _incr, _counted)
DECR = _step(None, "decr", _incr, _counted)
# Django's asynchronous forms read the value and put it anew, and so does this.
AINCR = _step(None, "incr", _incr_anew, _counted)
ADECR = _step(None, "decr", _incr_anew, _counted)
TOUCH = _step(None, "touch", _touch, _uncounted)
HAS_KEY = _step(None, "has_key", _has_key, _uncounted)
DELETE = _step("delete", "delete", _delete, _deleted)
DELETE_MANY = _step("delete", "delete_many", _delete_many, _deleted)
CLEAR = _step("delete", "clear", _clear, _cleared)

# It looks up, adds, and reads once more what another caller may have added before. To the program this is
# still its one lookup.
GET_OR_SET_GET = _step("get", "get_or_set", _get, _looked_up)
GET_OR_SET_ADD = _step("put", "get_or_set", _add, _put_if_added)
GET_OR_SET_AGAIN = _step("get", "get_or_set", _get, _uncounted)
