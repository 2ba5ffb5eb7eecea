"""Greetings in the language of a user, made once and kept."""

from cachetools import TTLCache

texts = {"en": "Hello, {}", "de": "Hallo, {}"}
greetings = TTLCache(maxsize=100, ttl=60)


def greeting(user, locale):
    """Return the greeting of *user* in the language of *locale*."""
    key = user, locale
    if key not in greetings:
        greetings[key] = texts[locale].format(user)
    return greetings[key]
