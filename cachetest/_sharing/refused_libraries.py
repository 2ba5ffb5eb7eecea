"""The libraries of those adapters that can't be used in a child that started anew: each use is refused.

Where a library is imported, the methods by which it comes to its store are wrapped; for the caches that an
adapter was told of, the objects themselves, as soon as the module that has them was imported.
"""

from __future__ import annotations

from .imports import when_imported, when_main_is_made
from .joined import WITHIN, current_parent, own_scope_is_open, refuse

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

__all__ = ["SWAP_MARK", "begin_to_refuse"]

SWAP_MARK = "_cachetest_swap"
"""The attribute of a class that an adapter has given to an object that it patches."""

# The methods by which a library comes to its store: adapter, module, class, and names.
_METHODS = (
    ("redis", "redis.connection", "AbstractConnection", ("connect", "send_packed_command")),
    ("redis", "redis.asyncio.connection", "AbstractConnection", ("connect", "send_packed_command")),
    (
        "pymemcache",
        "pymemcache.client.base",
        "Client",
        ("_connect", "_fetch_cmd", "_store_cmd", "_misc_cmd"),
    ),
    ("inductor", "torch._inductor.remote_cache", "RemoteCache", ("get", "put")),
)
# What of an object is no use of the cache that it is: nothing is looked up.
_HARMLESS_OF_DJANGO = frozenset(
    {
        *("close", "make_key", "make_and_validate_key", "validate_key", "get_backend_timeout"),
        *("key_func", "default_timeout", "key_prefix", "version"),
    }
)
_CACHES_OF_REGION = (
    *("get", "get_multi", "get_value_metadata", "get_or_create", "get_or_create_multi"),
    *("set", "set_multi", "delete", "delete_multi", "invalidate", "key_is_locked"),
)
_METHODS_OF_MAPPING = (
    *("__getitem__", "__setitem__", "__delitem__", "__contains__", "__iter__", "__len__", "get", "pop"),
    *("popitem", "setdefault", "update", "clear", "keys", "items", "values", "expire"),
)
_CACHES_OF_TORCH = {
    "LocalAutotuneCache": "autotune_local",
    "RemoteAutotuneCache": "autotune_remote",
    "RemoteBundledAutotuneCache": "bundled_autotune",
    "RemoteFxGraphCache": "fx_graph",
    "RemoteAOTAutogradCache": "aot_autograd",
    "RemoteDynamoPGOCache": "dynamo_pgo",
}
_MARK = "_cachetest_refuses"
# What was done to refuse: by adapter and module. It stays, and acts while a parent is in force that has it.
_done: set[tuple[str, str]] = set()


def begin_to_refuse(adapter: str, described: str) -> None:
    """Have the library of the *adapter* that is *described* refuse, now or when it is imported."""
    for each in _METHODS:
        if each[0] == adapter:
            _once(f"{adapter} {each[2]}", each[1], _wrapping_methods(each))
    if adapter == "django":
        _once(adapter, "django.core.cache", _wrap_connections)
    elif adapter in _OF_OBJECTS:
        # Loaded here: few children have such caches.
        import json

        for cache, places in json.loads(described.split(WITHIN)[-1])["places"].items():
            for place in places:
                module = place.partition(":")[0]
                _once(f"{adapter}{cache}{place}", module, _wrapping_target(adapter, cache, place))


def _once(what: str, module: str, do: Callable[[Any], object]) -> None:
    if (what, module) not in _done:
        _done.add((what, module))
        when_imported(module, do)
        if module == "__main__":
            when_main_is_made(do)


def _check(adapter: str, cache: str, what: str, arguments: Iterable[object] = ()) -> None:
    """Raise the error where this process works for a test that has *adapter*, outside its own scopes."""
    parent = current_parent()
    if parent is None or own_scope_is_open():
        return
    if any(each.split(WITHIN)[0] == adapter for each in parent.adapters):
        keys = [each for each in arguments if isinstance(each, (str, bytes))][:1]
        refuse(parent, cache, f"{what}({keys[0]!r:.100})" if keys else f"{what}()")


def _refusing(adapter: str, cache: str, name: str, method: Any) -> Any:
    """Return *method*, wrapped so that it refuses."""
    # Loaded here, as below: a child that imports no library of a cache needs none of this.
    from functools import wraps

    @wraps(method)
    def refusing(*args: Any, **kwargs: Any) -> Any:
        if args and type(args[0]).__module__.partition(".")[0] == "fakeredis":
            # What it connects to is in this process; ours is of it, and asks it something as it is loaded.
            return method(*args, **kwargs)
        # Torch has a class for each of its caches.
        named = _CACHES_OF_TORCH.get(type(args[0]).__name__, cache) if args else cache
        _check(adapter, named, name, args[1:])
        return method(*args, **kwargs)

    setattr(refusing, _MARK, True)
    return refusing


def _wrapping_methods(which: tuple[str, str, str, tuple[str, ...]]) -> Callable[[Any], None]:
    return lambda module: _wrap_methods(which, module)


def _wrapping_target(adapter: str, cache: str, place: str) -> Callable[[Any], None]:
    return lambda module: _wrap_target(adapter, cache, place, module)


def _wrap_methods(which: tuple[str, str, str, tuple[str, ...]], module: Any) -> None:
    adapter, _, owner, names = which
    cls = getattr(module, owner, None)
    for name in names:
        method = vars(cls).get(name) if cls is not None else None
        if callable(method) and not hasattr(method, _MARK):
            setattr(cls, name, _refusing(adapter, adapter, name.strip("_"), method))


def _wrap_connections(module: Any) -> None:
    """Have each cache of Django that is made, and those that this thread has, refuse."""
    from functools import wraps

    cls = module.CacheHandler
    create = cls.create_connection

    @wraps(create)
    def create_refusing(handler: Any, alias: str) -> Any:
        made = create(handler, alias)
        # One that is made in a scope of this process is patched there, by its class.
        if not own_scope_is_open():
            _make_django_refuse(made, alias)
        return made

    cls.create_connection = create_refusing
    # Without settings none has been made.
    for alias in module.caches if module.caches.__dict__.get("settings") else ():
        found = getattr(module.caches._connections, alias, None)
        if found is not None:
            _make_django_refuse(found, alias)


def _make_django_refuse(cache: Any, alias: str) -> None:
    if type(cache).__module__.partition(".")[0] == "cachetest":
        return
    for name in dir(type(cache)):
        method = getattr(cache, name, None) if not name.startswith("_") else None
        if name not in _HARMLESS_OF_DJANGO and callable(method):
            _set(cache, name, _refusing_bound(alias, name, method))
    cls = type(cache)
    inside = cls.__contains__

    def contains(held: Any, key: Any) -> bool:
        _check_django(alias, "__contains__", (key,))
        return bool(inside(held, key))

    names = {"__contains__": contains, "__module__": cls.__module__, "__qualname__": cls.__qualname__}
    cache.__class__ = type(cls.__name__, (cls,), names)


def _check_django(alias: str, what: str, arguments: Iterable[object]) -> None:
    parent = current_parent()
    for each in () if parent is None else parent.adapters:
        if each.split(WITHIN)[0] == "django":
            _check("django", alias, what, arguments)


def _refusing_bound(alias: str, name: str, method: Any) -> Any:
    from functools import wraps

    @wraps(method)
    def refusing(*args: Any, **kwargs: Any) -> Any:
        _check_django(alias, name, args)
        return method(*args, **kwargs)

    return refusing


def _set(owner: Any, name: str, value: Any) -> None:
    vars(owner)[name] = value


def _wrap_target(adapter: str, cache: str, place: str, module: Any) -> None:
    """Have the object at *place*, a cache that an adapter was told of, refuse."""
    *path, name = place.partition(":")[2].split(".")
    owner: Any = module
    for each in path:
        owner = getattr(owner, each, None)
    if issubclass(type(owner), type):
        owner = next((base for base in owner.__mro__ if name in vars(base)), owner)
    found = getattr(owner, name, None)
    if adapter == "cachetools" and callable(found):
        # A function that was decorated with a cache.
        found = getattr(found, "cache", None)
    cls = type(found)
    # Where it is patched, its scope refuses.
    if found is None or _MARK in vars(cls) or SWAP_MARK in vars(cls):
        return
    if adapter == "functools":
        from .stand_in import MemoStandIn

        kept = vars(owner).get(name, found)
        kind = type(kept) if type(kept) in (classmethod, staticmethod) else None
        function = kept if kind is None else kept.__func__
        stand_in = MemoStandIn(function, lambda: _check(adapter, cache, "a call"))
        setattr(owner, name, stand_in if kind is None else kind(stand_in))
        # The functions of a main module that multiprocessing has made look names up in a dict of their own.
        for each in list(vars(owner).values()):
            names = getattr(each, "__globals__", None) if type(each) is type(_wrap_target) else None
            if names is not None and names.get(name) is function:
                names[name] = stand_in
        return
    methods = _CACHES_OF_REGION if adapter == "dogpile" else _METHODS_OF_MAPPING
    own = {
        each: _refusing(adapter, cache, each, getattr(cls, each)) for each in methods if hasattr(cls, each)
    }
    own |= {_MARK: True, "__module__": cls.__module__, "__qualname__": cls.__qualname__}
    object.__setattr__(found, "__class__", type(cls.__name__, (cls,), own))


_OF_OBJECTS = ("cachetools", "dogpile", "functools")
