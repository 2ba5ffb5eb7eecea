"""`AdapterContract`: all cases in one suite."""

from __future__ import annotations

from .._patching.patch_caches import PatchCaches
from .clock_cases import ClockCases
from .counting_cases import CountingCases
from .fault_cases import FaultCases
from .many_cases import ManyCases
from .patching_cases import PatchingCases
from .process_cases import ProcessCases
from .state_cases import StateCases

__all__ = ["AdapterContract"]


class AdapterContract(
    CountingCases, StateCases, PatchingCases, ClockCases, FaultCases, ManyCases, ProcessCases
):
    """The cases that every adapter passes or declares; see `cachetest.contract`."""

    def patched(self) -> PatchCaches:
        """Return a fresh scope with the adapter of the subject."""
        return PatchCaches(self.subject.adapter)
