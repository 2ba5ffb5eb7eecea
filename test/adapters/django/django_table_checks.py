"""The table of the contract in the documentation is what the suites come to; run inside `django_project`."""

import unittest
from unittest import mock

from cachetest.contract import contract_table, patching_cases

from ...support import ROOT, sample_or_all
from .. import test_functools_contract

# Modules, since what checks are found in this one would be run as its own.
from ..cachetools import test_cachetools_contract
from ..dogpile import test_dogpile_contract
from ..methods import test_methods_contract
from ..pymemcache import test_pymemcache_contract
from ..redis import test_redis_contract
from . import django_contract_checks

SUITES = (
    test_functools_contract.FunctoolsContract,
    test_cachetools_contract.CachetoolsContract,
    django_contract_checks.DjangoContract,
    test_dogpile_contract.DogpileContract,
    test_redis_contract.RedisContract,
    test_redis_contract.AsyncRedisContract,
    test_pymemcache_contract.PymemcacheContract,
    test_methods_contract.MethodsContract,
    test_methods_contract.AsyncMethodsContract,
)


class TableTests(unittest.TestCase):
    maxDiff = None

    def test_is_in_step(self):
        """Each case passes, or is declared, as the page says."""
        page = (ROOT / "docs" / "contract.rst").read_text(encoding="utf-8")
        _, _, shown = page.partition("The table\n---------\n\n")
        # Each adapter's own test of its contract has run the threads at full length.
        with mock.patch.object(patching_cases, "ROUNDS", sample_or_all(2, of=25)):
            self.assertEqual(shown, contract_table(*SUITES))
