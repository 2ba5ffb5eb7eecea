"""A forked child: it has a copy of its parent's caches, which ask, and may have scopes of its own."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any

from .._caches import scope as scopes
from .._recording.uncounted import forget_uncounted
from . import children, joined

if TYPE_CHECKING:
    from .._caches.scope import Scope

__all__ = ["of_parent"]

of_parent: set[Scope | None] = set()
"""The scopes of the processes that this one was forked from."""
# What each thread that is about to fork has made of the child.
_forking: dict[int, children.Child | None] = {}
_pausing: set[int] = set()


def _before() -> None:
    if scopes.open_scopes():
        # Loaded here: few tests have a child, and it is not for the child to load.
        from . import remote, server, telling_children  # noqa: F401

        _forking[threading.get_ident()] = children.new_child("forked")
    server = _server()
    if server is not None and threading.get_ident() not in server.forking:
        # By a name for `os.fork` that was had before it was wrapped.
        server.pause()
        _pausing.add(threading.get_ident())


def _after_in_parent() -> None:
    here = threading.get_ident()
    child = _forking.pop(here, None)
    server = _server()
    if server is not None and here in server.forking:
        # For it to say which process the child is.
        server.forking[here] = child
    if server is not None and here in _pausing:
        _pausing.discard(here)
        server.resume()


def _server() -> Any:
    """Return the module of that name, where it was loaded: in a test that has children."""
    return sys.modules.get("cachetest._sharing.server")


def _after_in_child() -> None:
    child = _forking.pop(threading.get_ident(), None)
    _forking.clear()
    _pausing.clear()
    for name in ("server", "client"):
        module = sys.modules.get(f"cachetest._sharing.{name}")
        if module is not None:
            module.forget()
    ledger = children.ledger()
    found = scopes.open_scopes()
    children.forget_all()
    forget_uncounted()
    if not found:
        return
    from .remote import ask_outside, make_all_remote
    from .telling_children import add_token

    scopes._open = ()
    of_parent.update(found)
    # Where its scope has opened since, nobody has to be told of it, and it refuses all the same.
    test = " or ".join(str(each.label) for each in found)
    parent = joined.Parent(os.getppid(), test, "", 0, "forked") if child is None else child.parent
    joined.enter(parent)
    make_all_remote(found)
    joined.set_flag(None if ledger is None else ledger.flag)
    # For what it becomes by exec.
    add_token(os.environ, parent, None)
    ask_outside(parent.test)
    joined.report(parent, "forked", "")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
