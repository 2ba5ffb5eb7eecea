"""Joining: a process that starts anew becomes a child of the test that has started it."""

from __future__ import annotations

import os

from .joined import JOIN, Parent, current_parent, enter, report
from .libraries import begin_to_ask, refuse_outside_scopes
from .process_hooks import hook_for_good

__all__ = ["join", "join_as"]


def join() -> None:
    """Have this process known as a child of the test that started it; do nothing if no test did.

    It is called by itself in a Python where cachetest is installed. Elsewhere (an interpreter with ``-S``, or
    one that embeds Python) call it before the first use of a cache: from then on what this process does is
    done, and counted, in the caches of that test. What can't be asked for there is a `ChildOperationError`.
    """
    text = os.environ.get(JOIN)
    if text is not None and current_parent() is None:
        join_as(text)


def join_as(text: str) -> None:
    """Join the test that *text* tells of: a fork server may have joined the one that it was started in."""
    try:
        parent = Parent.from_text(text)
    except ValueError:
        raise ValueError(f"the environment variable {JOIN} was not set by cachetest: {text!r}") from None
    enter(parent)
    refuse_outside_scopes(parent, [])
    begin_to_ask(parent)
    # Its own children are of the test as well.
    hook_for_good()
    report(parent, "joined", "")
