"""Whether a connection may be made, where a test has its server be unreachable."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ...faults import Fails
from ..outer_call import call_around
from ..packets import planned, strikes_all
from ..struck_below import strikes_around
from ..tries import begin_tries, is_inside, tries_of_caller
from .refusals import refusal_of
from .serving import LIBRARIES

if TYPE_CHECKING:
    from ..._caches.cache import MockCache

__all__ = ["SENDING", "refuse_struck", "sending"]

# The functions of redis-py that send a command of the program's, once they have a connection.
SENDING = frozenset({"execute", "execute_command", "immediate_execute_command", "_execute_command"})
_SENDING_HERE = frozenset({"sending"})


def sending(do: Any, *args: Any) -> Any:
    """Return what *do* returns for *args*, while a client in a child process is about to send a command."""
    return do(*args)


def refuse_struck(connection: Any, cache: MockCache) -> None:
    """Raise what a system says of a server that is down, where *connection* can't reach its own.

    That is so in the rest of a call that was struck, and where all that would reach a server fails.
    """
    if not cache.in_force:
        return
    tries = tries_of_caller()
    if tries is None or not tries.is_down:
        strike = _below() if call_around() is not None else _of_all(connection, cache)
        if strike is None:
            return
        begin_tries(strike.clock).is_down = True
    raise refusal_of(connection)


def _below() -> Any:
    for each in strikes_around():
        fault = each.strike.fault
        if isinstance(fault, Fails) and fault.error is None:
            return each.strike
    return None


def _of_all(connection: Any, cache: MockCache) -> Any:
    """Return what strikes all that goes to the server of *cache*; None for nothing.

    Where a command is about to be sent, that one is struck, and is logged with its keys.
    """
    behaviours = [each for each in cache.in_force if strikes_all(each)]
    if not behaviours or is_inside(SENDING, "redis.") or is_inside(_SENDING_HERE, __name__):
        return None
    call: Any = cache.make_call(None, (), LIBRARIES, sys._getframe(), {"asked": "connect"})
    found = planned(call, behaviours)
    return next((each for each in found if isinstance(each.fault, Fails) and each.fault.error is None), None)
