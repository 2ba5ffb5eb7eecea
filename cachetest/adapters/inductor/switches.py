"""The switches of torch: flags in its config modules."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from ..base import Switch
from ..registry import known_adapters
from .disabled import are_caches_disabled, why_disabled
from .modules import loaded_module

__all__ = ["InductorSwitch", "current_switches"]

# The config modules, with the flags of each that are not in the first.
_CONFIG_MODULES = {
    "torch._inductor.config": (),
    "torch._functorch.config": ("enable_autograd_cache", "enable_remote_autograd_cache"),
    "torch._dynamo.config": (
        "automatic_dynamic_local_pgo",
        "automatic_dynamic_remote_pgo",
        "caching_precompile",
    ),
}


class InductorSwitch(Switch):
    """A flag in one of torch's config modules, *config*, by its name there."""

    def __init__(self, config: Any, name: str) -> None:
        self.name = name
        self._config = config
        self.module = config.__name__
        # The only way to tell "never set" from "set to the default": codegen_config() and the config's
        # hash, which is part of cache keys, tell them apart.
        self._entry = config._config.get(name)
        # Overrides became ContextVars in torch 2.12.
        self.per_context = isinstance(getattr(self._entry, "user_override", None), ContextVar)
        self._in_force: set[object] = set()

    def exists(self) -> bool:
        # Not by hasattr, which has the value worked out as well.
        return self._entry is not None and not getattr(self._entry, "hide", False)

    def save(self) -> object:
        override = self._entry.user_override
        return override.get() if self.per_context else override

    def restore(self, saved: object) -> None:
        # Through the config first, so that it knows that what it derived from its values is stale.
        setattr(self._config, self.name, False)
        if self.per_context:
            self._entry.user_override.set(saved)
        else:
            self._entry.user_override = saved

    def get(self) -> object:
        override = self.save()
        if override is not False and override is not True:
            return getattr(self._config, self.name, None)
        # What else torch goes by, an environment variable that it has read at import, say, stays as it is: an
        # override that was in force once is so each time. To ask torch takes ten times as long.
        if override in self._in_force:
            return override
        found = getattr(self._config, self.name, None)
        if found is override:
            self._in_force.add(override)
        return found

    def set(self, value: bool) -> None:
        setattr(self._config, self.name, value)

    def why_ineffective(self) -> str:
        if self.name == "bundled_autotune_remote_cache" and are_caches_disabled():
            # It is looked up all the same.
            return ""
        return why_disabled()


# The config modules that there were last, and their switches.
_switches: tuple[list[Any], tuple[InductorSwitch, ...]] = ([], ())


def current_switches() -> tuple[InductorSwitch, ...]:
    """Return the switches of the torch that is loaded now, the same each time."""
    global _switches
    configs = [loaded_module(name) for name in _CONFIG_MODULES]
    if _switches[0] != configs:
        modules = {
            flag: config
            for config, flags in zip(configs, _CONFIG_MODULES.values(), strict=True)
            for flag in flags
        }
        names = known_adapters["inductor"].switches
        _switches = configs, tuple(InductorSwitch(modules.get(name, configs[0]), name) for name in names)
    return _switches[1]
