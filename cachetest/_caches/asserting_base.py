"""How a cache comes to the assertions that its methods are."""

from __future__ import annotations

from typing import Any

__all__ = ["Asserting"]


class Asserting:
    """The base of what one cache can be asserted of: see `AssertingCache`."""

    name: str

    def _asserting(self) -> Any:
        """Return what has the assertions for it."""
        from .._assertions.own import asserting_for

        return asserting_for(self)
