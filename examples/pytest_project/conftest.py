"""What the tests of the shop have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from shop.prices import load_rates

if TYPE_CHECKING:
    from cachetest import MockCaches


@pytest.fixture(scope="session")
def rates(session_caches: MockCaches) -> None:
    """Load the rates once; each test that asks for this begins with a copy of them."""
    load_rates()
