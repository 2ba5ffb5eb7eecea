"""``mega_cache``: the artifacts that ``save_cache_artifacts()`` saves and ``load_cache_artifacts()`` loads.

Each artifact is an entry: one that is saved is put, one that is loaded is hit. Torch gathers them in its
process; in a test, those of its scope are saved, and no other's. The bytes are in the hands of the program,
and so the cache is watched: what torch makes of an artifact that is loaded is a put in another local cache.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from ..._telling.facts import ORIGINS
from ..._telling.formatting import Shown
from .hook import Hook
from .local import LocalCache, mocked
from .modules import LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..._caches.cache import MockCache

__all__ = ["MEGA"]

_MODULE, _OWNER = "torch.compiler._cache", "CacheArtifactManager"
_NAME = "mega_cache"


def _manager_of(cache: MockCache, owner: type) -> Any:
    """Return the *owner* of artifacts for the scope of *cache*: a subclass with a state of its own."""
    return cache.adapter_state("artifacts", functools.partial(_make_manager, owner), _begin_as)


def _state_of(owner: type) -> dict[str, Any]:
    """Return what torch gathers in attributes of *owner*."""
    return {
        name: value
        for name, value in vars(owner).items()
        if name.startswith("_") and not name.startswith("__") and hasattr(value, "clear")
    }


def _make_manager(owner: type) -> type:
    return type(owner.__name__, (owner,), {name: _empty(each) for name, each in _state_of(owner).items()})


def _empty(value: Any) -> Any:
    if isinstance(value, defaultdict):
        return defaultdict(value.default_factory)
    serialize = getattr(value, "_serialize_fn", None)
    return type(value)() if serialize is None else type(value)(serialize_fn=serialize)


def _begin_as(made: type, other: type, copy: Callable[[object, Any], Any]) -> Iterable[object]:
    for name, value in _state_of(other).items():
        setattr(made, name, copy(name, value))
    return ()


def _around_own(method: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a class method of what gathers artifacts, which is the scope's own in a test."""

    @functools.wraps(method)
    def of_scope(*args: Any, **kwargs: Any) -> Any:
        return _call(method, *args, **kwargs)[1]

    return of_scope


def _call(method: Any, *args: Any, **kwargs: Any) -> tuple[MockCache | None, Any]:
    """Call the class *method* as one of the scope's own, and return its cache and what that returned."""
    cache = mocked(_NAME)
    if cache is None or not hasattr(method, "__func__"):
        return None, method(*args, **kwargs)
    return cache, method.__func__(_manager_of(cache, method.__self__), *args, **kwargs)


def _around_serialize(serialize: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap what saves all artifacts, and says which."""

    @functools.wraps(serialize)
    def serialize_and_record() -> Any:
        cache, saved = _call(serialize)
        if cache is not None and saved is not None:
            for kind, keys in saved[1].artifacts.items():
                for key in keys:
                    cache.record("put", f"{kind}/{key}", LIBRARIES)
        return saved

    return serialize_and_record


def _come_from_elsewhere(cache: MockCache, key: object) -> None:
    origins: dict[object, str] = cache.adapter_state(ORIGINS, dict)
    origins[key] = "artifacts that were not saved in this test"


def _around_deserialize(deserialize: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Wrap what decodes saved bytes, and returns None for those that it can't."""

    @functools.wraps(deserialize)
    def deserialize_and_tell(serialized_artifacts: bytes) -> Any:
        artifacts = deserialize(serialized_artifacts)
        cache = mocked(_NAME) if artifacts is None else None
        if cache is not None:
            given = Shown(f"artifacts ({len(serialized_artifacts):,} bytes)")
            _come_from_elsewhere(cache, given)
            cache.record("hit", given, LIBRARIES)
            cache.record("refusal", given, LIBRARIES, {"error": "they can't be decoded: torch logs why"})
        return artifacts

    return deserialize_and_tell


def _around_populate(populate: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Wrap what puts loaded artifacts where torch will look for them."""

    @functools.wraps(populate)
    def populate_and_record(artifacts: Any) -> Any:
        cache = mocked(_NAME)
        if cache is not None:
            put = set(cache.operations.keys("put"))
            for kind, each in artifacts.items():
                for artifact in each:
                    key = f"{kind}/{artifact.key}"
                    if key not in put:
                        _come_from_elsewhere(cache, key)
                    cache.record("hit", key, LIBRARIES)
        return populate(artifacts)

    return populate_and_record


MEGA = LocalCache(
    _NAME,
    (
        Hook(_MODULE, _OWNER, "record_artifact", _around_own, swaps=True),
        Hook(_MODULE, _OWNER, "need_serialize", _around_own, swaps=True),
        Hook(_MODULE, _OWNER, "clear", _around_own, swaps=True),
        Hook(_MODULE, _OWNER, "with_fresh_cache", _around_own, swaps=True),
        Hook(_MODULE, _OWNER, "serialize", _around_serialize, swaps=True),
        Hook(_MODULE, _OWNER, "deserialize", _around_deserialize, swaps=True),
        Hook(_MODULE, _OWNER, "populate_caches", _around_populate, swaps=True),
    ),
    since="2.7",
    is_shared=False,
    why_own=(
        "the artifacts are bytes that the program has: give torch.compiler.load_cache_artifacts() those that "
        "it is to be tested with"
    ),
)
