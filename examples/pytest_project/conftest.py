"""What the tests of the shop have in common."""

from __future__ import annotations

import pytest
from shop.prices import load_rates

from cachetest import MockCaches


@pytest.fixture(scope="session")
def rates(session_caches: MockCaches) -> None:
    """Rates that are loaded once; each test that asks for this begins with a copy of them."""
    load_rates()
