"""What can be asserted of one cache by running a function: as methods of the cache."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .._recording.answers import same_answer
from .asserting_base import Asserting

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from .._recording.answers import Results

    Load = Callable[..., Any] | str | None

__all__ = ["AssertingRuns"]

# Neither unittest nor pytest shows these lines of a failure.
__unittest = True
__tracebackhide__ = True

T = TypeVar("T")


class AssertingRuns(Asserting):
    """The base of a cache: the assertions that run a function of the program, and look at what it does."""

    @overload
    def assert_single_flight(  # type: ignore[overload-overlap]
        self,
        function: Callable[[], Awaitable[T]],
        *,
        callers: int = 8,
        processes: bool = False,
        load: Load = None,
        loads: int = 1,
        patience: float = 5.0,
        equal: Callable[[T, T], object] = same_answer,
        msg: object = None,
    ) -> Awaitable[Results[T]]: ...
    @overload
    def assert_single_flight(
        self,
        function: Callable[[], T],
        *,
        callers: int = 8,
        processes: bool = False,
        load: Load = None,
        loads: int = 1,
        patience: float = 5.0,
        equal: Callable[[T, T], object] = same_answer,
        msg: object = None,
    ) -> Results[T]: ...
    def assert_single_flight(
        self,
        function: Callable[[], Any],
        *,
        callers: int = 8,
        processes: bool = False,
        load: Load = None,
        loads: int = 1,
        patience: float = 5.0,
        equal: Callable[[Any, Any], object] = same_answer,
        msg: object = None,
    ) -> Any:
        """Fail unless callers at once load a value once: see `CacheTestCase.assertCacheSingleFlight`."""
        options: dict[str, Any] = {"callers": callers, "processes": processes, "load": load}
        options |= {"loads": loads, "patience": patience, "equal": equal, "msg": msg}
        return self._asserting().assertCacheSingleFlight(self.name, function, **options)

    @overload
    def assert_atomic(  # type: ignore[overload-overlap]
        self,
        function: Callable[[], Awaitable[object]],
        *,
        callers: int = 2,
        load: Load = None,
        most: int = 1000,
        order: str | None = None,
        reset: Callable[[], object] | None = None,
        msg: object = None,
    ) -> Awaitable[None]: ...
    @overload
    def assert_atomic(
        self,
        function: Callable[[], object],
        *,
        callers: int = 2,
        load: Load = None,
        most: int = 1000,
        order: str | None = None,
        reset: Callable[[], object] | None = None,
        msg: object = None,
    ) -> None: ...
    def assert_atomic(
        self,
        function: Callable[[], Any],
        *,
        callers: int = 2,
        load: Load = None,
        most: int = 1000,
        order: str | None = None,
        reset: Callable[[], object] | None = None,
        msg: object = None,
    ) -> Any:
        """Fail unless callers in turn come to what they would one after the other.

        See `CacheTestCase.assertCacheAtomic`.
        """
        options: dict[str, Any] = {"callers": callers, "load": load, "most": most}
        options |= {"order": order, "reset": reset, "msg": msg}
        return self._asserting().assertCacheAtomic(self.name, function, **options)

    @overload
    def assert_key_depends_on(  # type: ignore[overload-overlap]
        self,
        function: Callable[..., Awaitable[T]],
        inputs: Mapping[str, Any] | Any,
        /,
        changes: Mapping[str, Collection[Any]],
        *,
        ignored: Collection[str] = (),
        equal: Callable[[T, T], object] = operator.eq,
        msg: object = None,
    ) -> Awaitable[None]: ...
    @overload
    def assert_key_depends_on(
        self,
        function: Callable[..., T],
        inputs: Mapping[str, Any] | Any,
        /,
        changes: Mapping[str, Collection[Any]],
        *,
        ignored: Collection[str] = (),
        equal: Callable[[T, T], object] = operator.eq,
        msg: object = None,
    ) -> None: ...
    def assert_key_depends_on(
        self,
        function: Callable[..., Any],
        inputs: Any,
        /,
        changes: Mapping[str, Collection[Any]],
        *,
        ignored: Collection[str] = (),
        equal: Callable[[Any, Any], object] = operator.eq,
        msg: object = None,
    ) -> Any:
        """Fail unless each change of an input changes the keys.

        See `CacheTestCase.assertCacheKeyDependsOn`.
        """
        options: dict[str, Any] = {"ignored": ignored, "equal": equal, "msg": msg}
        return self._asserting().assertCacheKeyDependsOn(self.name, function, inputs, changes, **options)

    @overload
    def assert_key_ignores(  # type: ignore[overload-overlap]
        self,
        function: Callable[..., Awaitable[object]],
        inputs: Mapping[str, Any] | Any,
        /,
        changes: Mapping[str, Collection[Any]],
        *,
        msg: object = None,
    ) -> Awaitable[None]: ...
    @overload
    def assert_key_ignores(
        self,
        function: Callable[..., object],
        inputs: Mapping[str, Any] | Any,
        /,
        changes: Mapping[str, Collection[Any]],
        *,
        msg: object = None,
    ) -> None: ...
    def assert_key_ignores(
        self,
        function: Callable[..., Any],
        inputs: Any,
        /,
        changes: Mapping[str, Collection[Any]],
        *,
        msg: object = None,
    ) -> Any:
        """Fail unless the keys are the same with each change: see `CacheTestCase.assertCacheKeyIgnores`."""
        return self._asserting().assertCacheKeyIgnores(self.name, function, inputs, changes, msg=msg)

    def assert_key_stable(
        self,
        function: Callable[[], object] | str,
        runs: int = 3,
        *,
        timeout: float = 120.0,
        msg: object = None,
    ) -> None:
        """Fail unless the keys are the same in fresh processes: see `CacheTestCase.assertCacheKeyStable`."""
        self._asserting().assertCacheKeyStable(self.name, function, runs, timeout=timeout, msg=msg)
