"""Adapters in words that a child process can be told: their names, and where their caches are found."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

from ..adapters.registry import detected_adapters, known_adapters
from ..adapters.targets import Targets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..adapters.base import Adapter

__all__ = ["BETWEEN", "described_adapters", "places_of"]

BETWEEN = "\x1e"
"""Stands between the name of an adapter and each of the words that say more of it."""


def described_adapters(in_use: Iterable[Sequence[Adapter]]) -> tuple[str, ...]:
    """Return a description of each adapter of *in_use*, the adapters of each scope."""
    found: dict[str, None] = {}
    detected = detected_adapters()
    for adapters in in_use:
        found.update(dict.fromkeys(map(_described, adapters)))
        if [each for each in adapters if each.name in known_adapters] == detected:
            # Nobody has named them, so those whose library the child alone imports are meant as well.
            found.update(dict.fromkeys(name for name, known in known_adapters.items() if known.autodetects))
    return tuple(found)


def _described(adapter: Adapter) -> str:
    words: list[str] = []
    if isinstance(adapter, Targets):
        for cache, target in adapter.targets.items():
            places = [target] if isinstance(target, str) else places_of(target)
            words += [f"{cache}={place}" for place in places]
    elif adapter.name == "django":
        words += cast("Iterable[str]", adapter.identity())
    return BETWEEN.join([adapter.name, *words])


def places_of(target: object) -> Iterator[str]:
    """Yield where *target* is found, as ``"module:attribute"``: a child has another object there."""
    for name, module in list(sys.modules.items()):
        own = getattr(module, "__dict__", None) or {}
        for attribute, value in list(own.items()):
            if value is target:
                yield f"{name}:{attribute}"
            # Not `isinstance`: a proxy would be asked, and may load what it stands for.
            elif issubclass(type(value), type) and vars(value).get("__module__") == name:
                for inner, found in list(vars(value).items()):
                    if found is target or (
                        type(found) in (classmethod, staticmethod) and found.__func__ is target
                    ):
                        yield f"{name}:{attribute}.{inner}"
