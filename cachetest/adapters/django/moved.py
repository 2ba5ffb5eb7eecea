"""Where Django's back ends, and those of django-redis, read the time."""

from __future__ import annotations

import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING

from ..clocked import MOVED_TIME

if TYPE_CHECKING:
    from ..clocked import Place

__all__ = ["places"]

_DJANGO = [f"django.core.cache.backends.{name}" for name in ("base", "filebased", "locmem", "memcached")]


def places() -> list[Place]:
    """Return the modules that are moved: by name, for a later override may be the first to need one."""
    names = [*_DJANGO, *(["django_redis.client.herd"] if "django_redis" in sys.modules else [])]
    return [(import_module(name), "time", time, MOVED_TIME) for name in names]
