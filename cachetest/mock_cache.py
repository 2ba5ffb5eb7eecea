"""A drop-in for ``torch._inductor.mock_cache``: the same names, bound to the inductor adapter.

In a PyTorch test file, importing from here instead is the only edit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._caches.global_stats import GlobalStats
from ._patching.patch_caches import PatchCaches as _PatchCaches
from ._recording.stats import Stats
from .adapters.registry import get_adapter, known_adapters

if TYPE_CHECKING:
    from typing import Any

__all__ = ["MockBackend", "PatchCaches", "Stats", "global_stats"]

_INDUCTOR = get_adapter("inductor")

# PyTorch's own tests rely on the other switches staying as they are.
_SWITCHES = (
    "fx_graph_cache",
    "fx_graph_remote_cache",
    "autotune_local_cache",
    "autotune_remote_cache",
    "bundled_autotune_remote_cache",
)

global_stats = GlobalStats(known_adapters["inductor"].caches)


class PatchCaches(_PatchCaches):
    """`cachetest.PatchCaches` for inductor only, with the five switches of the original."""

    def __init__(self) -> None:
        super().__init__(_INDUCTOR)

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
    from .adapters.inductor.adapter import backend_class

    MockBackend = backend_class()
