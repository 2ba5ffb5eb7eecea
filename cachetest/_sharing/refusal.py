"""Caches that refuse: those of the parent's test in a child process that can't ask for them."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, NoReturn

from .._caches.cache import MockCache
from .._caches.caches import MockCaches
from .._recording.log import OperationLog
from .joined import current_parent, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

    from .._behaving.gate import Call
    from .._caches.scope import Scope
    from .._recording.operation import Kind

__all__ = ["made_to_refuse", "refuse_all"]


# The kinds of operations that are a use of the cache.
_USES = ("put", "hit", "miss", "delete")


class _RefusingLog(OperationLog):
    """The log of a cache that refuses: it can't be read, and nothing is recorded in it."""

    __slots__ = ()

    @property
    def state(self) -> NoReturn:  # type: ignore[override]
        _refuse(self._cache, "reading the counts or operations")

    def record(
        self,
        kind: Kind,
        key: object,
        libraries: frozenset[str],
        frame: FrameType,
        known: Mapping[str, object] | None = None,
    ) -> None:
        # What is no use of the cache, as a bypass, or the failure that a refusal is, is of no interest.
        if kind in _USES:
            _refuse(self._cache, f"a {kind}", key)


class _RefusingEntries(MutableMapping[Any, Any]):
    """The entries of a cache that refuses."""

    def __init__(self, cache: str) -> None:
        self._cache = cache

    def _refuse(self) -> NoReturn:
        _refuse(self._cache, "reading or changing the entries")

    def __getitem__(self, key: object) -> NoReturn:
        self._refuse()

    def __setitem__(self, key: object, value: object) -> None:
        self._refuse()

    def __delitem__(self, key: object) -> None:
        self._refuse()

    def __iter__(self) -> Iterator[Any]:
        self._refuse()

    def __len__(self) -> int:
        self._refuse()


class _RefusingCaches(MockCaches):
    """Caches of which each refuses, those too that are made by being asked for."""

    def _make(self, name: str) -> MockCache:
        return made_to_refuse(MockCache(name))

    def await_end(self, begun: Any, line: Callable[[], str | None]) -> NoReturn:
        # What is made to happen here would strike nothing: no call of this process is done.
        parent = current_parent()
        if parent is None:
            raise AssertionError("these caches refuse in a process that is no child of a test")
        refuse(parent, "", "inject(), or another block that acts on the caches of the parent's test,")


def _refuse(cache: str, what: str, *keys: object) -> NoReturn:
    from .._telling.formatting import short_repr

    parent = current_parent()
    if parent is None:
        raise AssertionError(f"the cache {cache!r} refuses in a process that is no child of a test")
    if keys:
        what += f" ({'key' if len(keys) == 1 else 'keys'} {', '.join(map(short_repr, keys[:3]))})"
    refuse(parent, cache, what)


def _act(call: Call, proceed: Callable[[], Any]) -> NoReturn:
    """Refuse a call: what is in force at the gate of a cache that refuses."""
    what = call.kind or (call.asked if call.asked != "None" else "a call")
    _refuse(call.cache, what if what == "a call" else f"a {what}", *call.keys)


def made_to_refuse(cache: MockCache) -> MockCache:
    """Return *cache*, which refuses from now on."""
    cache.in_force = (_act,)
    cache.operations = _RefusingLog.__new__(_RefusingLog)
    cache.operations._cache = cache.name
    cache.cache = _RefusingEntries(cache.name)
    return cache


def _made_all_to_refuse(caches: MockCaches) -> MockCaches:
    for cache in list(caches.by_name().values()):
        made_to_refuse(cache)
    # Not assigned, which would be the replacement of a cache.
    object.__setattr__(caches, "__class__", _RefusingCaches)
    vars(caches)["_in_force"] = (_act,)
    return caches


def refuse_all(scopes: tuple[Scope, ...]) -> None:
    """Have all caches of *scopes*, which are of the parent, refuse."""
    for scope in scopes:
        scope.closed = True
        scope.is_innermost = False
        _made_all_to_refuse(scope.caches)
        # Where operations go whose scope has closed.
        vars(scope)["_late"] = _made_all_to_refuse(MockCaches())
