"""Why JAX's cache was not asked, as far as it was seen: loaded for a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .hooks import compiles_of
from .modules import SWITCH, setting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..._caches.cache import MockCache

__all__ = ["why_fewer", "why_unused"]

_MINIMUMS = {
    "jax_persistent_cache_min_compile_time_secs": "what compiles faster",
    "jax_persistent_cache_min_entry_size_bytes": "what is smaller",
}


def why_unused(cache: MockCache) -> str:
    """Return why there was no operation on *cache*, in some lines."""
    return "\n".join(_reasons(cache))


def _reasons(cache: MockCache) -> Iterator[str]:
    compiles = compiles_of(cache)
    is_on = bool(setting(SWITCH))
    if not is_on:
        yield f"the switch {SWITCH} is off here: name it in enable_caches"
    elif not setting("jax_compilation_cache_dir"):
        yield "jax_compilation_cache_dir names no directory, so JAX has no cache"
    if not compiles:
        yield (
            "JAX compiled nothing here: what was compiled before stays in memory until jax.clear_caches(), "
            "and nothing is compiled under jax.disable_jit()"
        )
        return
    without = sum(not each.is_on for each in compiles)
    if without and is_on:
        yield f"the switch {SWITCH} was off while JAX compiled ({without:,} of {len(compiles):,} times)"
    platforms = sorted({each.platform for each in compiles if each.is_on and not each.is_used})
    for platform in platforms:
        yield f"JAX does not use its cache for the backend {platform!r}"


def why_fewer() -> str:
    """Return which settings keep JAX from putting what it compiles, in some lines."""
    values = {name: setting(name) for name in _MINIMUMS}
    return "\n".join(
        f"{name} is {value!r}: JAX does not put {_MINIMUMS[name]}"
        for name, value in values.items()
        if value is not None and value > 0
    )
