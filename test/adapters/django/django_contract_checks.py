"""The cases that every adapter has to pass, on Django; run inside `django_project`."""

import time
import unittest
from typing import ClassVar
from unittest import mock

from django.core.cache import CacheHandler, caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from django.test import override_settings

from cachetest._behaving.gate import MISSING
from cachetest.adapters import Django
from cachetest.contract import AdapterContract, Subject

from ...support import is_there
from .django_project import NOWHERE


class DjangoSubject(Subject):
    adapter = Django()
    caches = ("default", "pages")

    def __init__(self):
        self.moved = 0

    def open(self, name):
        return caches[name]

    def get(self, cache, key):
        return cache.get(key, MISSING)

    def put(self, cache, key, value):
        cache.set(key, value)

    def put_for(self, cache, key, value, seconds):
        cache.set(key, value, seconds)

    def delete(self, cache, key):
        cache.delete(key)

    def get_many(self, cache, keys):
        return cache.get_many(keys)

    def put_many(self, cache, values):
        cache.set_many(values)

    def advance(self, seconds):
        self.moved += seconds

    def state(self):
        return dict(vars(caches)), dict(vars(CacheHandler)), dict(vars(LocMemCache)), dict(vars(RedisCache))


class DjangoContract(AdapterContract, unittest.TestCase):
    exceptions: ClassVar = {"fault_too_large": "Django's cache in memory refuses nothing for its size"}

    def make_subject(self):
        caches["default"].get("a")  # what a handler makes for itself on first use is no trace of the patch
        return self.on_its_clock(DjangoSubject())

    def on_its_clock(self, subject):
        """Have the time be that of *subject*, and return it."""
        now = time.time
        clock = mock.patch("time.time", lambda: now() + subject.moved)
        clock.start()
        self.addCleanup(clock.stop)
        return subject


class OnServerSubject(DjangoSubject):
    """The same program, with its cache on a server."""

    caches = ("pages",)

    def __init__(self, case, parameters):
        super().__init__()
        override = override_settings(CACHES={"pages": parameters})
        override.enable()
        case.addCleanup(override.disable)


class OnServerContract(DjangoContract):
    exceptions: ClassVar = {"two_names": "the subject has one alias on a server"}
    parameters: ClassVar = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": NOWHERE}

    def make_subject(self):
        return self.on_its_clock(OnServerSubject(self, self.parameters))


if is_there("pymemcache"):

    class OnMemcachedContract(OnServerContract):
        parameters: ClassVar = {
            "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
            "LOCATION": "127.0.0.1:1",
        }
