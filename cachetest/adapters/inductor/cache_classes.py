"""The cache classes of torch, which are given our backend."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CACHE_CLASSES", "FBCODE_CACHE_CLASSES", "REMOTE", "CacheClass"]


class CacheClass(NamedTuple):
    """A cache class of torch: the cache it serves, its name, and the modules it has been in."""

    cache: str
    class_name: str
    modules: tuple[str, ...]


REMOTE = ("torch._inductor.remote_cache",)
CACHE_CLASSES = (
    # It moved to the first of the two in 2.13, which keeps the old name as an import.
    CacheClass(
        "autotune_local",
        "LocalAutotuneCache",
        ("torch._inductor.remote_cache", "torch._inductor.runtime.autotune_cache"),
    ),
    CacheClass("autotune_remote", "RemoteAutotuneCache", REMOTE),
    CacheClass("bundled_autotune", "RemoteBundledAutotuneCache", REMOTE),
    CacheClass("fx_graph", "RemoteFxGraphCache", REMOTE),
    CacheClass("aot_autograd", "RemoteAOTAutogradCache", REMOTE),
    CacheClass("dynamo_pgo", "RemoteDynamoPGOCache", REMOTE),
)
_FB_REMOTE = ("torch._inductor.fb.remote_cache",)
FBCODE_CACHE_CLASSES = (
    CacheClass("autotune_remote", "FbRemoteAutotuneCache", _FB_REMOTE),
    CacheClass("bundled_autotune", "FbRemoteBundledAutotuneCache", _FB_REMOTE),
    CacheClass("fx_graph", "FbRemoteFxGraphCache", _FB_REMOTE),
    CacheClass("triton", "FbMemcacheRemoteKernelCache", ("triton.fb.fb_memcache",)),
    CacheClass("aot_autograd", "FbRemoteAOTAutogradCache", _FB_REMOTE),
    CacheClass("dynamo_pgo", "FbRemoteDynamoPGOCache", _FB_REMOTE),
)
