"""What a class sets up, and what a test has left running, on Django; run inside `django_project`."""

import unittest
import urllib.request

from django.core.cache import caches
from django.test import LiveServerTestCase, TestCase, override_settings

from cachetest import CacheTestMixin

from ..left_case import LeftCase
from .django_contract_checks import DjangoContract


class DjangoLeftTests(LeftCase, unittest.TestCase):
    def make_subject(self):
        suite = DjangoContract("test_cold")
        self.addCleanup(suite.doCleanups)
        return suite.make_subject()


class PagesLeftTests(DjangoLeftTests):
    """The same in front of Redis."""

    def make_subject(self):
        subject = super().make_subject()
        subject.caches = ("pages",)
        return subject


class DataTests(CacheTestMixin, TestCase):
    """Django's idiom: a signal, or a manager, uses the cache while the data of the class are made."""

    @classmethod
    def setUpTestData(cls):
        cls.lamp = ["lamp"]
        caches["default"].set("lamp", cls.lamp)

    def check(self):
        self.assertEqual(caches["default"].get("lamp"), ["lamp"])
        self.assertCacheStats("default", puts=0, hits=1, misses=0)
        caches["default"].delete("lamp")

    test_a = test_b = check


@override_settings(STATIC_URL="/static/", ALLOWED_HOSTS=["*"])
class LiveServerTests(CacheTestMixin, LiveServerTestCase):
    """The server is started for the class, and answers on threads of its own."""

    def check(self):
        with urllib.request.urlopen(f"{self.live_server_url}/price") as answer:
            self.assertEqual(answer.read(), b"3")
        self.assertCacheStats("default", puts=1, hits=0, misses=1)

    test_a = test_b = check
