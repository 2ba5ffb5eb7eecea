"""The entries that a scope has put into objects of a class, whose own storage is left as it is.

The scope knows what it has put, and does not find anything else. An entry that another scope has written over
is put again, by the method that the program has called, before it is looked up: so tests of one object one
after the other, and a block inside a test, each find their own.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._behaving.gate import MISSING
from ..._behaving.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .spec import Spec

__all__ = ["Entries", "KeyOf", "Put", "PutStorage"]


class KeyOf(NamedTuple):
    """The key of an object that is not the first of its class in a scope: which one it is, and its key."""

    number: int
    key: Any


class Put:
    """A call that has put an entry: its object, its method, and what it was given."""

    def __init__(
        self, target: Any, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any], spec: Spec
    ) -> None:
        self.target, self.method, self.args, self.kwargs, self.spec = target, method, args, kwargs, spec

    @property
    def value(self) -> object:
        return self.spec.value_of(self.method, self.args, self.kwargs)

    def again(self) -> Any:
        """Call the method as it was called; what it returns may have to be awaited."""
        return self.method(self.target, *self.args, **self.kwargs)

    def with_value(self, value: object) -> Put:
        return Put(
            self.target,
            self.method,
            *self.spec.with_value(self.method, self.args, self.kwargs, value),
            self.spec,
        )


class Entries(MutableMapping[Any, Any]):
    """What one scope has put, by its keys; a value is what the method was given."""

    def __init__(self) -> None:
        self.puts: dict[object, Put] = {}
        self._objects: list[object] = []

    def key_of(self, target: object, key: object) -> object:
        """Return the key that an entry of *target* is logged under."""
        # They are kept, so that no other object gets the id of one.
        for number, known in enumerate(list(self._objects), 1):
            if known is target:
                return key if number == 1 else KeyOf(number, key)
        self._objects.append(target)
        return self.key_of(target, key)

    def keys_of(self, target: object) -> list[object]:
        """Return the keys of the entries of *target*, as they are logged."""
        return [key for key, put in list(self.puts.items()) if put.target is target]

    def begin_as(self, other: Entries, copied: Callable[[object, Any], Any]) -> Iterable[object]:
        """Take over copies of the entries of *other*, and return their keys."""
        self._objects = list(other._objects)
        self.puts = {key: put.with_value(copied(key, put.value)) for key, put in list(other.puts.items())}
        return list(self.puts)

    def __getitem__(self, key: object) -> Any:
        return self.puts[key].value

    def __setitem__(self, key: object, value: object) -> None:
        raise TypeError("an entry is put by the method of the class: call that")

    def __delitem__(self, key: object) -> None:
        del self.puts[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self.puts))

    def __len__(self) -> int:
        return len(self.puts)

    def __repr__(self) -> str:
        return repr(dict(self))


class PutStorage(Storage):
    """The entries of a scope as faults reach them: what is stored is a `Put`."""

    def __init__(self, entries: Entries) -> None:
        super().__init__(entries.puts, holds_objects=True)

    def content(self, stored: Any) -> Any:
        return stored.value if stored is not MISSING else stored

    def with_content(self, stored: Any, content: Any) -> Any:
        return stored.with_value(content)

    def is_same(self, one: Any, other: Any) -> bool:
        return one is other
