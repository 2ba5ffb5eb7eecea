"""How a fault is carried out for entries inside the process: what `Adapter.carry_out` does by default."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Protocol, cast

from .._recording.locks import make_lock
from ..faults import Damaged, Dropped, Fails, Gone, LosesReply, Slow, Stale, TooLarge
from .call import MISSING
from .gate import text_of
from .storage import OwnStorage, Storage, kept_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from ..faults import Fault
    from .injection import Strike

    Proceed = Callable[[], Any]

__all__ = ["OWN", "OwnEntries", "after", "carry_out", "why_impossible"]


class Carries(Protocol):
    """What is asked of an adapter here."""

    def storage(self, cache: Any) -> Storage: ...
    def failure(self, cache: Any) -> Exception | None: ...
    def too_large(self, cache: Any, key: object, size: int, limit: int) -> Exception | None: ...


class OwnEntries:
    """What carries faults out for a cache without an adapter: a `MockBackend`'s, whose entries are ours."""

    def storage(self, cache: Any) -> Storage:
        return OwnStorage(cache)

    def failure(self, cache: Any) -> Exception | None:
        return ConnectionError(f"the cache {cache.name!r} can't be reached")

    def too_large(self, cache: Any, key: object, size: int, limit: int) -> Exception | None:
        return ValueError(
            f"{size} bytes are too large an entry for the cache {cache.name!r}, which takes {limit}"
        )

    def entry_key(self, cache: str, key: object) -> object:
        return key

    def program_key(self, cache: str, key: object) -> object:
        return key

    def why_impossible(self, cache: Any, fault: Fault) -> str:
        return why_impossible(self, cache, fault)

    def carry_out(self, strike: Strike, proceed: Proceed) -> Any:
        return carry_out(self, strike, proceed)


OWN = OwnEntries()


def why_impossible(carrier: Carries, cache: Any, fault: Fault) -> str:
    """Return why *fault* can't strike *cache*, or nothing where it can."""
    if isinstance(fault, (Fails, LosesReply)):
        if fault.error is None and carrier.failure(cache) is None:
            name = type(fault).__name__
            return (
                "it is inside the process, and can always be reached: give the error that the program is to "
                f"meet, as {name}(OSError)"
            )
        return ""
    if isinstance(fault, Slow):
        return ""
    try:
        storage = carrier.storage(cache)
    except TypeError as error:
        return str(error)
    if isinstance(fault, (Damaged, TooLarge)) and storage.holds_objects:
        return "it holds objects, neither bytes nor text"
    if isinstance(fault, TooLarge) and carrier.too_large(cache, None, 1, 0) is None:
        return "it refuses nothing for its size"
    return ""


def carry_out(carrier: Carries, strike: Strike, proceed: Proceed) -> Any:
    """Carry *strike* out; *proceed* does the call, or returns what is to be awaited for that."""
    return _DOING[type(strike.fault)](carrier, strike, proceed)


def after(proceed: Proceed, finish: Callable[[Any], Any]) -> Any:
    """Return what *finish* makes of the result of *proceed*; where that is to be awaited, an awaitable."""
    result = proceed()
    if not isawaitable(result):
        return finish(result)

    async def wait() -> Any:
        return finish(await result)

    return wait()


def _within(context: AbstractContextManager[Any], proceed: Proceed) -> Any:
    """Return the result of *proceed*, done in *context*, which lasts until it has been awaited."""
    with ExitStack() as stack:
        stack.enter_context(context)
        result = proceed()
        if not isawaitable(result):
            return result
        entered = stack.pop_all()

    async def wait() -> Any:
        with entered:
            return await result

    return wait()


def _fails(carrier: Carries, strike: Strike, proceed: Proceed) -> Any:
    raise _error_of(carrier, strike)


def _loses_reply(carrier: Carries, strike: Strike, proceed: Proceed) -> Any:
    def lose(_: object) -> Any:
        raise _error_of(carrier, strike)

    return after(proceed, lose)


def _error_of(carrier: Carries, strike: Strike) -> Exception:
    fault = cast("Fails | LosesReply", strike.fault)
    error = fault.raised() or carrier.failure(strike.call.gate)
    assert error is not None, "asked for beforehand, by why_impossible"
    return error


def _slow(carrier: Carries, strike: Strike, proceed: Proceed) -> Any:
    clock, fault = strike.clock, cast("Slow", strike.fault)
    # From its beginning: of two at once, the clock goes to the end of the later one.
    end = clock.offset + fault.seconds

    def pass_time(result: Any) -> Any:
        clock.reach(end)
        return result

    return after(proceed, pass_time)


def _gone(carrier: Carries, strike: Strike, proceed: Proceed) -> Any:
    storage = carrier.storage(strike.call.gate)
    gone = [key for key in dict.fromkeys(strike.keys) if storage.read(key) is not MISSING]
    for key in gone:
        storage.write(key, MISSING)
        strike.record("eviction", key)
    strike.only(gone)
    return proceed()


def _dropped(carrier: Carries, strike: Strike, proceed: Proceed) -> Any:
    storage = carrier.storage(strike.call.gate)
    return _within(_alone(strike, storage.unchanged(strike.keys)), proceed)


def _stale(carrier: Carries, strike: Strike, proceed: Proceed) -> Any:
    cache = strike.call.gate
    storage = carrier.storage(cache)
    then = kept_entries(strike.injection.kept, cache.name, storage)
    changed = [key for key in strike.keys if not storage.is_same(storage.read(key), then.get(key, MISSING))]
    strike.only(changed)
    if not changed:
        return proceed()
    if strike.call.is_lookup and storage.finds_as_stored:
        return then.get(changed[0], MISSING)
    return _within(
        _alone(strike, _as_then(storage, {key: then.get(key, MISSING) for key in changed})), proceed
    )


@contextmanager
def _as_then(storage: Storage, then: Mapping[object, Any]) -> Iterator[None]:
    with storage.unchanged(list(then)):
        for key, stored in then.items():
            storage.write(key, stored)
        yield


def _damaged(carrier: Carries, strike: Strike, proceed: Proceed) -> Any:
    storage = carrier.storage(strike.call.gate)

    def damage(result: Any = None) -> Any:
        strike.only([key for key in strike.keys if _damage(storage, key, strike)])
        return result

    if strike.call.kind == "put":
        return after(proceed, damage)
    damage()
    return proceed()


def _damage(storage: Storage, key: object, strike: Strike) -> bool:
    fault = cast("Damaged", strike.fault)
    stored = storage.read(key)
    if stored is MISSING:
        return False
    content = storage.content(stored)
    if not isinstance(content, (bytes, bytearray, memoryview, str)):
        strike.refuse(_of_object(key, content))
        return False
    try:
        damaged = content[: len(content) // 2] if fault.damage is None else fault.damage(content)
    except Exception as error:
        # The test's own: the program would meet it, and may swallow it.
        strike.refuse(f"damage raised {text_of(error)}")
        return False
    storage.write(key, storage.with_content(stored, damaged))
    return True


def _too_large(carrier: Carries, strike: Strike, proceed: Proceed) -> Any:
    cache, limit = strike.call.gate, cast("TooLarge", strike.fault).limit
    storage = carrier.storage(cache)
    before = [(key, storage.read(key)) for key in strike.keys]

    def refuse(result: Any) -> Any:
        sizes = {key: _size(storage, key, strike) for key, _ in before}
        large = [(key, stored) for key, stored in before if sizes[key] > limit]
        strike.only([key for key, _ in large])
        for key, stored in large:
            storage.write(key, stored)
        for key, _ in large:
            error = carrier.too_large(cache, key, sizes[key], limit)
            if error is not None:
                raise error
        return result

    return after(proceed, refuse)


def _size(storage: Storage, key: object, strike: Strike) -> int:
    stored = storage.read(key)
    content = b"" if stored is MISSING else storage.content(stored)
    if isinstance(content, str):
        return len(content.encode("utf-8", "surrogatepass"))
    if isinstance(content, (bytes, bytearray, memoryview)):
        return memoryview(content).nbytes
    strike.refuse(_of_object(key, content))
    return 0


def _of_object(key: object, content: object) -> str:
    return f"the entry of {key!r} is an object, of {type(content).__qualname__}, neither bytes nor text"


@contextmanager
def _alone(strike: Strike, inner: AbstractContextManager[Any]) -> Iterator[None]:
    """Do *inner* while no other strike has the entries be what they are not."""
    with strike.call.gate.adapter_state("struck", make_lock), inner:
        yield


_DOING: dict[type[Fault], Callable[[Carries, Strike, Proceed], Any]] = {
    Fails: _fails,
    LosesReply: _loses_reply,
    Slow: _slow,
    Gone: _gone,
    Dropped: _dropped,
    Stale: _stale,
    Damaged: _damaged,
    TooLarge: _too_large,
}
