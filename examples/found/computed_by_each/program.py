"""Rates from a slow service, kept in Django's cache by `get_or_set`."""

import django
from django.conf import settings

settings.configure(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}})
django.setup()

from django.core.cache import cache  # noqa: E402

rates = {"EUR": 1.1}


def load(currency):
    """Return the rate of *currency*, from the service."""
    return rates[currency]


def rate(currency):
    """Return the rate of *currency*."""
    return cache.get_or_set(currency, lambda: load(currency))
