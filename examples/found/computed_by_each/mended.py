"""Rates from a slow service, kept in Django's cache, and loaded by one at a time."""

import threading

import django
from django.conf import settings

settings.configure(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}})
django.setup()

from django.core.cache import cache  # noqa: E402

rates = {"EUR": 1.1}
lock = threading.Lock()


def load(currency):
    """Return the rate of *currency*, from the service."""
    return rates[currency]


def rate(currency):
    """Return the rate of *currency*."""
    found = cache.get(currency)
    if found is None:
        with lock:
            found = cache.get_or_set(currency, lambda: load(currency))
    return found
