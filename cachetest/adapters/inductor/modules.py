"""The modules of torch, and the packages that are never the caller of an operation."""

from __future__ import annotations

import importlib
import sys
from typing import Any

__all__ = ["AUTOGRAD", "CODECACHE", "LIBRARIES", "loaded_module"]

CODECACHE = "torch._inductor.codecache"
AUTOGRAD = "torch._functorch._aot_autograd.autograd_cache"
LIBRARIES = frozenset({"torch", "triton", "functorch"})


def loaded_module(name: str) -> Any:
    """Return the module called *name*, imported now if it was not."""
    # import_module takes five times as long for one that was imported before.
    return sys.modules.get(name) or importlib.import_module(name)
