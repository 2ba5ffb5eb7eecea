"""In the parent: the other ends of the connections that clients have in child processes.

What is done here is done as the child (`_sharing.as_child`): in its scope, with its thread and line.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, Any

from .._caches.scope import marked
from .._recording.call_sites import this_thread
from .outer_call import OuterCall, call_around, outer_call
from .relay import STRUCK
from .tries import RETRIES, Tried, tries_of_caller

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["do_for_child"]

_numbers = count(1)
# So many calls of children are remembered, which may be tried once more.
_REMEMBERED = 1_000


class _Known:
    """What is known of the children of one scope, and goes with it: a child may be killed.

    ``ends`` has the other ends of their connections, by number, and ``tried`` what their clients try, by
    process and token.
    """

    def __init__(self) -> None:
        self.ends: dict[int, Any] = {}
        self.tried: OrderedDict[tuple[int, int], Tried] = OrderedDict()


_without_scope = _Known()


def do_for_child(
    number: int, what: str, args: Sequence[Any], token: int | None, is_around: bool
) -> tuple[Any, tuple[list[Any], bool, dict[object, object]] | None, bool]:
    """Return what the other end of this *number* comes to as it does *what*, what that is told as, and more.

    The second is None unless the child *is_around* it with the call of a framework's cache. *token* is of the
    call of a client that may be tried again, and the third whether that is struck.
    """
    around, outer = call_around(), OuterCall() if is_around else None
    outer_call.set(outer)
    do = partial(_do, number, what, args)
    try:
        result, is_struck = (do(), False) if token is None else _try(_tried_as(token), do)
    finally:
        outer_call.set(around)
    return result, None if outer is None else (outer.effects, outer.reached, outer.places), is_struck


def _do(number: int, what: str, args: Sequence[Any]) -> Any:
    if what == "wait":
        tries = tries_of_caller()
        return None if tries is None else tries.pass_on(*args)
    ends = _known().ends
    if what == "open":
        number = next(_numbers)
        ends[number] = import_module(f"{__package__}.{args[0]}.relayed").open_end(*args[1:])
        return number
    end = ends.get(number)
    if end is None:
        raise ConnectionResetError("the test that this connection was opened in has ended")
    if what == "close":
        ends.pop(number, None)
    return getattr(end, what)(*args)


def _known() -> _Known:
    scope = marked()
    if scope is None:
        return _without_scope
    # Not by the scope in a table: what is kept refers to it, and would keep it.
    own = vars(scope)
    found: _Known = own.get("_relayed") or own.setdefault("_relayed", _Known())
    return found


def _tried_as(token: int) -> Tried:
    tried, at = _known().tried, (getattr(this_thread.name, "process", 0), token)
    found = tried.setdefault(at, Tried())
    tried.move_to_end(at)
    while len(tried) > _REMEMBERED:
        tried.popitem(last=False)
    return found


def _try(tried: Tried, do: Callable[[], Any]) -> tuple[Any, bool]:
    """Do what a child tries: all of its tries are one call, as they are of a client in this process.

    Return what it comes to, and whether the call is struck.
    """
    try:
        return do(), tries_of_caller() is not None
    except Exception as error:
        if tries_of_caller() is not None:
            setattr(error, STRUCK, True)
        raise


RETRIES[_try.__code__] = "tried"
