"""The adapters by name; each is loaded when it is first asked for.

Those of other distributions are found by their entry points in the group ``cachetest.adapters``, whose name
is the adapter's and whose object is its class.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ..errors import MissingLibraryError, UnknownAdapterError, closest_first
from .base import Adapter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from importlib.metadata import EntryPoint

T = TypeVar("T")

__all__ = [
    "AdapterInfo",
    "adapter_for",
    "class_names",
    "detected_adapters",
    "get_adapter",
    "known_adapters",
    "load_class",
    "resolve_adapters",
    "validate_adapter",
    "validate_adapters",
    "watched_adapter",
    "watched_path",
]

_GROUP = "cachetest.adapters"


class AdapterInfo(NamedTuple):
    """The facts about an adapter that are known without importing its library.

    ``library`` is the module whose presence is asked for, ``extra`` the extra of cachetest that installs it.
    ``autodetects`` says that its caches can be found without being told where. ``caches`` and ``switches``
    are the names that it has whatever it is told. ``watched`` is the class that watches the library on its
    real store, where there is one: in the file ``watched`` of the adapter's folder.
    """

    class_name: str
    library: str
    extra: str | None = None
    autodetects: bool = False
    caches: tuple[str, ...] = ()
    switches: tuple[str, ...] = ()
    watched: str = ""


known_adapters: dict[str, AdapterInfo] = {
    "inductor": AdapterInfo(
        "Inductor",
        "torch",
        extra="torch",
        autodetects=True,
        watched="WatchedInductor",
        caches=(
            "autotune_local",
            "autotune_remote",
            "bundled_autotune",
            "fx_graph",
            "triton",
            "aot_autograd",
            "dynamo_pgo",
            "fx_graph_local",
            "aot_autograd_local",
            "dynamo_pgo_local",
            "precompile",
            "autotune_file",
            "memoizer_memory",
            "memoizer_disk",
            "mega_cache",
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
            "caching_precompile",
        ),
    ),
    "cachetools": AdapterInfo("Cachetools", "cachetools", extra="cachetools"),
    "django": AdapterInfo("Django", "django", extra="django", autodetects=True, watched="WatchedDjango"),
    "dogpile": AdapterInfo("Dogpile", "dogpile.cache", extra="dogpile"),
    "functools": AdapterInfo("Functools", "functools"),
    "jax": AdapterInfo(
        "Jax",
        "jax",
        extra="jax",
        autodetects=True,
        caches=("jax",),
        switches=("jax_enable_compilation_cache",),
    ),
    "methods": AdapterInfo("Methods", "builtins"),
    "pymemcache": AdapterInfo("Pymemcache", "pymemcache", extra="pymemcache", caches=("pymemcache",)),
    "redis": AdapterInfo("Redis", "redis", extra="redis", caches=("redis",), watched="WatchedRedis"),
}
class_names = {known.class_name: name for name, known in known_adapters.items()}
"""The name of the adapter of each class."""


def validate_name(name: str) -> None:
    """Raise `UnknownAdapterError`, with the closest names, unless *name* is that of an adapter."""
    if name not in known_adapters and name not in (others := _entry_points()):
        names = ", ".join(closest_first(name, {*known_adapters, *others}))
        raise UnknownAdapterError(f"no adapter {name!r}; known, the closest first: {names}")


# Those whose class takes no arguments: one is as good as another, and each test asks for it.
_shared: dict[str, Adapter] = {}


def get_adapter(name: str) -> Adapter:
    """Return the adapter called *name*, made without arguments.

    Raises `UnknownAdapterError` for a name that is none, `MissingLibraryError`, which says what to install,
    when its library is not there, and ``TypeError`` when it has to be told what to test.
    """
    if name in known_adapters:
        shared = _shared.get(name)
        # Whether its library is still there is asked each time.
        if shared is not None and sys.modules.get(known_adapters[name].library) is not None:
            return shared
        cls = load_class(name)
        loaded = cls()
        if cls.__init__ is object.__init__:
            _shared[name] = loaded
        return loaded
    validate_name(name)
    made = _entry_points()[name].load()()
    if not isinstance(made, Adapter):
        raise TypeError(f"the entry point {name!r} in the group {_GROUP!r} makes no adapter, but {made!r}")
    return made


def load_class(name: str) -> type[Adapter]:
    known = known_adapters[name]
    if sys.modules.get(known.library) is None and not _findable(known.library):
        raise MissingLibraryError(
            f"the adapter {name!r} needs {known.library}, which is not installed: "
            f"pip install 'cachetest[{known.extra}]'",
            name=known.library,
        )
    path = f"{__package__}.{name}"
    try:
        # import_module takes ten times as long for one that was imported before.
        module = sys.modules.get(path)
        if module is None or getattr(getattr(module, "__spec__", None), "_initializing", False):
            # Another thread may be at it, which is waited for.
            module = importlib.import_module(path)
        found: type[Adapter] = getattr(module, known.class_name)
    except AttributeError as error:
        # Left as it is, `from cachetest.adapters import Redis` would take it for "no such name".
        raise ImportError(f"the adapter {name!r} can't be loaded: {error}", name=known.library) from error
    return found


def watched_path(name: str) -> str:
    """Return where the class is that watches what the adapter *name* swaps, as ``"module:class"``."""
    return f"{__package__}.{name}.watched:{known_adapters[name].watched}"


def watched_adapter(name: str) -> Adapter:
    """Return the adapter that watches what the adapter *name* swaps: the same each time."""
    path = watched_path(name)
    if path not in _shared:
        module, _, cls = path.partition(":")
        _shared[path] = getattr(importlib.import_module(module), cls)()
    return _shared[path]


def _entry_points() -> dict[str, EntryPoint]:
    # Loaded here: it takes longer to import than all of cachetest, and few need it.
    from importlib.metadata import entry_points

    return {each.name: each for each in entry_points(group=_GROUP)}


def validate_adapters(given: Sequence[T]) -> Sequence[T]:
    """Return *given*; raise an error that names the first of it that is no adapter, nor the name of one."""
    for each in given:
        if isinstance(each, str):
            validate_name(each)
        else:
            validate_adapter(each)
    return given


def validate_adapter(given: object) -> Adapter:
    """Return *given*; raise an error if it is no adapter."""
    if not isinstance(given, Adapter):
        raise TypeError(f"expected an adapter or the name of one, not {given!r}")
    return given


def resolve_adapters(given: Iterable[str | Adapter] | None) -> list[Adapter]:
    """Return the adapters that are meant; None stands for those that are ready to be used.

    Each is there once, in the order given.
    """
    if given is None:
        return detected_adapters()
    if given == ():
        return []
    made = [get_adapter(each) if isinstance(each, str) else validate_adapter(each) for each in given]
    return made if len(made) < 2 else _without_repeats(made)


def _without_repeats(made: Iterable[Adapter]) -> list[Adapter]:
    found: dict[Adapter, Adapter] = {}
    for adapter in made:
        other = found.setdefault(adapter, adapter)
        if other.caches != adapter.caches:
            raise ValueError(
                f"{other!r} and {adapter!r} can't be used together: give one of them all that is to be tested"
            )
    return list(found)


def detected_adapters() -> list[Adapter]:
    """Return those whose library this process has imported, and that find its caches by themselves."""
    imported = [
        get_adapter(name)
        for name, known in known_adapters.items()
        if known.autodetects and sys.modules.get(known.library) is not None
    ]
    return [adapter for adapter in imported if adapter.is_ready()]


def adapter_for(name: str) -> str | None:
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
