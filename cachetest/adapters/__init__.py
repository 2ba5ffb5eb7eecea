"""The adapters, and all that the author of another one needs.

An adapter connects one library to cachetest. Those that come with it, such as `Redis`, are loaded when they
are first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._behaving.clock import clock_offset
    from .._behaving.gate import MISSING
    from .._behaving.injection import Strike
    from .._behaving.storage import Storage
    from .._caches.attribution import cache_for, is_late
    from .._patching.undo import ABSENT, Undo, own_attribute
    from .base import Adapter, Switch
    from .cachetools.adapter import Cachetools
    from .django.adapter import Django
    from .dogpile.adapter import Dogpile
    from .functools import Functools
    from .guarding import GuardPoint
    from .inductor.adapter import Inductor
    from .jax.adapter import Jax
    from .methods.adapter import Methods
    from .pymemcache.adapter import Pymemcache
    from .redis.adapter import Redis
    from .targets import Targets

__all__ = [
    "ABSENT",
    "MISSING",
    "Adapter",
    "Cachetools",
    "Django",
    "Dogpile",
    "Functools",
    "GuardPoint",
    "Inductor",
    "Jax",
    "Methods",
    "Pymemcache",
    "Redis",
    "Storage",
    "Strike",
    "Switch",
    "Targets",
    "Undo",
    "cache_for",
    "clock_offset",
    "is_late",
    "own_attribute",
]

# Where each name is that is no adapter's class.
_HOMES = {
    "ABSENT": ".._patching.undo",
    "Adapter": ".base",
    "GuardPoint": ".guarding",
    "MISSING": ".._behaving.gate",
    "Storage": ".._behaving.storage",
    "Strike": ".._behaving.injection",
    "Switch": ".base",
    "Targets": ".targets",
    "Undo": ".._patching.undo",
    "cache_for": ".._caches.attribution",
    "clock_offset": ".._behaving.clock",
    "is_late": ".._caches.attribution",
    "own_attribute": ".._patching.undo",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        from importlib import import_module

        found = globals()[name] = getattr(import_module(_HOMES[name], __name__), name)
        return found
    if name in __all__:
        from .registry import class_names, load_class

        return load_class(class_names[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    # Without the classes of adapters: unittest's discovery asks a package for all that is here, and each of
    # them needs its library.
    return sorted({*globals(), *_HOMES})
