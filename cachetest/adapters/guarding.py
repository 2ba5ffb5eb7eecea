"""Where libraries leave the process: the functions that a guard watches, by name, with no library loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["LEAVING", "GuardPoint", "points_of_class", "points_of_object"]


class GuardPoint(NamedTuple):
    """A function that a guard watches: the attribute ``name`` of ``owner``, a class or a module.

    ``owner`` may be a string, ``"package.module:Class"`` or ``"package.module"``: it is then watched from
    when that module is imported. ``place`` is called with the function itself and the arguments of a call,
    and returns where the call goes, ``"localhost:6379"`` or a path, as ``allow`` names it; or None where it
    goes nowhere. An ``optional`` function is passed over where the library has none.
    """

    owner: str | object
    name: str
    place: Callable[..., str | None]
    optional: bool = False


def points_of_class(
    owner: str | object, names: Iterable[str], place: Callable[..., str | None], *, optional: bool = False
) -> list[GuardPoint]:
    """Return a point for each of the methods *names* of *owner*, which all go to the same *place*."""
    return [GuardPoint(owner, name, place, optional) for name in names]


def points_of_object(cls: type, names: Iterable[str], target: object, place: str) -> list[GuardPoint]:
    """Return a point for each of the methods *names* that *cls* has, for calls on *target* alone.

    *cls* is the class that it has while nothing is patched.
    """

    def place_of(_: object, called: object, *args: object, **kwargs: object) -> str | None:
        return place if called is target else None

    return points_of_class(cls, names, place_of, optional=True)


def _address(host: object, port: object) -> str:
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"


def _of_redis(_: object, connection: Any, *args: object, **kwargs: object) -> str | None:
    if any(cls.__module__.partition(".")[0] == "fakeredis" for cls in type(connection).__mro__):
        return None
    path = getattr(connection, "path", None)
    if path or not hasattr(connection, "host"):
        return str(path or connection)
    return _address(connection.host, connection.port)


def _of_pymemcache(_: object, client: Any, *args: object, **kwargs: object) -> str:
    server = client.server
    return _address(*server) if isinstance(server, tuple) else str(server)


def _of_folder(_: object, cache: Any, *args: object, **kwargs: object) -> str:
    return str(cache._dir)


def _of_table(_: object, cache: Any, *args: object, **kwargs: object) -> str:
    return f"the table {cache._table}"


def _of_other_memcached(_: object, cache: Any, *args: object, **kwargs: object) -> str | None:
    """Return the first server of a Django cache; None where pymemcache, which is watched, talks to it."""
    if getattr(cache._lib, "__name__", "").partition(".")[0] == "pymemcache":
        return None
    return str(cache._servers[0])


def _of_file(_: object, backend: Any, *args: object, **kwargs: object) -> str:
    return str(backend.filename)


def _of_dogpile_memcached(_: object, backend: Any, *args: object, **kwargs: object) -> str | None:
    if any(cls.__name__ == "PyMemcacheBackend" for cls in type(backend).__mro__):
        return None
    url = backend.url
    return str(url if isinstance(url, str) else url[0])


def _of_valkey(_: object, backend: Any, *args: object, **kwargs: object) -> str:
    return str(backend.url or _address(backend.host, backend.port))


def _of_key(_: object, backend: object, key: str, *args: object) -> str:
    return key


def _of_result(function: Callable[..., Any], *args: Any, **kwargs: Any) -> str | None:
    """Return the path that *function* itself returns, with nothing done."""
    found = function(*args, **kwargs)
    return None if found is None else str(found)


def _of_torch(*args: object, **kwargs: object) -> str:
    from importlib import import_module

    return str(import_module("torch._inductor.runtime.cache_dir_utils").cache_dir())


_REDIS = "redis.connection:AbstractConnection"
_ASYNC_REDIS = "redis.asyncio.connection:AbstractConnection"
_BACKENDS = "django.core.cache.backends"
_DOGPILE = "dogpile.cache.backends"
_PUBLIC = ("get", "add", "set", "touch", "delete", "incr", "get_many", "set_many", "delete_many", "clear")
_MULTI = ("get", "get_multi", "set", "set_multi", "delete", "delete_multi")
_SERIALIZED = ("get_serialized", "get_serialized_multi", "set_serialized", "set_serialized_multi")

# What an adapter patches is no point, or they would have to end in the order in which they began
# (`test_points.DisjointTests`).
LEAVING: dict[str, list[GuardPoint]] = {
    "redis": [
        *points_of_class(_REDIS, ("connect", "send_packed_command"), _of_redis, optional=True),
        # What an asyncio connection sends is packed by it first.
        *points_of_class(
            _ASYNC_REDIS, ("connect", "pack_command", "pack_commands"), _of_redis, optional=True
        ),
    ],
    "pymemcache": points_of_class(
        "pymemcache.client.base:Client",
        ("_fetch_cmd", "_store_cmd", "_misc_cmd"),
        _of_pymemcache,
        optional=True,
    ),
    "django": [
        *points_of_class(
            f"{_BACKENDS}.filebased:FileBasedCache",
            ("_key_to_file", "_list_cache_files"),
            _of_folder,
            optional=True,
        ),
        *points_of_class(
            f"{_BACKENDS}.db:DatabaseCache",
            ("get_many", "_base_set", "_base_delete_many", "has_key", "clear"),
            _of_table,
            optional=True,
        ),
        *points_of_class(
            f"{_BACKENDS}.memcached:BaseMemcachedCache", _PUBLIC, _of_other_memcached, optional=True
        ),
    ],
    "dogpile": [
        GuardPoint(f"{_DOGPILE}.file:DBMBackend", "_dbm_file", _of_file, optional=True),
        *points_of_class(
            f"{_DOGPILE}.memcached:GenericMemcachedBackend", _MULTI, _of_dogpile_memcached, optional=True
        ),
        *points_of_class(
            f"{_DOGPILE}.valkey:ValkeyBackend",
            (*_SERIALIZED, "delete", "delete_multi"),
            _of_valkey,
            optional=True,
        ),
    ],
    "inductor": [
        *points_of_class(
            "torch._inductor.remote_cache:LocalCacheBackend", ("_get", "_put"), _of_key, optional=True
        ),
        GuardPoint("torch._inductor.codecache:CacheBase", "get_local_cache_path", _of_result, optional=True),
        GuardPoint("torch._inductor.codecache:FxGraphCache", "_get_tmp_dir", _of_result, optional=True),
        GuardPoint(
            "torch._functorch._aot_autograd.autograd_cache:AOTAutogradCache",
            "_get_tmp_dir",
            _of_result,
            optional=True,
        ),
        GuardPoint("torch._dynamo.pgo", "code_state_path", _of_result, optional=True),
    ],
}
"""By the name of each library's adapter, the functions by which it reads or writes outside the process."""
