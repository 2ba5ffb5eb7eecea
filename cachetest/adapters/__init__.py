"""The adapters, by name, and their classes; each is loaded when it is first asked for.

Those of other distributions are found by their entry points in the group ``cachetest.adapters``, whose name
is the adapter's and whose object is its class.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING, NamedTuple

from ..errors import MissingLibraryError, UnknownAdapterError, closest_first
from .base import Adapter, Switch
from .targets import Targets

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "Adapter",
    "Known",
    "Switch",
    "Targets",
    "check_name",
    "known_adapters",
    "load",
    "owner_of",
    "ready_adapters",
]

_GROUP = "cachetest.adapters"


class Known(NamedTuple):
    """What can be said of an adapter without importing its library.

    ``library`` is the module whose presence is asked for, ``extra`` the extra of cachetest that installs it.
    ``found`` says that its caches can be found without being told where. ``caches`` and ``switches`` are
    the names that it has whatever it is told.
    """

    class_name: str
    library: str
    extra: str | None = None
    found: bool = False
    caches: tuple[str, ...] = ()
    switches: tuple[str, ...] = ()


known_adapters: dict[str, Known] = {
    "inductor": Known(
        "Inductor",
        "torch",
        extra="torch",
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
    "cachetools": Known("Cachetools", "cachetools", extra="cachetools"),
    "django": Known("Django", "django", extra="django", found=True),
    "dogpile": Known("Dogpile", "dogpile.cache", extra="dogpile"),
    "functools": Known("Functools", "functools"),
    "pymemcache": Known("Pymemcache", "pymemcache", extra="pymemcache", caches=("pymemcache",)),
    "redis": Known("Redis", "redis", extra="redis", caches=("redis",)),
}
_NAMES = {known.class_name: name for name, known in known_adapters.items()}


def check_name(name: str) -> None:
    """Raise `UnknownAdapterError`, with the closest names, unless *name* is that of an adapter."""
    if name not in known_adapters and name not in (others := _entry_points()):
        names = ", ".join(closest_first(name, {*known_adapters, *others}))
        raise UnknownAdapterError(f"no adapter {name!r}; known, the closest first: {names}")


# Those whose class takes no arguments: one is as good as another, and each test asks for it.
_shared: dict[str, Adapter] = {}


def load(name: str) -> Adapter:
    """Return the adapter called *name*, made without arguments.

    Raises `UnknownAdapterError` for a name that is none, `MissingLibraryError`, which says what to install,
    when its library is not there, and ``TypeError`` when it has to be told what to test.
    """
    if name in known_adapters:
        shared = _shared.get(name)
        # Whether its library is still there is asked each time.
        if shared is not None and sys.modules.get(known_adapters[name].library) is not None:
            return shared
        cls = _load_class(name)
        loaded = cls()
        if cls.__init__ is object.__init__:
            _shared[name] = loaded
        return loaded
    check_name(name)
    made = _entry_points()[name].load()()
    if not isinstance(made, Adapter):
        raise TypeError(f"the entry point {name!r} in the group {_GROUP!r} makes no adapter, but {made!r}")
    return made


def _load_class(name: str) -> type[Adapter]:
    known = known_adapters[name]
    if sys.modules.get(known.library) is None and not _findable(known.library):
        raise MissingLibraryError(
            f"the adapter {name!r} needs {known.library}, which is not installed: "
            f"pip install 'cachetest[{known.extra}]'",
            name=known.library,
        )
    path = f"{__name__}.{name}"
    try:
        # import_module takes ten times as long for one that was imported before.
        module = sys.modules.get(path) or importlib.import_module(path)
    except AttributeError as error:
        # Left as it is, `from cachetest.adapters import Redis` would take it for "no such name".
        raise ImportError(f"the adapter {name!r} can't be loaded: {error}", name=known.library) from error
    found: type[Adapter] = getattr(module, known.class_name)
    return found


def __getattr__(name: str) -> type[Adapter]:
    if name in _NAMES:
        return _load_class(_NAMES[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _entry_points() -> dict[str, EntryPoint]:
    # Loaded here: it takes longer to import than all of cachetest, and few need it.
    from importlib.metadata import entry_points

    return {each.name: each for each in entry_points(group=_GROUP)}


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
