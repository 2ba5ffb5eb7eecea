"""`AdapterContract`: all cases in one suite."""

from __future__ import annotations

from typing import Any

from ..errors import closest_first
from .base import name_of_case
from .counting_cases import CountingCases
from .patching_cases import PatchingCases

__all__ = ["AdapterContract"]


class AdapterContract(CountingCases, PatchingCases):
    """The cases that every adapter passes or declares; see `cachetest.contract`."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        known = cls.cases()
        for name, reason in cls.exceptions.items():
            if name not in known:
                closest = ", ".join(closest_first(name, known))
                raise ValueError(f"{cls.__name__}.exceptions: no case {name!r}; the closest first: {closest}")
            if not isinstance(reason, str) or not reason.strip():
                raise ValueError(f"{cls.__name__}.exceptions[{name!r}]: give the reason, not {reason!r}")

    @classmethod
    def cases(cls) -> list[str]:
        """Return the names of the cases, in the order they are written in."""
        # `expand` leaves None in place of the test that it has multiplied.
        return [
            name_of_case(name)
            for group in AdapterContract.__bases__
            for name, test in vars(group).items()
            if name.startswith("test_") and test
        ]
