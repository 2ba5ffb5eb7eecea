"""Patching an object by giving it another class, which reaches everybody who holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from .._patching.undo import Undo

    S = TypeVar("S", bound="ClassSwap")

__all__ = ["ClassSwap", "class_attribute", "hidden", "named_after", "patch_object", "swap_of"]

_MARK = "_cachetest_swap"


class ClassSwap:
    """One patched object, ``target``, with the name of its cache and its own class, ``original``."""

    front: Any
    """The class that the object has while it is patched; a subclass sets it."""

    def __init__(self, name: str, target: Any) -> None:
        self.name = name
        self.target = target
        self.original: Any = type(target)
        self._holders: set[object] = set()

    def hold(self, undo: Undo) -> None:
        """Patch it until *undo* runs, or until the last of several has run."""
        holder = object()

        def let_go() -> None:
            self._holders.discard(holder)
            if not self._holders and type(self.target) is self.front:
                self.put_back()

        undo.add(let_go)
        self._holders.add(holder)
        setattr(self.front, _MARK, self)
        self.put_in()

    def put_in(self) -> None:
        """Patch the object; harmless where it is patched already."""
        object.__setattr__(self.target, "__class__", self.front)

    def put_back(self) -> None:
        """Undo it, the class last: the object is found to be patched by that, if this is interrupted."""
        object.__setattr__(self.target, "__class__", self.original)


def swap_of(target: object) -> Any:
    """Return the `ClassSwap` that *target* is patched by, or None."""
    return vars(type(target)).get(_MARK)


def patch_object(undo: Undo, adapter: str, name: str, target: object, make: Callable[[str, Any], S]) -> S:
    """Patch *target* as the cache *name*; *make* makes its swap, unless it is patched already.

    Raises ``ValueError`` where it is patched under another name.
    """
    swap: S = swap_of(target) or make(name, target)
    if swap.name != name:
        raise ValueError(
            f"{adapter}({name}=...): this object is patched already, as {swap.name!r}; use one name for it: "
            f"{target!r}"
        )
    swap.hold(undo)
    return swap


def hidden(target: object, own: Mapping[str, object], name: str) -> bool:
    """Return whether *target* itself has the attribute *name*, and the scope, with *own*, has not."""
    return name not in own and name in object.__getattribute__(target, "__dict__")


def class_attribute(target: object, name: str) -> Any:
    """Return the attribute *name* that the class of *target* gives it."""
    for cls in type(target).__mro__:
        if name in vars(cls):
            found = vars(cls)[name]
            bind = getattr(type(found), "__get__", None)
            return found if bind is None else bind(found, target, type(target))
    raise AttributeError(f"{type(target).__name__!r} object has no attribute {name!r}")


def named_after(original: Any, cls: Any) -> Any:
    """Return *cls* under the name of *original*, which the library shows in errors and reprs."""
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(cls, name, getattr(original, name))
    return cls
