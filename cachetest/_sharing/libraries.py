"""The libraries of a test's adapters in a child that started anew: each adapter is installed when needed.

That is where a library comes to its store for the first time, or where the module that has a cache which an
adapter was told of has been imported. Until then nothing of the adapter is loaded.
"""

from __future__ import annotations

import sys
from importlib import import_module

from .imports import is_loaded, when_imported, when_main_is_made
from .joined import WITHIN, Parent, current_parent, own_scope_is_open, refuse_in_child

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["begin_to_ask", "ensure", "forget_job", "named"]
__all__ += ["refuse_outside_scopes"]

_REDIS = (
    ("redis.connection", "AbstractConnection", ("connect", "send_packed_command")),
    ("redis.asyncio.connection", "AbstractConnection", ("connect", "send_packed_command")),
)
_PYMEMCACHE = (("pymemcache.client.base", "Client", ("_connect", "_fetch_cmd", "_store_cmd", "_misc_cmd")),)
# The methods by which a library comes to its store, by adapter: module, class, and names.
_METHODS: dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "redis": _REDIS,
    "pymemcache": _PYMEMCACHE,
    # Its back ends come to theirs by those.
    "django": (("django.core.cache", "CacheHandler", ("create_connection",)), *_REDIS, *_PYMEMCACHE),
    "inductor": (
        ("torch._inductor.remote_cache", "RemoteCache", ("__init__", "get", "put")),
        # What comes to the files of its local caches: a compile, or one who knows them.
        ("torch._dynamo.callback", "CompilationCallbackHandler", ("install_callbacks",)),
        ("torch._inductor.codecache", "FxGraphCache", ("load_with_key", "_save_graph")),
        ("torch._functorch._aot_autograd.autograd_cache", "AOTAutogradCache", ("_lookup", "save")),
        ("torch.compiler._cache", "CacheArtifactManager", ("deserialize",)),
    ),
}
_MARK = "_cachetest_asks"
# Which methods were wrapped, by adapter, and which modules are waited for. It stays, and acts while a parent
# is in force that has the adapter.
_wrapped: set[tuple[str, str]] = set()


def named(described: str) -> str:
    """Return the name of the adapter that is *described*."""
    return described.partition(WITHIN)[0]


def begin_to_ask(parent: Parent) -> None:
    """Have the adapters of *parent* installed as soon as they are needed; at once where they are already."""
    for described in parent.adapters:
        name, modules, _ = described.split(WITHIN)
        for module, owner, names in _METHODS.get(name, ()):
            if (name, module) not in _wrapped:
                _wrapped.add((name, module))
                when_imported(module, _wrapping(name, owner, names))
        if name == "django" and is_loaded("django.core.cache"):
            caches: Any = sys.modules["django.core.cache"].caches
            if vars(caches).get("settings"):
                # The program has objects already, which are reached by their classes.
                ensure(name)
        for module in modules.split(",") if modules else ():
            _look_at(described, module)


def _look_at(described: str, module: str) -> None:
    """Install what is *described* for what *module* has, when that was imported."""

    def install(found: Any) -> None:
        parent = current_parent()
        if parent is not None and described in parent.adapters:
            _installing().install_for(parent, described, found.__name__)

    if is_loaded(module):
        # In a job; else what is there is the main module, which is about to run.
        install(sys.modules[module])
    elif (described, module) not in _wrapped:
        when_imported(module, install)
    if module == "__main__" and (described, module) not in _wrapped:
        when_main_is_made(install)
    _wrapped.add((described, module))


def ensure(name: str) -> None:
    """Have the adapters called *name* installed, where this process works for a test that has them."""
    parent = current_parent()
    if parent is None or own_scope_is_open():
        return
    for described in parent.adapters:
        if named(described) == name:
            _installing().install_for(parent, described, "")


def _installing() -> Any:
    # By name: what installs is of a higher level, and is loaded by a child that uses a cache.
    return import_module("cachetest._patching.in_children")


def forget_job(parent: Parent) -> None:
    """Take off what was installed for a job of *parent*."""
    installing = sys.modules.get("cachetest._patching.in_children")
    if installing is not None:
        installing.take_off(parent)


def _wrapping(adapter: str, owner: str, names: tuple[str, ...]) -> Callable[[Any], None]:
    return lambda module: _wrap_methods(adapter, getattr(module, owner, None), names)


def _wrap_methods(adapter: str, cls: Any, names: tuple[str, ...]) -> None:
    for name in names:
        method = vars(cls).get(name) if cls is not None else None
        if method is None and cls is not None and adapter == "django":
            method = getattr(cls, name, None)
        if callable(method):
            asking = _asking(adapter, method)
            setattr(cls, name, staticmethod(asking) if isinstance(method, staticmethod) else asking)


def _refuse_real(name: str, arguments: tuple[Any, ...]) -> None:
    """Refuse the use of a cache object of torch that was made with its real backend."""
    backend = getattr(arguments[0], "backend", None)
    if name != "__init__" and type(backend).__module__.partition(".")[0] != "cachetest":
        what = f"{name}({arguments[1]!r:.100})" if len(arguments) > 1 else f"{name}()"
        refuse_in_child(f"{what} of a {type(arguments[0]).__name__} from before the test")


def _asking(adapter: str, method: Any) -> Any:
    """Return *method*, before which the adapter is installed."""
    # Loaded here: a child that imports no library of a cache needs none of this.
    from functools import wraps

    @wraps(method)
    def asking(*args: Any, **kwargs: Any) -> Any:
        if not args or type(args[0]).__module__.partition(".")[0] != "fakeredis":
            # What that connects to is in this process; ours is of it, and asks it something as it is loaded.
            ensure(adapter)
            if adapter == "inductor" and args and hasattr(args[0], "backend"):
                _refuse_real(method.__name__, args)
        return method(*args, **kwargs)

    setattr(asking, _MARK, True)
    return asking


def refuse_outside_scopes(parent: Parent, stops: list[Callable[[], object]]) -> Callable[[Any], None]:
    """Have what is done outside any scope refused for *parent*, now or when there can be scopes.

    *stops* gets what ends that; what is returned is no longer to be waited with.
    """

    def begin(_: object) -> None:
        from .remote import ask_outside

        stops.append(ask_outside(parent.test))

    when_imported("cachetest._caches.attribution", begin)
    return begin
