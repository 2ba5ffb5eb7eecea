"""Whether torch uses any cache at all, and compiles at all."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from .modules import loaded_module

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["are_caches_disabled", "why_disabled"]

_DISABLE_CACHES = ("TORCHINDUCTOR_FORCE_DISABLE_CACHES", "TORCH_COMPILE_FORCE_DISABLE_CACHES")
_DISABLE_COMPILE = ("TORCH_COMPILE_DISABLE", "TORCHDYNAMO_DISABLE")


def are_caches_disabled() -> bool:
    """Return whether torch uses no cache at all, in the calling context."""
    # Where a release has it twice, the second is an alias, which takes three times as long to read.
    config = sys.modules.get("torch.compiler.config")
    if "force_disable_caches" not in getattr(config, "_config", ()):
        config = loaded_module("torch._inductor.config")
    return bool(getattr(config, "force_disable_caches", False))


def why_disabled() -> str:
    """Return what keeps torch from using any cache now, and what to do; nothing where nothing does."""
    if are_caches_disabled():
        return (
            f"torch uses no cache: force_disable_caches is on{_set_by(_DISABLE_CACHES)}; "
            "turn it off, or skip the test there"
        )
    compiles_nothing = getattr(loaded_module("torch._dynamo.config"), "disable", False)
    if compiles_nothing or os.environ.get("TORCHDYNAMO_DISABLE") == "1":
        return (
            f"torch compiles nothing: torch._dynamo.config.disable is on{_set_by(_DISABLE_COMPILE)}; "
            "turn it off, or skip the test there"
        )
    return ""


def _set_by(variables: Sequence[str]) -> str:
    found = [f"{name}={os.environ[name]}" for name in variables if os.environ.get(name, "0") != "0"]
    return f" ({', '.join(found)} in the environment)" if found else ""
