"""A limit of calls a minute, counted in Django's cache."""

import django
from django.conf import settings

settings.configure(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}})
django.setup()

from django.core.cache import cache  # noqa: E402

LIMIT = 3


def is_allowed(user):
    """Count a call of *user*, and return whether it may be done."""
    key = f"calls:{user}"
    cache.add(key, 0, timeout=60)
    return cache.incr(key) <= LIMIT
