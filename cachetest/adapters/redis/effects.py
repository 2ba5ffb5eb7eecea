"""What a command did to its keys, told from its reply.

Each function takes the keys that `keys` told, the arguments, and a reply that is no error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..._behaving.gate import Effect
from .keys import destination, options, text_of

__all__ = [
    "Effects",
    "copy",
    "delete",
    "get_and_delete_each",
    "move",
    "nothing",
    "pop",
    "pop_from",
    "put",
    "put_if_done",
    "read",
    "read_and_delete",
    "read_and_put",
    "read_each",
    "read_part",
    "rename",
    "set_",
    "store_result",
]

Effects = Callable[[Sequence[object], Sequence[bytes], Any], Sequence[Effect]]


def _look(key: object, found: object) -> Effect:
    # Redis has no empty hash, list, set or stream: what comes back empty is not there. An empty string is.
    return "hit" if found or isinstance(found, bytes) else "miss", key


def nothing(keys: Sequence[object], arguments: Sequence[bytes], reply: object) -> Sequence[Effect]:
    return ()


def read(keys: Sequence[object], arguments: Sequence[bytes], reply: object) -> Sequence[Effect]:
    return (_look(keys[0], reply),)


def read_part(keys: Sequence[object], arguments: Sequence[bytes], reply: object) -> Sequence[Effect]:
    # Of what is not there it is an empty string.
    return (_look(keys[0], reply or None),)


def read_each(keys: Sequence[object], arguments: Sequence[bytes], reply: Any) -> Sequence[Effect]:
    return list(map(_look, keys, reply))


def get_and_delete_each(
    keys: Sequence[object], arguments: Sequence[bytes], reply: list[object]
) -> Sequence[Effect]:
    done: list[Effect] = []
    for effect in map(_look, keys, reply):
        done.append(effect)
        if effect[0] == "hit":
            done.append(("delete", effect[1]))
    return done


def put(keys: Sequence[object], arguments: Sequence[bytes], reply: object) -> Sequence[Effect]:
    return [("put", key) for key in keys]


def put_if_done(keys: Sequence[object], arguments: Sequence[bytes], reply: object) -> Sequence[Effect]:
    return [("put", key) for key in keys] if reply else ()


def store_result(keys: Sequence[object], arguments: Sequence[bytes], reply: object) -> Sequence[Effect]:
    return () if destination(arguments) is None else (("put", keys[0]),)


def set_(keys: Sequence[object], arguments: Sequence[bytes], reply: object) -> Sequence[Effect]:
    words = options(arguments) if len(arguments) > 2 else ()
    key = keys[0]
    if b"GET" not in words:
        return () if reply is None else (("put", key),)
    # The reply is what was there before.
    stopped = (b"NX" if reply is not None else b"XX") in words
    return (_look(key, reply),) if stopped else (_look(key, reply), ("put", key))


def read_and_put(keys: Sequence[object], arguments: Sequence[bytes], reply: object) -> Sequence[Effect]:
    return _look(keys[0], reply), ("put", keys[0])


def read_and_delete(keys: Sequence[object], arguments: Sequence[bytes], reply: object) -> Sequence[Effect]:
    return (_look(keys[0], reply),) if reply is None else (_look(keys[0], reply), ("delete", keys[0]))


def pop(keys: Sequence[object], arguments: Sequence[bytes], reply: object) -> Sequence[Effect]:
    found = _look(keys[0], reply)
    return (found, ("put", keys[0])) if found[0] == "hit" else (found,)


def pop_from(keys: Sequence[object], arguments: Sequence[bytes], reply: object) -> Sequence[Effect]:
    # The reply begins with the first of the keys that had anything.
    if isinstance(reply, list) and reply:
        key = text_of(reply[0])
        return ("hit", key), ("put", key)
    return [("miss", key) for key in keys]


def move(keys: Sequence[object], arguments: Sequence[bytes], reply: object) -> Sequence[Effect]:
    done = pop(keys, arguments, reply)
    return done if reply is None else (*done, ("put", keys[1]))


def copy(keys: Sequence[object], arguments: Sequence[bytes], reply: object) -> Sequence[Effect]:
    found = _look(keys[0], reply)
    return (found, ("put", keys[1])) if reply else (found,)


def rename(keys: Sequence[object], arguments: Sequence[bytes], reply: object) -> Sequence[Effect]:
    return (("delete", keys[0]), ("put", keys[1])) if reply else ()


def delete(keys: Sequence[object], arguments: Sequence[bytes], reply: object) -> Sequence[Effect]:
    return [("delete", key) for key in keys]
