"""The short way of the two calls that a program makes most, ``get`` and ``set``: the gate written out.

It is open for a context that is marked with the innermost scope of its test, where nothing is in force, and
outside any other call. `calling.call_sync` has all else; ``test/adapters/django/django_quick_checks.py``
holds the two to each other.
"""

from __future__ import annotations

from sys import _getframe
from typing import TYPE_CHECKING, Any

from django.core.cache.backends.base import InvalidCacheKey

from ..._behaving.gate import MISSING
from ..outer_call import outer_call
from .call import LIBRARIES, Call, known_of
from .rules import RULES, SIDE_EFFECTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._caches.cache import MockCache
    from .kinds import Kind

__all__ = ["QUICK", "LongWayError"]

_GET, _SET = RULES["get"], RULES["set"]


class LongWayError(Exception):
    """Raised, with nothing done, for a call that goes the long way."""


def _get(kind: Kind, mock: MockCache, held: Any, function: Any, args: Any, kwargs: Any) -> Any:
    given = len(args)
    if kwargs or not 0 < given < 4:
        raise LongWayError
    key = args[0]
    call = Call(kind, held, mock, "get")
    call.keys = (key,)
    call.version = version = args[2] if given > 2 else None
    call.make_beforehand()
    call.began = True
    outer_call.set(call)
    try:
        value = function(call.subject, key, MISSING, version)
    except Exception as error:
        outer_call.set(None)
        _fail(call, error, "get")
        raise
    except BaseException:
        outer_call.set(None)
        raise
    outer_call.set(None)
    log = mock.operations
    for effect in call.effects:
        if effect[0] in SIDE_EFFECTS:
            log.record(*effect, LIBRARIES, _getframe(1), call.known_of(effect[1]))
    made = call.made_key()
    if value is MISSING:
        if call.reached or not kind.is_server:
            log.record("miss", made, LIBRARIES, _getframe(1), call.known_of(made))
        return args[1] if given > 1 else None
    log.record("hit", made, LIBRARIES, _getframe(1), call.known_of(made))
    return value


def _set(kind: Kind, mock: MockCache, held: Any, function: Any, args: Any, kwargs: Any) -> Any:
    if not args:
        raise LongWayError
    call = Call(kind, held, mock, "set", _SET)
    call.keys = (args[0],)
    call.version = args[3] if len(args) > 3 else kwargs.get("version") if kwargs else None
    call.make_beforehand()
    call.began = True
    outer_call.set(call)
    try:
        result = function(call.subject, *args, **kwargs)
    except Exception as error:
        outer_call.set(None)
        _fail(call, error, "put")
        raise
    except BaseException:
        outer_call.set(None)
        raise
    outer_call.set(None)
    log = mock.operations
    for effect in call.effects:
        if effect[0] in SIDE_EFFECTS:
            log.record(*effect, LIBRARIES, _getframe(1), call.known_of(effect[1]))
    for effect in _SET.effects(call, result):
        log.record(*effect, LIBRARIES, _getframe(1), call.known_of(effect[1]))
    return result


def _fail(call: Call, error: Exception, kind: str) -> None:
    call.key_refused = isinstance(error, InvalidCacheKey)
    for effect in call.effects:
        if effect[0] in SIDE_EFFECTS:
            call.mock.operations.record(*effect, LIBRARIES, _getframe(2), call.known_of(effect[1]))
    call.mock.fail(call, error, LIBRARIES, _getframe(2), known_of(call.asked, call.kind.place), kind)


QUICK: dict[str, Callable[..., Any]] = {"get": _get, "set": _set}
"""What does a call by its name, of a back end that runs as it is; it raises `LongWayError` for some."""
