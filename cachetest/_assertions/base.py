"""The part that all assertions share: the scope of the test case, and the way a failure is raised."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from .._caches.caches import backend_names
from ..adapters.registry import resolve_adapters
from ..errors import NotPatchedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from unittest import TestCase as _TestCase

    from .._caches.cache import MockCache
    from .._caches.caches import MockCaches
    from .._telling.history import History
    from ..adapters.base import Adapter
else:
    _TestCase = object

__all__ = ["AssertionBase", "OpenSession"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class OpenSession(Protocol):
    """The session of the running test, as far as an assertion asks it."""

    adapters: Sequence[Adapter]

    def entry_key(self, cache: str, key: object) -> object: ...


class AssertionBase(_TestCase):
    """The base of the families of assertions, for a TestCase whose tests are run in a scope."""

    patch_caches: ClassVar[Sequence[str | Adapter] | None] = None
    """Adapters, or names of adapters; None means those of every supported library that was imported."""

    caches: MockCaches
    """The scope of the running test."""

    _session: OpenSession | None = None

    def _fail_with(self, msg: object, text: str) -> AssertionError:
        """Return the failure to raise, with *msg* as unittest adds it."""
        failure: AssertionError = self.failureException(self._formatMessage(msg, text))  # type: ignore[arg-type, assignment]
        return failure

    def _scope(self) -> MockCaches:
        if not hasattr(self, "caches"):
            raise NotPatchedError(
                f"{self.id()} was not run by unittest, so it has no caches: "
                "call its run(), or run it with `python -m unittest`"
            )
        return self.caches

    def _cache(self, name: str) -> MockCache:
        return self._scope().get_stat(name)

    def _every_cache(self) -> list[MockCache]:
        """Return all caches of the scope; an error if it is not sure that these are all there should be."""
        in_use = [] if self._session is None else self._session.adapters
        if self.patch_caches is None and self._session is not None:
            for adapter in resolve_adapters(None):
                if adapter not in in_use:
                    raise NotPatchedError(
                        f"the library of the adapter {adapter.name!r} was imported while the test ran, so "
                        "its caches are not patched: import it before, or name it: "
                        f"patch_caches = ({adapter.name!r},)"
                    )
        if not self._scope() and not backend_names():
            raise NotPatchedError("there is no cache here: no adapter was patched, and no MockBackend made")
        return list(self._scope().values())

    def _history(self, cache: MockCache) -> History:
        return cache.history(self._scope().values())
