"""Functions of a program that make keys, and what holds them."""

import functools
import hashlib
from dataclasses import dataclass


@dataclass
class Query:
    item: str
    locale: str = "en"


def digest(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def make_key(item, locale="en", *, tags=()):
    """Return the key of a price."""
    return digest(item, locale, tags)


def key_of_query(query):
    return digest(query.item, query.locale).encode()


def bare_key(*args, **kwargs):
    return digest(args, sorted(kwargs))


async def make_async(item):
    return digest(item)


def failing(item):
    raise LookupError(item)


def constant():
    return digest("constant")


def generated(item):
    yield item


@functools.cache
def memoised(item):
    return digest(item)


def _around(prefix, unit):
    def inner(item):
        return digest(prefix, unit, item)

    return inner


inner = _around("price", "EUR")
held = {"key": make_key}


class Base:
    def make(self, item):
        return digest("base", item)


class Keys(Base):
    def make(self, item):
        return digest(super().make(item))

    @staticmethod
    def static(item):
        return digest(item)

    @classmethod
    def of_class(cls, item):
        return digest(cls.__name__, item)
