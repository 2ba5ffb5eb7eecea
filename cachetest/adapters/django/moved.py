"""Where Django's back ends, and those of django-redis, read the time."""

from __future__ import annotations

import functools
import sys
import time
from importlib import import_module

from ..clocked import MOVED_TIME, Places

__all__ = ["places"]

_DJANGO = [f"django.core.cache.backends.{name}" for name in ("base", "filebased", "locmem", "memcached")]


def places() -> Places:
    """Return the modules that are moved: by name, for a later override may be the first to need one."""
    return _places("django_redis" in sys.modules)


@functools.cache
def _places(has_django_redis: bool) -> Places:
    names = [*_DJANGO, *(["django_redis.client.herd"] if has_django_redis else [])]
    return Places([(import_module(name), "time") for name in names], time, MOVED_TIME)
