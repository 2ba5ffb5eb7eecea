"""The adapters of a scope, by the names of their caches."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ..adapters.base import Adapter

__all__ = ["adapter_of", "names_of_caches"]


def adapter_of(adapters: Sequence[Adapter], cache: str) -> Adapter | None:
    """Return the one of *adapters* that has a cache of this name; None if none has."""
    return next((adapter for adapter in adapters if cache in adapter.caches), None)


def names_of_caches(adapters: Sequence[Adapter]) -> Collection[str]:
    """Return the names of the caches of all *adapters*; two of one name are an error."""
    owners: dict[str, Adapter] = {}
    for adapter in adapters:
        for name in adapter.caches:
            if owners.setdefault(name, adapter) is not adapter:
                raise ValueError(
                    f"both {owners[name]!r} and {adapter!r} have a cache {name!r}: "
                    "give one of them another name"
                )
    return owners
