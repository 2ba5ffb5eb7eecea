"""The operations of a log as they were at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, overload

from .operation import Operation, location_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .operation import Kind, Location, Origin, OriginTeller

__all__ = ["Record", "Snapshot", "number_of"]

# Number, kind, key, name of the thread, code of the caller, how far the caller had come in it; and, in some,
# what else is known, by the names that `Operation` has for it.
Record = tuple[Any, ...]


def number_of(record: Record | Operation) -> int:
    """Return the number of the operation that *record* is of."""
    number: int = record.number if isinstance(record, Operation) else record[0]
    return number


class Snapshot(Sequence[Operation]):
    """The operations of a log as they were at one moment, each of them made when it is read."""

    def __init__(
        self,
        cache: str,
        records: list[Record | Operation],
        process: int,
        owner: OriginTeller | None = None,
    ) -> None:
        """Have *records*, the oldest first; *owner* is the cache that they are of."""
        self._cache = cache
        self._owner = owner
        self._origins: Any = None
        self._records = records
        self._process = process
        # Many operations come from few lines, and it takes long to find one. By the id of its code, which the
        # records keep alive: to hash code takes as long.
        self._locations: dict[tuple[int, int], Location] = {}

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, index: int) -> Operation: ...
    @overload
    def __getitem__(self, index: slice) -> list[Operation]: ...
    def __getitem__(self, index: int | slice) -> Operation | list[Operation]:
        if isinstance(index, slice):
            return [self._read(record) for record in self._records[index]]
        return self._read(self._records[index])

    def __iter__(self) -> Iterator[Operation]:
        return map(self._read, self._records)

    def kinds(self) -> list[Kind]:
        """Return the kind of each operation: far faster than to read them."""
        return [each.kind if isinstance(each, Operation) else each[1] for each in self._records]

    def keys(self) -> list[object]:
        """Return the key of each operation."""
        return [each.key if isinstance(each, Operation) else each[2] for each in self._records]

    def threads(self) -> list[str]:
        """Return the name of the thread of each operation."""
        return [each.thread if isinstance(each, Operation) else each[3] for each in self._records]

    def numbers(self) -> list[int]:
        """Return the number of each operation, which rise."""
        return list(map(number_of, self._records))

    def stores(self) -> list[str | None]:
        """Return the server and database of each operation."""
        return [
            each.store if isinstance(each, Operation) else each[6].get("store") if len(each) > 6 else None
            for each in self._records
        ]

    def processes(self) -> list[int | None]:
        """Return the id of the process of each operation."""
        return [
            each.process if isinstance(each, Operation) else getattr(each[3], "process", self._process)
            for each in self._records
        ]

    def process_names(self) -> list[str | None]:
        """Return the name of the process of each operation, which is None for the test's own."""
        return [
            each.process_name if isinstance(each, Operation) else getattr(each[3], "process_name", None)
            for each in self._records
        ]

    def given_origins(self) -> dict[int, str]:
        """Return the origins that puts were logged with, by the numbers of these."""
        found: dict[int, str] = {}
        for each in self._records:
            if isinstance(each, Operation):
                known = {"origin": each.origin} if each.kind == "put" else {}
            else:
                known = each[6] if len(each) > 6 and each[1] == "put" else {}
            origin = known.get("origin")
            if isinstance(origin, str):
                found[number_of(each)] = origin
        return found

    def _read(self, record: Record | Operation) -> Operation:
        if isinstance(record, Operation):
            return record
        number, kind, key, thread, code, instruction, *more = record
        at = id(code), instruction
        where = self._locations.get(at)
        if where is None:
            where = self._locations[at] = location_of(code, instruction)
        known = more[0] if more else {}
        if kind == "hit" and "origin" not in known:
            known = {**known, "origin": partial(self._origin_of, number, key, known.get("store"))}
        process, name = self._process, None
        # A `ProcessThread` of `call_sites`, which is above this file.
        if hasattr(thread, "process"):
            process, name, thread = thread.process, thread.process_name, str(thread)
        return Operation(
            number, kind, self._cache, key, thread, where, process=process, process_name=name, **known
        )

    def _origin_of(self, number: int, key: object, store: str | None) -> Origin:
        """Return the origin of the entry that the operation *number* hit, as `Operation.origin` has it."""
        if self._origins is None:
            # Loaded here: few ask.
            from .origins import Origins

            self._origins = Origins(self, self._owner)
        found: Origin = self._origins.of(number, key, store)
        return found
