"""The calls of Django's cache interface, one by one: which keys each is about, and what it counts as.

A call and its asynchronous form are the same, so that they can't come to differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..._behaving.gate import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..._behaving.gate import Effect

    # A call, which is above this.
    Call = Any

__all__ = ["COMPOSED", "RULES", "SIDE_EFFECTS", "Rule", "rule_of"]

SIDE_EFFECTS = frozenset({"expiration", "eviction"})


class Rule(NamedTuple):
    """One call: its ``kind`` to the gate, and what a result of it counts as.

    ``keys`` is the name of its first parameter, empty where it has none, ``version_at`` the place of its
    version. ``many`` says that it is about several keys.
    """

    kind: str | None
    keys: str
    version_at: int
    many: bool
    effects: Callable[[Call, Any], Sequence[Effect]]


def _looked_up(call: Call, value: object) -> Sequence[Effect]:
    return (("miss" if value is MISSING else "hit", call.made_key()),)


def _looked_up_many(call: Call, found: Any) -> Sequence[Effect]:
    there: Mapping[Any, Any] = {} if found is MISSING or found is None else found
    return [("hit" if key in there else "miss", made) for key, made in zip(call.keys, call, strict=True)]


def _set(call: Call, result: object) -> Sequence[Effect]:
    kinds = {kind for kind, _ in call.effects}
    if call.kind.is_server and call.began and not kinds & {"put", "delete"}:
        # Nothing was written: with nx=True over an entry, for instance.
        return ()
    if call.kind.is_server and call.began and result is False and "put" not in kinds:
        return ()
    return (("put", call.made_key()),)


def _set_many(call: Call, failed: Any) -> Sequence[Effect]:
    if call.collects:
        return ()
    left_out = failed if isinstance(failed, (list, tuple, set)) else ()
    return [("put", made) for key, made in zip(call.keys, call, strict=True) if key not in left_out]


def _added(call: Call, added: object) -> Sequence[Effect]:
    return (("put", call.made_key()),) if added else ()


def _counted(call: Call, _: object) -> Sequence[Effect]:
    return ("hit", call.made_key()), ("put", call.made_key())


def _uncounted(call: Call, _: object) -> Sequence[Effect]:
    return ()


def _deleted(call: Call, _: object) -> Sequence[Effect]:
    return [("delete", made) for made in call]


def _cleared(call: Call, _: object) -> Sequence[Effect]:
    if call.kind.is_server:
        return [effect for effect in call.effects if effect[0] == "delete"]
    return [("delete", key) for key in call.there]


RULES: dict[str, Rule] = {
    "get": Rule("get", "key", 2, False, _looked_up),
    "get_many": Rule("get", "keys", 1, True, _looked_up_many),
    "set": Rule("put", "key", 3, False, _set),
    "set_many": Rule("put", "data", 2, True, _set_many),
    "add": Rule("put", "key", 3, False, _added),
    "incr": Rule(None, "key", 2, False, _counted),
    "decr": Rule(None, "key", 2, False, _counted),
    "touch": Rule(None, "key", 2, False, _uncounted),
    "has_key": Rule(None, "key", 1, False, _uncounted),
    "delete": Rule("delete", "key", 1, False, _deleted),
    "delete_many": Rule("delete", "keys", 1, True, _deleted),
    "clear": Rule("delete", "", 0, False, _cleared),
}

# They call others of the interface, each of which counts as it would by itself, and they run code of the
# program in between.
COMPOSED = frozenset({"get_or_set", "incr_version", "decr_version"})


def rule_of(name: str) -> tuple[str, Rule | None]:
    """Return the plain name of the call *name*, which may be the asynchronous one, and its rule."""
    plain = name
    if name not in RULES and name not in COMPOSED and name[:1] == "a":
        plain = name[1:]
    return plain, RULES.get(plain)
