"""The servers in memory that the back ends of Django's caches speak to: those of the clients' adapters."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..._patching.shared_installs import acquire, release, set_late
from ...errors import CacheTestError, MissingLibraryError
from ..outer_call import servers, tenants
from ..registry import known_adapters
from .places import places_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..._patching.undo import Undo
    from ..base import Adapter
    from .kinds import Kind

__all__ = ["ServersBelow"]


class ServersBelow:
    """The adapters of the clients that back ends use, each for as long as the patch of Django is in."""

    def __init__(self) -> None:
        self._adapters: dict[str, Adapter] = {}
        self.missing: dict[str, MissingLibraryError] = {}
        self._known: list[tuple[object, ...]] = []
        self._tenants: list[str] = []
        self._undo: Undo | None = None

    def begin(self, undo: Undo, kinds: Iterable[Kind]) -> None:
        """Have the servers of *kinds*; *undo* ends it."""
        self._undo = undo
        undo.add(self._end)
        needed = list(kinds)
        for kind in needed:
            self.need(kind)
        # The servers of one may be those of another that comes after it.
        for kind in needed:
            self._place(kind)

    def need(self, kind: Kind) -> None:
        """Have the server of *kind*, if it needs one; what is missing for it is an error when it is used."""
        name = kind.below
        if name is None:
            return
        if name == "redis":
            self._know(kind)
        if name not in self._adapters and name not in self.missing:
            self._acquire(name)
        self._place(kind)

    def _place(self, kind: Kind) -> None:
        if kind.below in self._adapters:
            places = places_of(kind)
            kind.place = places[0] if len(places) == 1 else None

    def _acquire(self, name: str) -> None:
        try:
            module: Any = import_module(f"..{name}", __package__)
        except ImportError as error:
            self.missing[name] = MissingLibraryError(
                f"has a server in memory, which needs {error.name}, and that is not installed: "
                f"pip install 'cachetest[{name}]'",
                name=error.name,
            )
            return
        adapter: Adapter = getattr(module, known_adapters[name].class_name)()
        self._adapters[name] = adapter
        acquire(adapter, self)

    def check(self, kind: Kind) -> None:
        """Raise `MissingLibraryError` where the server of *kind* can't be had in memory."""
        missing = self.missing.get(kind.below) if self.missing and kind.below is not None else None
        if missing is not None:
            raise MissingLibraryError(f"the cache {kind.alias!r} {missing}", name=missing.name)

    def rest(self, at_rest: bool) -> None:
        """Serve late callers alone, if *at_rest*."""
        for adapter in self._adapters.values():
            set_late(adapter, self, at_rest)

    def _know(self, kind: Kind) -> None:
        found = [server for server, _ in kind.databases]
        tenants[kind.alias] = tuple(found)
        self._tenants.append(kind.alias)
        is_sharded = "Shard" in str((kind.parameters.get("OPTIONS") or {}).get("CLIENT_CLASS", ""))
        new = [each for each in dict.fromkeys(found) if each not in servers]
        self._known += new
        servers.update(zip(new, new, strict=True))
        if not is_sharded and found:
            # A replica may be the only server of another alias, and so have stood for itself until now.
            same = {servers[each] for each in found}
            first = servers[next((each for each in found if each not in new), found[0])]
            servers.update({each: first for each, one in servers.items() if one in same})

    def _end(self) -> None:
        problems: list[str] = []
        causes = [release(adapter, self, problems) for adapter in self._adapters.values()]
        for each in self._known:
            servers.pop(each, None)
        for alias in self._tenants:
            tenants.pop(alias, None)
        for cause in filter(None, causes):
            raise cause
        if problems:
            raise CacheTestError("\n".join(problems))
