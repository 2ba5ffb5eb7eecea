"""The class of a patched object, which finds out whose a call is, and hands it on to the face of a scope.

A face is an object like the patched one, with the attributes that a scope has in place of its own. What a
method of the library, or of a program's own subclass, does to it is part of that scope.
"""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING, Any

from .calls import in_call_of
from .class_swap import named_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from .class_swap import ClassSwap

__all__ = ["make_front"]

# What every object has, and what is not done to an object that is there.
_NOT_FORWARDED = {*vars(object), "__getattr__", "__del__", "__class_getitem__"} - {"__repr__", "__str__"}


def make_front(swap: ClassSwap, base: Any) -> Any:
    """Return the class that the object of *swap* has while it is patched, a subclass of *base*.

    *base* is the object's own class, or a subclass with methods that need not be handed on. What *swap* has
    in place of the object in a scope has its ``face``.
    """
    original = swap.original
    in_place_of = swap.in_place_of
    own = swap.own_call

    class Front(base):  # type: ignore[misc]
        def __getattribute__(self, name: str) -> Any:
            if name == "__class__":
                return original
            found = in_place_of(self)
            if found is None:
                return own(original.__getattribute__, self, name)
            attributes = object.__getattribute__(found.face, "__dict__")
            if name == "__dict__":
                return attributes
            if name in attributes:
                return attributes[name]
            if name in methods:
                # A method that is kept finds out anew, each time that it is called, whose the call is.
                return _method(type(self), name).__get__(self)
            return getattr(found.face, name)

        def __setattr__(self, name: str, value: object) -> None:
            found = in_place_of(self)
            if found is None:
                own(original.__setattr__, self, name, value)
            else:
                setattr(found.face, name, value)

        def __delattr__(self, name: str) -> None:
            found = in_place_of(self)
            if found is None:
                own(original.__delattr__, self, name)
            else:
                delattr(found.face, name)

    for name in _forwarded(swap, base):
        setattr(Front, name, _forwarding(swap, name))
    methods = {
        name
        for cls in Front.__mro__[: Front.__mro__.index(original)]
        for name, value in vars(cls).items()
        if isinstance(value, FunctionType)
    }
    return named_after(original, Front)


def _method(cls: type, name: str) -> Any:
    return next(vars(each)[name] for each in cls.__mro__ if name in vars(each))


def _forwarded(swap: ClassSwap, base: Any) -> set[str]:
    """Return the names of the methods of the object that *base* leaves to the face."""
    own = {*vars(base)} if base is not swap.original else set()
    return {
        name
        for cls in swap.original.__mro__[:-1]
        for name, value in vars(cls).items()
        if isinstance(value, FunctionType) and name not in own and name not in _NOT_FORWARDED
    }


def _forwarding(swap: ClassSwap, name: str) -> Callable[..., Any]:
    original = swap.original

    def forward(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        found = swap.in_place_of(self)
        if found is None:
            return swap.own_call(getattr(original, name), self, *args, **kwargs)
        face = found.face
        answer = in_call_of(face, getattr(face, name), *args, **kwargs)
        # A program compares what it gets with what it has.
        return self if answer is face else answer

    return forward
