"""An object of a program that has another class while it is patched: whoever holds it is reached."""

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
    """The class that stands in; to be set by the subclass."""

    def __init__(self, name: str, target: Any) -> None:
        self.name = name
        self.target = target
        self.original: Any = type(target)
        self._holders: set[object] = set()

    def hold(self, undo: Undo) -> None:
        """Be patched until *undo* runs, and for as long as another holds."""
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
        """Patch; harmless where it is already."""
        object.__setattr__(self.target, "__class__", self.front)

    def put_back(self) -> None:
        """Take it back; the class last, because without it this is not called again."""
        object.__setattr__(self.target, "__class__", self.original)


def swap_of(target: object) -> Any:
    """Return the `ClassSwap` that *target* is patched by, or None."""
    return vars(type(target)).get(_MARK)


def patch_object(undo: Undo, adapter: str, name: str, target: object, make: Callable[[str, Any], S]) -> S:
    """Patch *target*, by what *make* makes of it unless it is patched already.

    Raises ``ValueError`` where that is under another name.
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
    """Return whether *target* has an attribute that the scope, whose attributes are *own*, has lost."""
    return name not in own and name in object.__getattribute__(target, "__dict__")


def class_attribute(target: object, name: str) -> Any:
    """Return the attribute *name* that *target* would have if it held none of that name itself."""
    for cls in type(target).__mro__:
        if name in vars(cls):
            found = vars(cls)[name]
            bind = getattr(type(found), "__get__", None)
            return found if bind is None else bind(found, target, type(target))
    raise AttributeError(f"{type(target).__name__!r} object has no attribute {name!r}")


def named_after(original: Any, cls: Any) -> Any:
    """Return *cls* under the name of *original*, which a library shows in what it raises and prints."""
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(cls, name, getattr(original, name))
    return cls
