"""The settings of JAX that are changed around a test, and put back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ..base import Switch
from .modules import SWITCH, compilation_cache, holder

if TYPE_CHECKING:
    from ..._patching.undo import Undo

__all__ = ["JaxSwitch", "begin_anew", "forget_use", "set_settings"]

# What JAX remembers of its cache, and what it is before the first use.
_MEMORY = {"_cache": None, "_cache_initialized": False, "_cache_checked": False, "_cache_used": False}
_ANSWERS = ("_cache_checked", "_cache_used")

# By these, what compiles fast and what is small is cached too, and XLA has no folder of its own for more.
_SETTINGS = {
    "jax_persistent_cache_min_compile_time_secs": 0.0,
    "jax_persistent_cache_min_entry_size_bytes": -1,
    "jax_persistent_cache_enable_xla_caches": "none",
}
_DIRECTORY = "jax_compilation_cache_dir"
_IN_MEMORY = "kept-in-memory-by-cachetest"


def _everywhere(found: Any) -> Any:
    """Return the value of a setting for the whole process, not the one that a ``with`` gives a thread."""
    return found.get_global() if hasattr(found, "get_global") else found._value


def set_settings(undo: Undo) -> None:
    """Have JAX cache every compile until *undo* runs; a program's own directory stays what it is."""
    values = dict(_SETTINGS)
    if not _everywhere(holder(_DIRECTORY)):
        values[_DIRECTORY] = _IN_MEMORY
    for name, value in values.items():
        found = holder(name)
        if found is not None:
            undo.add(partial(found._set, _everywhere(found)))
            found._set(value)


def begin_anew(undo: Undo) -> None:
    """Have JAX make its cache anew, now and when *undo* has run as it was before."""
    module = compilation_cache()
    undo.add(partial(_put_back, {name: getattr(module, name) for name in _MEMORY}))
    _put_back(_MEMORY)


def _put_back(values: dict[str, Any]) -> None:
    module = compilation_cache()
    for name, value in values.items():
        setattr(module, name, value)


def forget_use() -> None:
    """Have JAX ask again whether its cache is used: it does so once, and remembers the answer."""
    _put_back({name: _MEMORY[name] for name in _ANSWERS})


class JaxSwitch(Switch):
    """The setting ``jax_enable_compilation_cache``."""

    name = SWITCH

    def exists(self) -> bool:
        return holder(self.name) is not None

    def save(self) -> object:
        module = compilation_cache()
        return _everywhere(holder(self.name)), {name: getattr(module, name) for name in _ANSWERS}

    def restore(self, saved: Any) -> None:
        value, answers = saved
        holder(self.name)._set(value)
        _put_back(answers)

    def get(self) -> object:
        return holder(self.name).value

    def set(self, value: bool) -> None:
        holder(self.name)._set(value)
        forget_use()
