"""The swap of Django's caches; the alias of an object that is out already is found out here."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from asgiref.local import Local
from django.conf import settings
from django.core.cache import CacheHandler, caches
from django.core.cache.backends.dummy import DummyCache
from django.utils.module_loading import import_string

from ..._patching.undo import own_attribute
from ...errors import CacheTestError
from .backend import SET_BY_BASE, DjangoBackend

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..._patching.undo import Undo

__all__ = ["Swap", "patched_attributes"]

# The types of attributes by which an object shows what its constructor was given. Django's in-memory caches
# of one location share a lock, and no others do.
_TELLING = (str, int, float, tuple, list, type(threading.Lock()))

# Every class that was ever patched. When the settings have changed by then, it still has to be compared.
_known_classes: dict[type, None] = {}


def patched_attributes(configured: Mapping[str, Any]) -> Mapping[str, object]:
    """Return the value of each attribute that is patched for the caches *configured*, or was for others."""
    _known_classes.update(dict.fromkeys(_classes(configured).values()))
    found = {"django.core.cache.caches.create_connection": own_attribute(caches, "create_connection")}
    for cls in _known_classes:
        for name in ("__init__", "__getattribute__"):
            found[f"{cls.__module__}.{cls.__qualname__}.{name}"] = own_attribute(cls, name)
    return found


def _classes(configured: Mapping[str, Any]) -> dict[str, type]:
    """Return the backend class of each alias, without those that can't be imported: they have no objects."""
    found = {}
    for alias, parameters in configured.items():
        try:
            found[alias] = import_string(parameters["BACKEND"])
        except ImportError:
            continue
    return found


def _shows(cache: Any) -> dict[str, object]:
    return {
        name: value
        for name, value in vars(cache).items()
        if name in SET_BY_BASE or isinstance(value, _TELLING)
    }


class Swap:
    """The caches as they were *configured* when they were patched, and the objects made of them before.

    *given* are the aliases to swap; none stands for all, those of an override of the settings included.
    """

    def __init__(self, given: tuple[str, ...], configured: Mapping[str, Any]) -> None:
        self._given = given
        self._configured = configured
        self._classes = _classes(configured)
        self._found = dict(vars(caches))
        self._connections: Any = caches._connections
        self._create: Callable[[str], Any] = caches.create_connection
        # For each object that is out: its alias, or None for one that is to be left alone.
        self._alias_of: WeakKeyDictionary[Any, str | None] = WeakKeyDictionary()
        self._backends: dict[str, DjangoBackend] = {}

    def begin(self, undo: Undo) -> None:
        """Patch; *undo* undoes it."""
        for alias in self._configured:
            held = getattr(self._connections, alias, None)
            if held is not None:
                self._alias_of[held] = alias
        undo.add(self._put_connections_back)
        caches._connections = Local(caches.thread_critical)
        undo.set_attribute(caches, "create_connection", self._connect)
        undo.set_attribute(DjangoBackend, "__getattribute__", object.__getattribute__)
        for cls in dict.fromkeys(self._classes.values()):
            undo.set_attribute(cls, "__init__", self._initializer(cls))
            undo.set_attribute(cls, "__getattribute__", self._reader(cls))

    def _put_connections_back(self) -> None:
        if settings.CACHES is not self._configured:
            # An override of the settings outlives the patch, and what was made before is of other settings.
            caches._connections = Local(caches.thread_critical)
            return
        for name in ("_settings", "settings", "_connections"):
            if name in self._found:
                setattr(caches, name, self._found[name])
            else:
                vars(caches).pop(name, None)

    def _serves(self, alias: str) -> bool:
        return not self._given or alias in self._given

    def _connect(self, alias: str) -> Any:
        """Make the object that ``caches[alias]`` is from now on, on the calling thread."""
        real = self._create(alias)
        if isinstance(real, DjangoBackend):
            return real
        # By an override of the settings, the test may have asked for no cache at all.
        off = isinstance(real, DummyCache) and caches.settings is not self._configured
        if off or not self._serves(alias):
            self._alias_of[real] = None
            return real
        return _backend(alias, real)

    def _backend_of(self, held: Any) -> DjangoBackend | None:
        """Return the backend in place of an object that the program has; None if there is none."""
        try:
            alias = self._alias_of[held]
        except KeyError:
            alias = self._alias_of[held] = self._identify(held)
        if alias is None or not self._serves(alias):
            return None
        return self._backend(alias)

    def _backend(self, alias: str) -> DjangoBackend:
        if alias not in self._backends:
            # With a handler that nobody has patched.
            made = _backend(alias, CacheHandler(self._configured).create_connection(alias))
            self._backends.setdefault(alias, made)
        return self._backends[alias]

    def _identify(self, held: Any) -> str | None:
        for alias in self._configured:
            if getattr(self._connections, alias, None) is held:
                return alias
        shows = _shows(held)
        alike = [
            alias
            for alias, cls in self._classes.items()
            if cls is type(held) and _shows(self._backend(alias).real) == shows
        ]
        if len(alike) > 1:
            raise CacheTestError(
                f"a {type(held).__name__} made before the test may be any of {', '.join(alike)}, which are "
                "configured alike: give each a KEY_PREFIX or a LOCATION of its own, or take the object from "
                "django.core.cache.caches when it is used"
            )
        return alike[0] if alike else None

    def _initializer(self, cls: Any) -> Callable[..., None]:
        found = cls.__init__

        def initialize(made: Any, *args: Any, **kwargs: Any) -> None:
            if made in self._alias_of:  # the constructor of a subclass calls this one
                found(made, *args, **kwargs)
                return
            # It is told by its attributes, which it does not have before its constructor is done.
            self._alias_of[made] = None
            try:
                found(made, *args, **kwargs)
            finally:
                self._alias_of.pop(made, None)

        return initialize

    def _reader(self, cls: Any) -> Callable[[Any, str], Any]:
        found = cls.__getattribute__

        def read(held: Any, name: str) -> Any:
            # Whatever the name is: an attribute that the class adds may talk to its server.
            backend = None if name.startswith("__") else self._backend_of(held)
            return found(held, name) if backend is None else getattr(backend, name)

        return read


def _backend(alias: str, real: Any) -> DjangoBackend:
    # It makes the keys, and must not be taken for an object that the program holds.
    cls: Any = type(real)
    real.__class__ = _unpatched(cls)
    return DjangoBackend(alias, real)


@functools.cache
def _unpatched(cls: type) -> type:
    own = {"__getattribute__": object.__getattribute__, "__module__": cls.__module__, "__doc__": cls.__doc__}
    return type(cls.__name__, (cls,), own)
