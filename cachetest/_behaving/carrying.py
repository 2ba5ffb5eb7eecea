"""How a fault is carried out for entries inside the process: what `Adapter.carry_out` does by default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from .._recording.locks import make_lock
from ..faults import Damaged, Dropped, Fails, Gone, LosesReply, Slow, Stale, TooLarge
from .call import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, MutableMapping

    from ..faults import Fault
    from .injection import Strike

__all__ = ["OWN", "Storage", "carry_out", "keep_entries", "why_impossible"]


class Storage(Protocol):
    """What the entries of a cache are kept in, below what its library makes of them; nothing is counted."""

    holds_objects: bool
    """Whether values are kept as they are, so that there are no bytes and no text to damage."""

    def live_keys(self) -> Iterable[object]:
        """Return the keys of the live entries, as they are logged."""

    def read(self, key: object) -> Any:
        """Return what is stored for *key*, with all that is kept beside it; `MISSING` if nothing is."""

    def write(self, key: object, stored: Any) -> None:
        """Put back what `read` has returned, or take the entry out where that is `MISSING`."""

    def content(self, stored: Any) -> Any:
        """Return the bytes, the text or the object in what `read` has returned."""

    def with_content(self, stored: Any, content: Any) -> Any:
        """Return *stored* with *content* in place of its own."""


class MappingStorage:
    """Entries in a mapping of values alone."""

    def __init__(self, entries: MutableMapping[Any, Any], *, holds_objects: bool = False) -> None:
        self._entries = entries
        self.holds_objects = holds_objects

    def live_keys(self) -> Iterable[object]:
        return list(self._entries)

    def read(self, key: object) -> Any:
        try:
            return self._entries.get(key, MISSING)
        except TypeError:  # it can't be hashed: the call will say so
            return MISSING

    def write(self, key: object, stored: Any) -> None:
        if stored is MISSING:
            self._entries.pop(key, None)
        else:
            self._entries[key] = stored

    def content(self, stored: Any) -> Any:
        return stored

    def with_content(self, stored: Any, content: Any) -> Any:
        return content


class Carries(Protocol):
    """What is asked of an adapter here."""

    def storage(self, cache: Any) -> Storage: ...
    def failure(self, cache: Any) -> Exception | None: ...
    def too_large(self, cache: Any, key: object, size: int, limit: int) -> Exception | None: ...


class OwnEntries:
    """What carries faults out for a cache without an adapter: a `MockBackend`'s, whose entries are ours."""

    def storage(self, cache: Any) -> Storage:
        return MappingStorage(cache.cache)

    def failure(self, cache: Any) -> Exception | None:
        return ConnectionError(f"the cache {cache.name!r} can't be reached")

    def too_large(self, cache: Any, key: object, size: int, limit: int) -> Exception | None:
        return ValueError(f"an entry of {size} bytes is too large for the cache {cache.name!r}: {limit}")

    def entry_key(self, cache: str, key: object) -> object:
        return key

    def program_key(self, cache: str, key: object) -> object:
        return key

    def why_impossible(self, cache: Any, fault: Fault) -> str:
        return why_impossible(self, cache, fault)

    def carry_out(self, strike: Strike, proceed: Callable[[], Any]) -> Any:
        return carry_out(self, strike, proceed)


OWN = OwnEntries()


def why_impossible(carrier: Carries, cache: Any, fault: Fault) -> str:
    """Return why *fault* can't strike *cache*, or nothing where it can."""
    if isinstance(fault, (Fails, LosesReply)):
        if fault.error is None and carrier.failure(cache) is None:
            return f"it is inside the process, and always reached: {_with_error(fault)}"
        return ""
    storage = carrier.storage(cache)
    if isinstance(fault, (Damaged, TooLarge)) and storage.holds_objects:
        return "it holds objects, and neither bytes nor text"
    if isinstance(fault, TooLarge) and carrier.too_large(cache, None, 1, 0) is None:
        return "it refuses nothing for its size"
    return ""


def _with_error(fault: Fault) -> str:
    return f"give the error that the program is to meet, as {type(fault).__name__}(OSError)"


def carry_out(carrier: Carries, strike: Strike, proceed: Callable[[], Any]) -> Any:
    """Carry *strike* out, where *proceed* does the call at once."""
    fault, cache = strike.fault, strike.call.gate
    if isinstance(fault, (Fails, LosesReply)):
        error = fault.raised() or carrier.failure(cache)
        if error is None:
            raise TypeError(f"{fault!r} can't strike {cache.name!r}: {why_impossible(carrier, cache, fault)}")
        if isinstance(fault, LosesReply):
            proceed()
        raise error
    if isinstance(fault, Slow):
        return _late(strike, fault, proceed)
    return _DONE[type(fault)](carrier, strike, proceed)


def _late(strike: Strike, fault: Slow, proceed: Callable[[], Any]) -> Any:
    clock = strike.clock
    # From its beginning: of two at once, the clock goes to the end of the later one.
    end = clock.offset + fault.seconds
    result = proceed()
    clock.reach(end)
    return result


def _gone(carrier: Carries, strike: Strike, proceed: Callable[[], Any]) -> Any:
    storage = carrier.storage(strike.call.gate)
    gone = [key for key in strike.keys if _evicted(storage, key)]
    for key in gone:
        strike.record("eviction", key)
    strike.only(gone)
    return proceed()


def _evicted(storage: Storage, key: object) -> bool:
    if storage.read(key) is MISSING:
        return False
    storage.write(key, MISSING)
    return True


def _dropped(carrier: Carries, strike: Strike, proceed: Callable[[], Any]) -> Any:
    storage = carrier.storage(strike.call.gate)
    with _alone(strike):
        before = [(key, storage.read(key)) for key in strike.keys]
        result = proceed()
        for key, stored in before:
            storage.write(key, stored)
    return result


def _stale(carrier: Carries, strike: Strike, proceed: Callable[[], Any]) -> Any:
    cache = strike.call.gate
    storage = carrier.storage(cache)
    then = keep_entries(carrier, strike.injection.kept, cache)
    with _alone(strike):
        now = [(key, storage.read(key)) for key in strike.keys]
        old = [(key, then.get(key, MISSING)) for key, _ in now]
        changed = [key for (key, new), (_, one) in zip(now, old, strict=True) if new is not one]
        strike.only([key for key in strike.keys if key in changed])
        for key, stored in old:
            if key in changed:
                storage.write(key, stored)
        try:
            return proceed()
        finally:
            for key, stored in now:
                if key in changed:
                    storage.write(key, stored)


def keep_entries(carrier: Carries, kept: dict[object, Any], cache: Any) -> dict[object, Any]:
    """Return the entries that *cache* had when this was first called with *kept*, as they are stored."""
    found: dict[object, Any] | None = kept.get(cache.name)
    if found is None:
        storage = carrier.storage(cache)
        found = kept.setdefault(cache.name, {key: storage.read(key) for key in storage.live_keys()})
    return found


def _damaged(carrier: Carries, strike: Strike, proceed: Callable[[], Any]) -> Any:
    storage = carrier.storage(strike.call.gate)
    if strike.call.kind == "put":
        result = proceed()
        strike.only([key for key in strike.keys if _damage(storage, key, strike)])
        return result
    strike.only([key for key in strike.keys if _damage(storage, key, strike)])
    return proceed()


def _damage(storage: Storage, key: object, strike: Strike) -> bool:
    fault = strike.fault
    stored = storage.read(key)
    if stored is MISSING or not isinstance(fault, Damaged):
        return False
    content = storage.content(stored)
    if not isinstance(content, (bytes, bytearray, memoryview, str)):
        strike.refuse(
            f"the entry of {key!r} is an object of {type(content).__name__}, neither bytes nor text"
        )
        return False
    damaged = content[: len(content) // 2] if fault.damage is None else fault.damage(content)
    storage.write(key, storage.with_content(stored, damaged))
    return True


def _too_large(carrier: Carries, strike: Strike, proceed: Callable[[], Any]) -> Any:
    fault, cache = strike.fault, strike.call.gate
    limit = fault.limit if isinstance(fault, TooLarge) else 0
    storage = carrier.storage(cache)
    with _alone(strike):
        before = [(key, storage.read(key)) for key in strike.keys]
        result = proceed()
        refused = []
        for key, stored in before:
            size = _size(storage, key, strike)
            if size > limit:
                storage.write(key, stored)
                refused.append((key, size))
    strike.only([key for key, _ in refused])
    for key, size in refused:
        error = carrier.too_large(cache, key, size, limit)
        if error is not None:
            raise error
    return result


def _size(storage: Storage, key: object, strike: Strike) -> int:
    stored = storage.read(key)
    content = b"" if stored is MISSING else storage.content(stored)
    if isinstance(content, str):
        return len(content.encode("utf-8", "surrogatepass"))
    if isinstance(content, (bytes, bytearray, memoryview)):
        return len(content)
    strike.refuse(_of_object(key, content))
    return 0


def _of_object(key: object, content: object) -> str:
    return f"the entry of {key!r} is an object, of {type(content).__qualname__}, and neither bytes nor text"


def _alone(strike: Strike) -> Any:
    """Return a lock to hold while entries are not what they are."""
    cache: Any = strike.call.gate
    return cache.adapter_state("struck", make_lock)


_DONE: dict[type[Fault], Callable[[Carries, Strike, Callable[[], Any]], Any]] = {
    Gone: _gone,
    Dropped: _dropped,
    Stale: _stale,
    Damaged: _damaged,
    TooLarge: _too_large,
}
