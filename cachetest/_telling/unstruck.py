"""What is said of faults that have struck nothing: which calls there were, and why they were let go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..faults import ANY
from .formatting import short_repr
from .shortening import one_text, unwritten

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._behaving.injection import Injection

__all__ = ["called", "never_struck"]


def called(injection: Injection) -> str:
    """Return *injection* as a program writes it."""
    matching = injection.matching
    given: list[str] = [repr(fault) for fault in injection.faults]
    if matching.on is not None:
        given.append(f"on={matching.on!r}")
    if matching.key is not ANY:
        given.append(f"key={short_repr(matching.key)}")
    if matching.keys is not None:
        name = getattr(matching.keys, "__name__", None)
        given.append(f"keys={name or short_repr(matching.keys)}")
    if matching.nth is not None:
        nth = matching.nth
        given.append(f"nth={set(nth) if isinstance(nth, frozenset) and len(nth) > 1 else _one(nth)}")
    if matching.times is not None:
        given.append(f"times={matching.times}")
    return f"inject({', '.join(given)})"


def _one(nth: Any) -> object:
    return next(iter(nth)) if isinstance(nth, frozenset) else nth


def never_struck(injection: Injection, names: Iterable[str]) -> str:
    """Return the failure of faults that were in force, and have struck no call."""
    with one_text():
        where = f"the cache {injection.cache!r}" if injection.cache is not None else "any cache"
        lines = [f"{called(injection)} never struck {where}, so that nothing was tested"]
        passed = list(injection.passed)
        if passed:
            lines.append("the latest calls while it was in force, oldest first, none of which it is about:")
            for call in passed:
                keys = ", ".join(short_repr(key) for key in list(call.keys)[:3])
                more = ", ..." if len(call.keys) > 3 else ""
                kind = "" if call.kind in (call.asked, None) else f", a {call.kind}"
                kind = ", neither a get, a put nor a delete" if call.kind is None else kind
                lines.append(f"  {call.asked} {keys}{more} on {call.cache!r}{kind}")
        else:
            lines.append("there was no call while it was in force")
        lines += [f"it can't strike {name!r}: {why}" for name, why in injection.left_out.items()]
        return "\n".join(lines + unwritten())
