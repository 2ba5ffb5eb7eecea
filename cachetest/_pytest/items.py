"""What is known of an item, a test as pytest has it: its names, and the state of its caches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

__all__ = ["STATE", "names_of", "state_of"]

STATE = "cachetest_state"
"""The name of the parameter that says the state."""


def state_of(item: pytest.Item) -> str | None:
    """Return the state that the caches of *item* are to be in, where ``--cachetest-states`` asks for some."""
    callspec = getattr(item, "callspec", None)
    found: str | None = None if callspec is None else callspec.params.get(STATE)
    return found


def names_of(item: Any) -> tuple[str, ...]:
    """Return the names that lead to *item*: its class, if it has one, the function, the parameters."""
    cls = () if getattr(item, "cls", None) is None else (item.cls.__qualname__,)
    function = getattr(item, "originalname", None) or item.name
    callspec = getattr(item, "callspec", None)
    state = state_of(item)
    parameters = "" if callspec is None else callspec.id
    # The same in each state.
    if state is not None:
        parameters = parameters.removesuffix(state).removesuffix("-")
    return (*cls, function, *((f"[{parameters}]",) if parameters else ()))
