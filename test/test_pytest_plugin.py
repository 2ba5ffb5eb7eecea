"""The plugin of pytest: the scopes that its fixtures open, and the marks that set them up."""

import unittest

from parameterized import parameterized

from .pytest_runs import COMMON, FIXED, PytestCase
from .support import is_there

ERRORS = ("-W", "error::cachetest.CacheTestWarning")

# What a fixture tears down is seen by the test after it: the order is kept.
SUITE = f"""{COMMON}
import unittest
seen = []

@pytest.fixture(autouse=True)
def first(request):
    seen.append(len(open_scopes()))
    if open_scopes():
        prices.put("first", 1)
    yield
    if open_scopes():
        seen.append(prices.get("first"))

@pytest.fixture
def warm(caches):
    prices.put("lamp", 4)
    return caches

def test_other_fixtures_are_inside(caches):
    assert caches.prices == Stats(1, 0, 0)
    assert seen[-1] == 1 and global_stats is not None

def test_torn_down_inside():
    assert seen == [1, 1, 0]

def test_by_another_fixture(warm, caches):
    assert warm is caches
    assert caches.prices == Stats(2, 0, 0)

@pytest.mark.caches
def test_mark_alone():
    assert len(open_scopes()) == 1
    assert global_stats.prices.num_put == 1

@pytest.mark.caches()
class TestMarked:
    def test_in_class(self):
        assert global_stats.prices.num_put == 1

@pytest.mark.caches
class TestOfUnittest(unittest.TestCase):
    def test_in_class(self):
        self.assertEqual(global_stats.prices.num_put, 1)

def test_block_inside(caches):
    with PatchCaches() as patch:
        prices.put("table", 5)
    assert patch.caches.prices == Stats(1, 0, 0)
    assert caches.prices == Stats(1, 0, 0)

def test_assertions(caches):
    caches.prices.assert_cached("first", 1)
    with caches.prices.assert_delta(hits=1):
        prices.get("first")
    with pytest.raises(AssertionError, match="expected puts=2, got 1"):
        caches.prices.assert_stats(puts=2)

def test_dynamic(request):
    found = request.getfixturevalue("caches")
    prices.get("lamp")
    assert found.prices == Stats(0, 0, 1) and seen[-1] == 0

class TestOfACase(CacheTestCase):
    @pytest.fixture(autouse=True)
    def own(self, caches):
        assert caches is self.caches
    def test_is_that_of_the_case(self):
        self.assertCacheStats("prices", puts=1, hits=0, misses=0)

def test_nothing_is_left():
    assert open_scopes() == ()
"""

MARKS = f"""{COMMON}
from cachetools import LRUCache
from cachetest.adapters import Cachetools
one, other = LRUCache(9), LRUCache(9)
pytestmark = pytest.mark.caches(Cachetools(one=one), log_length=2, explain_misses=False)

def test_of_the_module(caches):
    assert list(caches) == ["one"]
    for n in range(3):
        one[n] = n
    assert len(caches.one.operations) == 2 and caches.one.num_put == 3

@pytest.mark.caches(Cachetools(other=other), log_length=1)
class TestNearer:
    def test_adapters_of_the_nearest(self, caches):
        assert list(caches) == ["other"]
    @pytest.mark.caches(log_length=3)
    def test_each_option_by_itself(self, caches):
        assert list(caches) == ["other"]
        for n in range(4):
            other[n] = n
        assert len(caches.other.operations) == 3

def test_real_caches_are_empty():
    assert not one and not other
"""

# A fixture of the program's own may ask for the one of the same name.
OWN = f"""{COMMON}
@pytest.fixture
def caches(tmp_path, caches):
    prices.put("lamp", 4)
    return caches

@pytest.mark.caches(log_length=1)
def test_own(caches):
    prices.get("lamp")
    assert caches.prices == Stats(1, 1, 0) and len(caches.prices.operations) == 1
"""

LASTING = f"""{COMMON}
@pytest.fixture(scope="module", autouse=True)
def all_prices(module_caches, all_rates):
    assert rates.get("EUR") == [1.0]
    prices.put("lamp", [4])
    yield
    assert prices.get("lamp") == [4]

@pytest.fixture(scope="class")
def more(class_caches):
    prices.put("table", [5])

class TestInClass:
    @pytest.mark.usefixtures("more")
    def test_all(self, caches):
        assert [prices.get(each) for each in ("lamp", "table")] == [[4], [5]]
        prices.get("table").append(6)
        assert rates.get("EUR") == [1.0]
        assert caches.prices == Stats(0, 3, 0)
    test_again = test_all
    def test_did_not_ask_for_the_class(self, caches):
        assert prices.get("table") is None and prices.get("lamp") == [4]

def test_asks_by_a_fixture():
    prices.get("lamp").append(1)
    assert global_stats.prices == Stats(0, 1, 0)

class TestCase(CacheTestCase):
    def test_begins_with_it(self):
        self.assertEqual(prices.get("lamp"), [4])
        self.assertCacheStats("prices", puts=0, hits=1, misses=0)

class TestCaseThatSetsUp(CacheTestCase):
    @classmethod
    def setUpClass(cls):
        assert prices.get("lamp") == [4]
        prices.put("chair", 6)
    def test_begins_with_both(self):
        self.assertEqual((prices.get("lamp"), prices.get("chair")), ([4], 6))
"""

# In the same session, but not asking for what is there.
BESIDE = f"""{COMMON}
def test_begins_cold(caches):
    assert prices.get("lamp") is None and rates.get("EUR") is None
    assert caches.prices == Stats(0, 0, 1)

def test_is_outside():
    assert open_scopes() == ()

class TestBeside(CacheTestCase):
    def test_begins_cold(self):
        self.assertIsNone(rates.get("EUR"))

def test_asks(all_rates, caches):
    assert rates.get("EUR") == [1.0]
"""

CONFTEST = """
import pytest
from cachetest import MockBackend
rates = MockBackend("rates")
@pytest.fixture(scope="session")
def all_rates(session_caches):
    rates.put("EUR", [1.0])
    yield
    assert rates.get("EUR") == [1.0]
    assert session_caches.rates.num_put == 1
"""

ASYNC = f"""{COMMON}
import asyncio
from cachetest._caches.scope import marked

async def later(name):
    await asyncio.sleep(0)
    return prices.get(name)

@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"

@pytest.fixture(scope="module")
async def lasts(anyio_backend, module_caches):
    prices.put("lasting", 4)
    yield await later("lasting")
    assert await later("lasting") == 4
    assert module_caches.prices == Stats(1, 2, 0)

@pytest.fixture
async def inside(caches):
    prices.put("lamp", 4)
    yield
    assert await later("lamp") == 4

@pytest.mark.anyio
async def test_a(caches, lasts, inside):
    assert await asyncio.gather(later("lamp"), asyncio.create_task(later("chair"))) == [4, None]
    assert await later("lasting") == lasts == 4
    # Not only as the one scope that is open: what is set per context is seen as well.
    assert marked() in open_scopes()
    assert caches.prices == Stats(1, 2, 1)
    assert global_stats.prices == Stats(1, 2, 1)
test_b = test_a
test_c = test_a

def test_nothing_is_left():
    assert open_scopes() == ()
"""


class FixtureTests(PytestCase):
    def test_suite(self):
        """A test is in a scope of its own, and so is all that its fixtures do."""
        self.check_passes(self.run_pytest("-q", *FIXED, *ERRORS, files={"test_suite.py": SUITE}), 11)

    @unittest.skipUnless(is_there("cachetools"), "needs cachetools: pip install 'cachetest[cachetools]'")
    def test_marks(self):
        """Of each option, and of the adapters, that of the nearest mark is taken."""
        files = {"test_marks.py": MARKS, "test_own.py": OWN}
        self.check_passes(self.run_pytest("-q", "--strict-markers", *ERRORS, files=files), 5)

    @parameterized.expand([("lasting_first", "ab"), ("lasting_last", "ba")])
    def test_lasting(self, _, order):
        """What a fixture of a wider scope puts is there for those that ask for it, and for no others."""
        first, second = (f"test_{each}.py" for each in order)
        files = {"test_a.py": LASTING, "test_b.py": BESIDE, "conftest.py": CONFTEST}
        done = self.run_pytest("-q", *FIXED, *ERRORS, first, second, files=files)
        self.check_passes(done, 10)

    @unittest.skipUnless(is_there("anyio"), "needs anyio: pip install anyio")
    def test_anyio(self):
        """A test is in its scope in the task that runs it, which may be older than the scope."""
        done = self.run_pytest("-q", *FIXED, *ERRORS, "-p", "no:asyncio", files={"test_async.py": ASYNC})
        self.check_passes(done, 4)

    @unittest.skipUnless(is_there("pytest_asyncio"), "needs pytest-asyncio: pip install pytest-asyncio")
    def test_asyncio(self):
        """So it is with pytest-asyncio, on a loop of the test and on one of the module."""
        text = ASYNC.replace("pytest.mark.anyio", "pytest.mark.asyncio")
        text = text.replace("anyio_backend, module_caches", "module_caches")
        of_module = text.replace("mark.asyncio", 'mark.asyncio(loop_scope="module")')
        files = {"test_a.py": text, "test_b.py": of_module}
        options = ("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=module")
        self.check_passes(self.run_pytest("-q", *FIXED, *ERRORS, *options, files=files), 8)


if __name__ == "__main__":
    unittest.main()
