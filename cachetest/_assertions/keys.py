"""The assertions on what a key depends on."""

from __future__ import annotations

import operator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

from .apart import are_equal, are_same, validate_functions
from .base import AssertionBase
from .driving import drive
from .key_inputs import Change, Inputs, derived, validate_ignored
from .key_runs import KeyRuns, Run, validate_keys_known

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Generator, Iterator, Mapping, Sequence

    from .._telling.key_changes import Clash, Looked

    Steps = Generator[Callable[[], Any], Any, None]

__all__ = ["KeyAssertions"]

T = TypeVar("T")

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

# So many changes that nobody has given are tried.
_MOST_DERIVED = 200


class KeyAssertions(AssertionBase):
    """The assertions on what the keys of a cache depend on."""

    explain_keys: ClassVar[Sequence[str]] = ()
    """Functions of the program that make keys, each ``"package.module:function"``: what they were called with
    explains a miss, where the key is a hash of it."""

    @overload
    def assertCacheKeyDependsOn(  # type: ignore[overload-overlap]
        self,
        name: str,
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
    def assertCacheKeyDependsOn(
        self,
        name: str,
        function: Callable[..., T],
        inputs: Mapping[str, Any] | Any,
        /,
        changes: Mapping[str, Collection[Any]],
        *,
        ignored: Collection[str] = (),
        equal: Callable[[T, T], object] = operator.eq,
        msg: object = None,
    ) -> None: ...

    def assertCacheKeyDependsOn(
        self,
        name: str,
        function: Callable[..., Any],
        inputs: Any,
        /,
        changes: Mapping[str, Collection[Any]],
        *,
        ignored: Collection[str] = (),
        equal: Callable[[Any, Any], object] = operator.eq,
        msg: object = None,
    ) -> Any:
        """Fail if *function* looks up the same keys of the cache *name* though its inputs have changed.

        *inputs* are the arguments by name, or one object of a dataclass; *changes* has for each input, by its
        name, the values that it is changed to. Each change is made alone; after these, text is moved from one
        of these inputs to another, two are swapped, and lists are shortened. Every run has empty caches.
        Of a dataclass each field has to be in *changes* or among *ignored*. The failure names the inputs, the
        key, and whether the hit is stale: whether the answer is then another, as *equal* compares them. Where
        *function* returns what is to be awaited, so does this.

        It fails as well if nothing is looked up, or if the keys are others each time. Raises ``TypeError`` or
        ``ValueError`` for inputs and changes that can't be used, and `UnknownCacheError` for a name that is
        none.
        """
        validate_functions(function=function, equal=equal)
        given = Inputs(inputs, changes)
        left_out = validate_ignored(ignored, given)
        validate_keys_known(self._cache(name))
        unnamed = given.unnamed(left_out)
        if unnamed:
            one = "field" if len(unnamed) == 1 else "fields"
            text = (
                f"the {one} {', '.join(map(repr, unnamed))} of {type(inputs).__name__} "
                f"{'is' if len(unnamed) == 1 else 'are'} in no change, so nothing is known of "
                f"{'it' if len(unnamed) == 1 else 'them'}: give values, or name what the key need not depend "
                "on in ignored="
            )
            raise self._fail_with(msg, text)
        runs = KeyRuns(self, name, function, given, "assertCacheKeyDependsOn", msg)
        check = _Dependence(runs, equal)
        return drive(check.steps, "assertCacheKeyDependsOn", self._session)

    @overload
    def assertCacheKeyIgnores(  # type: ignore[overload-overlap]
        self,
        name: str,
        function: Callable[..., Awaitable[object]],
        inputs: Mapping[str, Any] | Any,
        /,
        changes: Mapping[str, Collection[Any]],
        *,
        msg: object = None,
    ) -> Awaitable[None]: ...

    @overload
    def assertCacheKeyIgnores(
        self,
        name: str,
        function: Callable[..., object],
        inputs: Mapping[str, Any] | Any,
        /,
        changes: Mapping[str, Collection[Any]],
        *,
        msg: object = None,
    ) -> None: ...

    def assertCacheKeyIgnores(
        self,
        name: str,
        function: Callable[..., Any],
        inputs: Any,
        /,
        changes: Mapping[str, Collection[Any]],
        *,
        msg: object = None,
    ) -> Any:
        """Fail if *function* looks up other keys of the cache *name* when an input changes that is no matter.

        *inputs* and *changes* are as for `assertCacheKeyDependsOn`; each change is made alone.
        The failure names the input and the part of the key that has changed with it. It fails as well if
        nothing is looked up, or if the keys are others each time.
        """
        validate_functions(function=function)
        given = Inputs(inputs, changes)
        validate_keys_known(self._cache(name))
        runs = KeyRuns(self, name, function, given, "assertCacheKeyIgnores", msg)
        return drive(lambda: _ignorance(runs), "assertCacheKeyIgnores", self._session)


def _base(runs: KeyRuns) -> Generator[Callable[[], Any], Any, tuple[Run, Run]]:
    """Return two runs with the inputs as they are, whose keys have to be the same."""
    from .._telling.key_changes import first_difference, not_steady

    base = yield from runs.run(runs.inputs.base, may_raise=False)
    again = yield from runs.run(runs.inputs.base, may_raise=False)
    if first_difference(base.looked, again.looked) is not None:
        raise runs.failure(not_steady(runs.cache, base.looked, again.looked))
    return base, again


def _ignorance(runs: KeyRuns) -> Steps:
    """Yield the calls of an assertion that keys ignore changes."""
    from .._telling.key_changes import first_difference, not_ignored

    base, _ = yield from _base(runs)
    found: list[tuple[str, object, object, Looked, Looked]] = []
    for change in runs.inputs.each():
        run = yield from runs.run(change.after)
        if first_difference(base.looked, run.looked) is not None:
            (name,) = change.names
            found.append((name, change.before[name], change.after[name], base.looked, run.looked))
    if found:
        raise runs.failure(not_ignored(runs.cache, found))


class _Dependence:
    """One assertion that keys depend on inputs: the runs of it, and what came of them."""

    def __init__(self, runs: KeyRuns, equal: Callable[[Any, Any], object]) -> None:
        self._runs = runs
        self._equal = equal

    def steps(self) -> Steps:
        """Yield what is to be called, one after the other; the answers are sent."""
        from .._telling.key_changes import clashes_told

        base, again = yield from _base(self._runs)
        # What can't be compared is told before all is run.
        are_equal(self._equal, base.answer.value, again.answer.value)
        clashes: list[Clash] = []
        changed: list[Run] = []
        # The inputs of which it was seen that answers depend on them.
        told: set[str] = set()
        for change in self._runs.inputs.each():
            run = yield from self._runs.run(change.after)
            self._refuse_unfinished(base, run)
            changed.append(run)
            if not are_same(self._equal, base.answer, run.answer):
                told.update(change.names)
            if _are_alike(base, run):
                clashes.append((yield from self._clash(change, base, run)))
        derived_clashes, tried = yield from self._derived(base, changed, told)
        clashes += derived_clashes
        if clashes:
            raise self._runs.failure(clashes_told(self._runs.cache, clashes, len(changed) + tried))

    def _refuse_unfinished(self, base: Run, run: Run) -> None:
        """Raise the exception of a *run* that has ended before all was looked up."""
        mine, others = base.looked.keys(), run.looked.keys()
        if run.answer.error is not None and len(others) < len(mine) and mine[: len(others)] == others:
            raise run.answer.error

    def _derived(
        self, base: Run, changed: list[Run], told: set[str]
    ) -> Generator[Callable[[], Any], Any, tuple[list[Clash], int]]:
        """Try what nobody has given, from *base* and from each of the runs that were *changed*."""
        found: list[Clash] = []
        # One of a kind is told: the next would say the same.
        kinds: set[tuple[frozenset[str], str]] = set()
        tried = 0
        for origin, change in islice(self._candidates(base, changed), _MOST_DERIVED):
            kind = frozenset(change.names), change.how
            if kind in kinds:
                continue
            run = yield from self._runs.run(change.after, may_be_none=True)
            tried += 1
            if not run.looked.lookups or not _are_alike(origin, run):
                # The program has refused such an input, or tells them apart.
                continue
            if told.intersection(change.names) and are_same(self._equal, origin.answer, run.answer):
                # One key for what gives one answer: nothing is mixed up.
                continue
            kinds.add(kind)
            found.append((yield from self._clash(change, origin, run)))
        return found, tried

    def _candidates(self, base: Run, changed: list[Run]) -> Iterator[tuple[Run, Change]]:
        names = self._runs.inputs.changes
        for origin in chain([base], changed):
            keys = [each.key for each in origin.looked.lookups]
            for change in derived(origin.values, names, keys):
                yield origin, change

    def _clash(self, change: Change, first: Run, second: Run) -> Generator[Callable[[], Any], Any, Clash]:
        from .._telling.key_changes import Clash

        warm, again = yield from self._runs.run_warm(first, second)
        return Clash(
            change.names,
            change.before,
            change.after,
            change.how,
            first.looked,
            second.looked,
            second.answer,
            again,
            warm,
            is_same=warm is not None and are_same(self._equal, warm, second.answer),
            is_steady=are_same(self._equal, second.answer, again),
        )


def _are_alike(one: Run, other: Run) -> bool:
    from .._telling.key_changes import first_difference

    return first_difference(one.looked, other.looked) is None
