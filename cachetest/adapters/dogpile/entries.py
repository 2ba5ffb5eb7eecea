"""The view of a region's entries in one scope: the values that the region's own `get` would find."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from dogpile.cache.api import NO_VALUE

from ..._recording.lifetimes import Term

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["RegionEntries"]


class RegionEntries(MutableMapping[Any, Any]):
    """The values of *region* in one scope, by mangled key; reading and changing them is not counted."""

    def __init__(self, region: Any, stored: dict[Any, Any]) -> None:
        self._region = region
        self.stored = stored

    def _value(self, stored: Any) -> Any:
        region = self._region
        value = region._parse_serialized_from_backend(stored) if isinstance(stored, bytes) else stored
        return region._unexpired_value_fn(None, False)(value).payload

    def terms_of(self, key: Any) -> dict[str, Term]:
        """Return when the value of a mangled key was made, and when it is too old, in its one place."""
        return {"": self.term_of(self.stored[key])} if key in self else {}

    def term_of(self, stored: Any) -> Term:
        """Return the same of what is *stored*."""
        region = self._region
        value = region._parse_serialized_from_backend(stored) if isinstance(stored, bytes) else stored
        made, age = value.metadata["ct"], region.expiration_time
        return Term(made, None if age is None else made + age)

    def __getitem__(self, key: Any) -> Any:
        value = self._value(self.stored[key])
        if value is NO_VALUE:
            raise KeyError(key)
        return value

    def __setitem__(self, key: Any, value: Any) -> None:
        region = self._region
        made: Callable[[Any], Any] = region._serialized_payload if region.serializer else region._value
        self.stored[key] = made(value)

    def __delitem__(self, key: Any) -> None:
        del self.stored[key]

    def __iter__(self) -> Iterator[Any]:
        return iter([key for key, stored in list(self.stored.items()) if self._value(stored) is not NO_VALUE])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def clear(self) -> None:
        self.stored.clear()

    def __repr__(self) -> str:
        return repr(dict(self))
