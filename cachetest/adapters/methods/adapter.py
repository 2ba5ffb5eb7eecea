"""Methods: the methods of any class, which looks its entries up itself.

The class' own methods are called, on its own storage: its locks, sizes, times and formats are in the tested
path. Ours stand around them, on the class, so that objects from before the test are reached.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..._patching.undo import Undo
from ..targets import Targets
from .calling import entries_in
from .counting import Counted
from .entries import KeyOf, PutStorage
from .spec import Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ..._behaving.storage import Storage
    from ..._caches.cache import MockCache
    from ..._caches.caches import MockCaches

__all__ = ["Methods"]


class Methods(Targets):
    """The methods of a class: ``Methods(prices="shop.cache:Prices", get="lookup", put="store")``.

    A target is a class, or an object, of which no other of its class is then counted. *get*, *put*, *delete*
    and *clear* are the names of its methods, sync or async; *missing* is what *get* returns for a miss (its
    argument ``default``, where it has one), or the class of what it raises. *key* and *value* are the names
    or the positions of arguments; a *key* function makes the key of all arguments of a call.
    """

    name = "methods"
    example = "prices='shop.cache:Prices', get='lookup', put='store'"
    child_support = "refuse"

    def __init__(
        self,
        *,
        get: str = "get",
        put: str | None = None,
        delete: str | None = None,
        clear: str | None = None,
        missing: object = None,
        key: str | int | Callable[..., object] = 0,
        value: str | int = 1,
        **targets: object,
    ) -> None:
        """Check what it is told; the methods are looked for when it is patched."""
        super().__init__(**targets)
        self.spec = Spec({"get": get, "put": put, "delete": delete, "clear": clear}, missing, key, value)

    def identity(self) -> Hashable:
        spec = self.spec
        told = [*sorted(spec.methods.items()), id(spec.missing)]
        told += [id(spec.key) if callable(spec.key) else spec.key, spec.value]
        return tuple(told), super().identity()

    def install(self) -> Undo:
        return Undo(self._patch)

    def _patch(self, undo: Undo) -> None:
        # Of several objects of one class, each has its own methods around those of the one before.
        set_to: dict[tuple[type, str], Any] = {}
        for name, target in self.resolve().items():
            cls, only = (target, None) if isinstance(target, type) else (type(target), target)
            originals = {
                kind: set_to.get((cls, method)) or getattr(cls, method)
                for kind, method in self.spec.methods.items()
            }
            counted = Counted(name, self.spec, only, originals, _libraries_of(cls))
            set_to.update({(cls, self.spec.methods[kind]): counted.counting(kind) for kind in originals})
        undo.set_attributes([(cls, method, value) for (cls, method), value in set_to.items()])

    def resolve(self) -> dict[str, Any]:
        """Return the class or the object that each name stands for.

        Raises ``ImportError`` as `Targets.resolve` does, ``AttributeError`` with the closest names for a
        method that is not there, and ``TypeError`` for what can't be counted.
        """
        found = super().resolve()
        for name, target in found.items():
            asked = f"Methods({name}={self.targets[name]!r})"
            cls = target if isinstance(target, type) else type(target)
            if not cls.__flags__ & _IS_HEAP_TYPE:
                raise TypeError(f"{asked}: expected a class of Python's or an object of one, not {target!r}")
            self.spec.validate(asked, cls)
        for name, target in found.items():
            for other, known in found.items():
                if other != name and (known is target or type(target) is known):
                    raise ValueError(
                        f"Methods: {other!r} and {name!r} are the same class or object, or one of them an "
                        f"object of the other; one call would be counted twice: {target!r}"
                    )
        return found

    def scope_context(self, caches: MockCaches) -> None:
        for name in self.caches:
            entries_in(caches[name])

    def storage(self, cache: MockCache) -> Storage:
        return PutStorage(entries_in(cache))

    def program_key(self, cache: str, key: object) -> object:
        return key.key if isinstance(key, KeyOf) else key

    def why_timeless(self, cache: MockCache) -> str:
        return "Methods knows no times: what a class of yours lets expire is a miss like others"


# A class that can be changed, in CPython's flags of classes.
_IS_HEAP_TYPE = 1 << 9


def _libraries_of(cls: type) -> frozenset[str]:
    """Return the package of *cls*, where that is installed, and so none of the program's lines."""
    file = getattr(sys.modules.get(cls.__module__), "__file__", None) or ""
    return frozenset({cls.__module__.partition(".")[0]} if "site-packages" in file else ())
