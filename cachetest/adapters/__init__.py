"""The adapters that come with cachetest, by name; each is loaded when it is first asked for."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import NamedTuple

from ..errors import MissingLibraryError, UnknownAdapterError, closest_first
from .base import Adapter, Switch

__all__ = ["Adapter", "Known", "Switch", "check_name", "known_adapters", "load", "owner_of", "ready_adapters"]


class Known(NamedTuple):
    """What can be said of an adapter without importing its library.

    ``library`` is the module whose presence is asked for, ``install`` what pip calls it. ``found`` says
    that its caches can be found without being told where.
    """

    class_name: str
    library: str
    install: str
    found: bool
    caches: tuple[str, ...]
    switches: tuple[str, ...]


known_adapters: dict[str, Known] = {
    "inductor": Known(
        "Inductor",
        "torch",
        "torch",
        found=True,
        caches=(
            "autotune_local",
            "autotune_remote",
            "bundled_autotune",
            "fx_graph",
            "triton",
            "aot_autograd",
            "dynamo_pgo",
        ),
        switches=(
            "fx_graph_cache",
            "fx_graph_remote_cache",
            "autotune_local_cache",
            "autotune_remote_cache",
            "bundled_autotune_remote_cache",
            "enable_autograd_cache",
            "enable_remote_autograd_cache",
            "automatic_dynamic_local_pgo",
            "automatic_dynamic_remote_pgo",
        ),
    ),
}


def check_name(name: str) -> None:
    """Raise `UnknownAdapterError`, with the closest names, unless *name* is that of an adapter."""
    if name not in known_adapters:
        names = ", ".join(closest_first(name, known_adapters))
        raise UnknownAdapterError(f"no adapter {name!r}; known, the closest first: {names}")


def load(name: str) -> Adapter:
    """Return the adapter called *name*.

    Raises `UnknownAdapterError` for a name that is none, and `MissingLibraryError`, which says what to
    install, when its library is not there.
    """
    check_name(name)
    known = known_adapters[name]
    if sys.modules.get(known.library) is None and not _findable(known.library):
        raise MissingLibraryError(
            f"the adapter {name!r} needs {known.library}, which is not installed: "
            f"pip install 'cachetest[{known.install}]'",
            name=known.library,
        )
    module = importlib.import_module(f"{__name__}.{name}")
    adapter: Adapter = getattr(module, known.class_name)()
    return adapter


def ready_adapters() -> list[Adapter]:
    """Return those whose library this process has imported, and that find its caches by themselves."""
    imported = [
        load(name)
        for name, known in known_adapters.items()
        if known.found and sys.modules.get(known.library) is not None
    ]
    return [adapter for adapter in imported if adapter.is_ready()]


def owner_of(name: str) -> str | None:
    """Return the name of the adapter that has a cache or a switch called *name*, if one has."""
    for adapter, known in known_adapters.items():
        if name in known.caches or name in known.switches:
            return adapter
    return None


def _findable(library: str) -> bool:
    try:
        return importlib.util.find_spec(library) is not None
    except (ImportError, ValueError):
        return False
