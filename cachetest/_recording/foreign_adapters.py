"""The frames of an adapter that is not cachetest's own: it may stand in the very file of a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .packages import module_of, packages_without

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["past_adapter"]

_OURS = __name__.partition(".")[0]
_ADAPTER, _TEST = f"{_OURS}.adapters.base", "unittest.case"


def past_adapter(first: FrameType, libraries: frozenset[str]) -> FrameType:
    """Return the frame that called the adapter whose frame *first* is, *first* where nobody did.

    The adapter's are *first*, and those after it in its file that are of the same object or class, or of an
    `Adapter`. Where one of *libraries* has called it, it is all that lies between.
    """
    # Those of cachetest itself are passed over by their name.
    if module_of(first).partition(".")[0] == _OURS:
        return first
    filename = first.f_code.co_filename
    after: FrameType | None = first.f_back
    while after is not None and after.f_code.co_filename == filename and _is_of_the_same(after, first):
        after = after.f_back
    caller = after
    while caller is not None and caller.f_code.co_filename == filename:
        caller = caller.f_back
    if caller is not None and packages_without(libraries).has(module_of(caller)):
        after = caller
    return after or first


def _is_of_the_same(frame: FrameType, first: FrameType) -> bool:
    own = _self_of(first)
    if own is not None and own is _self_of(frame):
        return True
    owner = _owner_of(first)
    return owner is not None and owner == _owner_of(frame)


def _self_of(frame: FrameType) -> object:
    """Return the object whose method *frame* runs; None where it is no method, or one of a test."""
    code = frame.f_code
    own = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
    if own is None or _is_of(type(own), _TEST):
        return None
    methods = (vars(cls).get(code.co_name) for cls in type(own).__mro__)
    return own if any(getattr(each, "__code__", None) is code for each in methods) else None


def _owner_of(frame: FrameType) -> str | None:
    """Return the name of the class that the code of *frame* stands in; None where that is a test's."""
    # Python 3.10 has no such name, and then only methods are known.
    name: str = getattr(frame.f_code, "co_qualname", "")
    owner = name.rpartition(".")[0]
    outermost = frame.f_globals.get(name.partition(".")[0])
    if isinstance(outermost, type):
        if _is_of(outermost, _ADAPTER):
            return "an adapter"
        if owner == outermost.__name__ and _is_of(outermost, _TEST):
            return None
    return None if not owner or owner.endswith("<locals>") else owner


def _is_of(cls: type, module: str) -> bool:
    return any(base.__module__ == module for base in cls.__mro__)
