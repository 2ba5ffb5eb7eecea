"""Every step of entering and leaving made to raise, for Django; run inside `django_project`."""

import unittest

from django.core.cache import caches

from cachetest.adapters import Django

from ..._patching.test_interrupts import InterruptCase
from .django_contract_checks import DjangoSubject


class DjangoInterruptTests(InterruptCase, unittest.TestCase):
    def setUp(self):
        caches["default"].get("a")  # what a handler makes for itself on first use is no trace of the patch
        self.adapter = Django()

    def state(self):
        return DjangoSubject().state()
