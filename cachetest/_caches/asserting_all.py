"""What can be asserted of the caches of a scope: the assertions of a test case, as methods."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .._recording.answers import same_answer
from ..faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ..faults import Fault

    Raises = type[Exception] | tuple[type[Exception], ...] | None

__all__ = ["AssertingCaches"]

# Neither unittest nor pytest shows these lines of a failure.
__unittest = True
__tracebackhide__ = True

T = TypeVar("T")


class AssertingCaches:
    """The base of the caches of a scope: what can be asserted of them, in a test case and without one.

    As for one cache, ``assert_fresh`` is the `assertCacheFresh` of a `CacheTestCase`, and so on.
    """

    def _asserting(self) -> Any:
        """Return what has the assertions for them."""
        from .._assertions.own import asserting

        return asserting(self)

    def assert_unused(self, *names: str, process: int | str | None = None, msg: object = None) -> None:
        """Fail if any of them was used, or any that is named: see `CacheTestCase.assertCacheUnused`."""
        self._asserting().assertCacheUnused(*names, process=process, msg=msg)

    def assert_snapshot(self, *names: str, volatile: Sequence[Any] = (), msg: object = None) -> None:
        """Fail unless the operations are those of the test's file: see `CacheTestCase.assertCacheSnapshot`.

        Raises `NotPatchedError` in no test of a case, nor one with the fixture ``caches`` of pytest, whose
        name the file could have.
        """
        self._asserting().assertCacheSnapshot(*names, volatile=volatile, msg=msg)

    @overload
    def assert_fresh(  # type: ignore[overload-overlap]
        self,
        read: Callable[[], Awaitable[T]],
        *,
        after: Callable[[], object],
        caches: Sequence[str] = (),
        raises: Raises = None,
        equal: Callable[[T, T], object] = same_answer,
        msg: object = None,
    ) -> Awaitable[None]: ...
    @overload
    def assert_fresh(
        self,
        read: Callable[[], T],
        *,
        after: Callable[[], object],
        caches: Sequence[str] = (),
        raises: Raises = None,
        equal: Callable[[T, T], object] = same_answer,
        msg: object = None,
    ) -> None: ...
    def assert_fresh(
        self,
        read: Callable[[], Any],
        *,
        after: Callable[[], object],
        caches: Sequence[str] = (),
        raises: Raises = None,
        equal: Callable[[Any, Any], object] = same_answer,
        msg: object = None,
    ) -> Any:
        """Fail where *read* answers as before a write: see `CacheTestCase.assertCacheFresh`."""
        options: dict[str, Any] = {"after": after, "caches": caches, "raises": raises}
        return self._asserting().assertCacheFresh(read, equal=equal, msg=msg, **options)

    @overload
    def assert_survives(  # type: ignore[overload-overlap]
        self,
        function: Callable[[], Awaitable[T]],
        *,
        caches: Sequence[str] = (),
        faults: Sequence[Fault] = FAULTS,
        equal: Callable[[T, T], object] = operator.eq,
        reset: Callable[[], object] | None = None,
        most: int = 500,
        msg: object = None,
    ) -> Awaitable[None]: ...
    @overload
    def assert_survives(
        self,
        function: Callable[[], T],
        *,
        caches: Sequence[str] = (),
        faults: Sequence[Fault] = FAULTS,
        equal: Callable[[T, T], object] = operator.eq,
        reset: Callable[[], object] | None = None,
        most: int = 500,
        msg: object = None,
    ) -> None: ...
    def assert_survives(
        self,
        function: Callable[[], Any],
        *,
        caches: Sequence[str] = (),
        faults: Sequence[Fault] = FAULTS,
        equal: Callable[[Any, Any], object] = operator.eq,
        reset: Callable[[], object] | None = None,
        most: int = 500,
        msg: object = None,
    ) -> Any:
        """Fail where a fault changes what *function* comes to: see `CacheTestCase.assertCacheSurvives`."""
        options: dict[str, Any] = {"caches": caches, "faults": faults, "equal": equal, "reset": reset}
        return self._asserting().assertCacheSurvives(function, most=most, msg=msg, **options)

    @overload
    def assert_transparent(  # type: ignore[overload-overlap]
        self,
        function: Callable[[], Awaitable[T]],
        *,
        caches: Sequence[str] = (),
        states: Sequence[str] = ("cold", "warm", "off"),
        equal: Callable[[T, T], object] = operator.eq,
        msg: object = None,
    ) -> Awaitable[None]: ...
    @overload
    def assert_transparent(
        self,
        function: Callable[[], T],
        *,
        caches: Sequence[str] = (),
        states: Sequence[str] = ("cold", "warm", "off"),
        equal: Callable[[T, T], object] = operator.eq,
        msg: object = None,
    ) -> None: ...
    def assert_transparent(
        self,
        function: Callable[[], Any],
        *,
        caches: Sequence[str] = (),
        states: Sequence[str] = ("cold", "warm", "off"),
        equal: Callable[[Any, Any], object] = operator.eq,
        msg: object = None,
    ) -> Any:
        """Fail unless *function* answers the same in each state.

        See `CacheTestCase.assertCacheTransparent`.
        """
        options: dict[str, Any] = {"caches": caches, "states": states, "equal": equal}
        return self._asserting().assertCacheTransparent(function, msg=msg, **options)
