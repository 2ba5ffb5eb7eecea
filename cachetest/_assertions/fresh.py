"""The assertion that what is written is not served from an old entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload
from unittest import SkipTest

from .._recording.answers import difference, same_answer
from .._recording.held_answers import Held
from ..errors import CacheTestError
from .apart import are_same, ask, name_of, scope_apart, validate_functions
from .base import AssertionBase
from .driving import drive

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Sequence
    from contextlib import AbstractContextManager

    from .._caches.cache import MockCache
    from .._caches.scope import Scope
    from .._recording.answers import Difference
    from .._telling.freshness import Answer, Use

__all__ = ["FreshAssertions"]

T = TypeVar("T")

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

_LABEL = "the cold read of assertCacheFresh"


class FreshAssertions(AssertionBase):
    """The assertion on a read after a write."""

    @overload
    def assertCacheFresh(  # type: ignore[overload-overlap]
        self,
        read: Callable[[], Awaitable[T]],
        *,
        after: Callable[[], object],
        caches: Sequence[str] = (),
        raises: type[Exception] | tuple[type[Exception], ...] | None = None,
        equal: Callable[[T, T], object] = same_answer,
        msg: object = None,
    ) -> Awaitable[None]: ...

    @overload
    def assertCacheFresh(
        self,
        read: Callable[[], T],
        *,
        after: Callable[[], object],
        caches: Sequence[str] = (),
        raises: type[Exception] | tuple[type[Exception], ...] | None = None,
        equal: Callable[[T, T], object] = same_answer,
        msg: object = None,
    ) -> None: ...

    def assertCacheFresh(
        self,
        read: Callable[[], Any],
        *,
        after: Callable[[], object],
        caches: Sequence[str] = (),
        raises: type[Exception] | tuple[type[Exception], ...] | None = None,
        equal: Callable[[Any, Any], object] = same_answer,
        msg: object = None,
    ) -> Any:
        """Fail if *read* gives an old answer after the write that *after* does.

        *read* is called twice, where the second call has to hit an entry of *caches* (of any, without names);
        then *after*, which with *raises* has to raise one of these; then *read* again, whose answer has to be
        what it gives in a scope of its own, with all caches empty. *equal* compares two answers, by value and
        type unless given. Where *read* returns what is to be awaited, so does this.

        Raises ``TypeError`` for what can't be called or compared, ``ValueError`` for a cache whose hits can't
        be known, and `UnknownCacheError`, with the closest names, for a name that is none.
        """
        validate_functions(read=read, after=after, equal=equal)
        if isinstance(caches, str):
            raise TypeError(f"caches must be names of caches, such as ({caches!r},), not {caches!r}")
        chosen = [self._cache(name) for name in caches] or self._every_cache()
        unknown = [cache for cache in chosen if "hits" in cache.unavailable]
        if unknown and (caches or len(unknown) == len(chosen)):
            raise _unknown(unknown[0])
        if self._test_state in ("off", "failing"):
            self.skipTest(f"assertCacheFresh needs a hit, and the caches are {self._test_state}")
        check = _Check(self, read, after, chosen, raises, equal, msg, whole=not caches)
        return drive(check.steps, "assertCacheFresh", self._session)


def _unknown(cache: MockCache) -> ValueError:
    why = cache.unavailable["hits"]
    return ValueError(f"the hits of cache {cache.name!r} can't be known: {why}; leave it out")


def _expected(raises: Any) -> tuple[type[Exception], ...]:
    kinds = () if raises is None else raises if isinstance(raises, tuple) else (raises,)
    for kind in kinds:
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            raise TypeError(f"raises must be a class of exceptions, or several, not {raises!r}")
    return kinds


class _Check:
    """One assertion: the calls of it, and what came of them."""

    def __init__(
        self,
        case: FreshAssertions,
        read: Callable[[], Any],
        after: Callable[[], object],
        caches: list[MockCache],
        raises: type[Exception] | tuple[type[Exception], ...] | None,
        equal: Callable[[Any, Any], object],
        msg: object,
        *,
        whole: bool,
    ) -> None:
        self._case = case
        self._read = read
        self._after = after
        self._chosen = caches
        self._whole = whole
        self._raises = _expected(raises)
        self._is_undone = raises is not None
        self._equal = equal
        self._msg = msg

    def steps(self) -> Generator[Callable[[], Any], Any, None]:
        """Yield what is to be called, one after the other; the answers are sent."""
        # Loaded here: nearly always it is not needed.
        from .._telling import freshness

        begin = self._totals()
        first = yield self._read
        hits = self._hits()
        second = yield self._read
        before = freshness.Answer(second)
        # What can't be compared is told before anything is written.
        self._same(freshness.Answer(first), before)
        if self._hits() <= hits:
            uses = self._uses(begin)
            for cache in self._caches():
                if "hits" in cache.unavailable and uses[cache.name].is_used:
                    raise _unknown(cache)
            raise self._failure(freshness.never_hit(self._name(), uses))
        begin = self._totals()
        held_before = Held(second)
        yield from self._write()
        hits = self._hits()
        found = yield from self._answer()
        is_hit = self._hits() > hits
        known = self._uses(begin)
        held = Held(found.value)
        hits = self._hits()
        with self._cold() as scope:
            cold = yield from self._answer()
            is_asked = any(any(cache.counts()) for cache in list(scope.by_name.values()))
        # Where another task or thread has asked for it, those of the test have answered.
        is_cold = is_asked or self._hits() <= hits
        if held.is_changed():
            raise TypeError(
                f"{self._name()} gave an object that the cold read has changed, so that there is no answer "
                "to compare: have it return a copy"
            )
        if self._same(found, cold):
            if not is_cold:
                raise self._failure(freshness.not_cold(self._name(), self._uses(begin)))
            # One that had to be loaded again was tested, whatever was written.
            is_tested = self._is_undone or (is_asked and not is_hit) or held_before.is_changed()
            if not is_tested and self._same(before, cold):
                raise self._failure(freshness.not_changed(self._name(), cold, known))
            return
        with self._cold():
            again = yield from self._answer()
        if not self._same(cold, again):
            where = self._difference(cold, again)
            raise self._failure(freshness.not_the_same(self._name(), cold, again, where))
        is_old = not held_before.is_changed() and self._same(before, found)
        where = self._difference(found, cold)
        raise self._failure(
            freshness.not_fresh(self._name(), before, found, cold, known, where, is_old=is_old, is_hit=is_hit)
        )

    def _write(self) -> Generator[Callable[[], Any], Any, None]:
        """Have the write done, which raises what it has to, and nothing else."""
        from .._telling import freshness

        try:
            yield self._after
        except self._raises as error:
            for base in (self._case.failureException, SkipTest, CacheTestError):
                # ``raises=Exception`` asks for none of these.
                asked = any(issubclass(kind, base) for kind in self._raises if isinstance(error, kind))
                if isinstance(error, base) and not asked:
                    raise
        else:
            if self._raises:
                names = " or ".join(kind.__name__ for kind in self._raises)
                raise self._failure(freshness.not_raised(names))

    def _answer(self) -> Generator[Callable[[], Any], Any, Answer]:
        return ask(self._case, self._read)

    def _same(self, one: Answer, other: Answer) -> bool:
        return are_same(self._equal, one, other)

    def _difference(self, one: Answer, other: Answer) -> Difference | None:
        """Return in which part two answers differ; None where only ``equal`` knows."""
        if self._equal is not same_answer or one.error is not None or other.error is not None:
            return None
        return difference(one.value, other.value)

    def _caches(self) -> list[MockCache]:
        # Without names, also those that came into being meanwhile.
        return list(self._case.caches.values()) if self._whole else self._chosen

    def _hits(self) -> int:
        """Return how many hits there were whose entries were used."""
        known = [cache for cache in self._caches() if "hits" not in cache.unavailable]
        return sum(cache.num_get_hit - cache.num_refusal for cache in known)

    def _totals(self) -> dict[str, tuple[int, int]]:
        return {cache.name: (cache.operations.total, sum(cache.counts())) for cache in self._caches()}

    def _uses(self, begin: dict[str, tuple[int, int]]) -> dict[str, Use]:
        """Return what was done to each cache since *begin*."""
        from .._telling.freshness import Use

        now, found = self._totals(), {}
        for cache in self._caches():
            before = begin.get(cache.name, (0, 0))
            history = self._case._history(cache)
            found[cache.name] = Use(history, before[0], now[cache.name] != before)
        return found

    def _cold(self) -> AbstractContextManager[Scope]:
        """Open a scope as the test's, whose caches are empty."""
        return scope_apart(self._case, _LABEL)

    def _name(self) -> str:
        return name_of(self._read, "read()")

    def _failure(self, text: str) -> AssertionError:
        return self._case._fail_with(self._msg, text)
