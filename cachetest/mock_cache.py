"""A drop-in for ``torch._inductor.mock_cache``: the same names, bound to the inductor adapter.

In a PyTorch test file, importing from here instead is the only edit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._caches.attribution import count_outside, latest_scope
from ._caches.global_stats import GlobalStats
from ._patching.patch_caches import PatchCaches as _PatchCaches
from ._recording.stats import Stats
from .adapters.inductor.adapter import REMOTE_CACHES
from .adapters.inductor.backend import FACTORIES, backend_class
from .adapters.registry import get_adapter

if TYPE_CHECKING:
    from typing_extensions import Self

    from ._caches.cache import MockCache

__all__ = ["MockBackend", "PatchCaches", "Stats", "global_stats"]

# Equal to that of every other test; but the caches of the original are these alone.
_INDUCTOR = type(get_adapter("inductor"))()
_INDUCTOR.caches = REMOTE_CACHES

# PyTorch's own tests rely on the other switches staying as they are.
_SWITCHES = (
    "fx_graph_cache",
    "fx_graph_remote_cache",
    "autotune_local_cache",
    "autotune_remote_cache",
    "bundled_autotune_remote_cache",
)

global_stats = GlobalStats(REMOTE_CACHES)


class _Token:
    """What the scopes of the drop-in's blocks are known by."""

    leaves_local_caches = True


def _outside(name: str) -> MockCache | None:
    """Return the cache that counts an operation while no scope is open: as in the original, that which shows.

    What comes after a test of another kind is late, here as well.
    """
    if name not in global_stats._idle:
        return None
    # It was decided that none is open: one that has opened since has no part in it.
    scope = latest_scope()
    if scope is None:
        return global_stats._idle.ensure(name)
    return scope.caches.ensure(name) if isinstance(scope.entered_by, _Token) else None


count_outside(_outside)


class PatchCaches(_PatchCaches):
    """`cachetest.PatchCaches` for inductor only, with the five switches of the original."""

    def __init__(self) -> None:
        super().__init__(_INDUCTOR)
        self._token = _Token()

    def __enter__(self) -> Self:
        # The original looks its backend up in the module each time, so it may be patched there.
        backend: Any = MockBackend
        is_patched = backend is not _BACKEND or getattr(backend.with_name, "__func__", None) is not _WITH_NAME
        made = {name: backend.with_name(name) for name in _INDUCTOR.caches} if is_patched else None
        super().__enter__()
        if made is not None:
            vars(self._latest)[FACTORIES] = made
        return self

    @classmethod
    def setUp(cls) -> None:
        """Switch the caches off, until `tearDown`. Calls nest."""
        # As the original, it does not insist where the environment forces a switch.
        cls._switch_off([switch for switch in _INDUCTOR.switches if switch.name in _SWITCHES], insist=False)


if TYPE_CHECKING:

    class MockBackend:
        """A ``RemoteCacheBackend`` of the installed torch, backed by the running test's scope."""

        def __init__(self, name: str) -> None: ...
        @classmethod
        def with_name(cls, name: str) -> Any: ...
        def get(self, key: str) -> Any: ...
        def put(self, key: str, data: Any) -> None: ...

else:
    MockBackend = backend_class()

_BACKEND: Any = MockBackend
_WITH_NAME = _BACKEND.with_name.__func__
