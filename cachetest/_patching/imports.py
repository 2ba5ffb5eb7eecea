"""What a program imports while a scope is open: libraries to patch, and patched modules, loaded anew."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from .._recording.locks import make_lock
from ..adapters.registry import get_adapter, known_adapters
from ..errors import CacheTestError
from .shared_installs import patched_owners
from .undo import ABSENT, own_attribute

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..adapters.base import Adapter

    class Session(Protocol):
        """As much of a session as is needed here."""

        @property
        def adapters(self) -> Sequence[Adapter]: ...

        def add(self, adapter: Adapter) -> None: ...


__all__ = ["finder", "follow", "unfollow"]

_lock = make_lock()
# The sessions that are open and take all adapters that can find their caches.
_sessions: dict[Session, None] = {}


def follow(session: Session) -> None:
    """Give *session* the adapters that can be detected from the time that their libraries are ready."""
    with _lock:
        _sessions[session] = None
    if (conf := sys.modules.get("django.conf")) is not None:
        _watch_settings(conf)


def unfollow(session: Session) -> None:
    """Do so no more; harmless where that was so already."""
    with _lock:
        _sessions.pop(session, None)
        if not _sessions:
            _unwatch_settings()


def _became_ready(name: str) -> None:
    """Give the adapter called *name* to each session that takes what is detected."""
    adapter = get_adapter(name)
    if adapter.is_ready():
        for session in tuple(_sessions):
            if adapter not in session.adapters:
                session.add(adapter)


class _Finder:
    """Finds nothing itself: it has the loader of a library that is detected tell when it is loaded."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if target is not None and name in sys.modules:
            _refuse_to_reload(name)
            return None
        loaded = _LOADED.get(name)
        if loaded is None:
            return None
        finders = [each for each in sys.meta_path if each is not self]
        specs = (each.find_spec(name, path, target) for each in finders)
        spec: Any = next((each for each in specs if each is not None), None)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Loader(spec.loader, loaded)
        return spec


finder: Any = _Finder()
"""Belongs in `sys.meta_path` while any scope is open: to load anew what is patched is an error for each."""


class _Loader:
    """Loads one module by its own loader, which the module has for good, and then calls *loaded* with it."""

    def __init__(self, loader: Any, loaded: Callable[[ModuleType], None]) -> None:
        self._loader = loader
        self._loaded = loaded

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._loaded(module)


def _refuse_to_reload(name: str) -> None:
    for adapter, owner in patched_owners():
        if isinstance(owner, ModuleType):
            module = owner.__name__
        else:
            module = (owner if isinstance(owner, type) else type(owner)).__module__
        if module == name:
            raise CacheTestError(
                f"{name} is loaded anew while the adapter {adapter.name!r} has it patched: what it has "
                "then would be real, and counted nowhere; load it anew before the test, or outside the block"
            )


# Django is ready as soon as its settings are configured, by either of these.
_SETTINGS = ("_setup", "configure")
_watched: dict[str, tuple[Any, object]] = {}


def _watch_settings(conf: Any) -> None:
    lazy = getattr(conf, "LazySettings", None)
    if lazy is None or conf.settings.configured:
        return
    with _lock:
        for name in _SETTINGS:
            if name not in _watched:
                _watched[name] = lazy, own_attribute(lazy, name)
                setattr(lazy, name, _telling(getattr(lazy, name)))


def _unwatch_settings() -> None:
    for name, (lazy, found) in tuple(_watched.items()):
        if found is ABSENT:
            delattr(lazy, name)
        else:
            setattr(lazy, name, found)
        _watched.pop(name, None)


def _telling(configure: Callable[..., Any]) -> Callable[..., Any]:
    def configure_and_tell(self: Any, *args: Any, **kwargs: Any) -> Any:
        done = configure(self, *args, **kwargs)
        _became_ready("django")
        return done

    return configure_and_tell


def _torch_loaded(_: ModuleType) -> None:
    _became_ready("inductor")


_LOADED: dict[str, Callable[[ModuleType], None]] = {
    "django.conf": _watch_settings,
    known_adapters["inductor"].library: _torch_loaded,
}
