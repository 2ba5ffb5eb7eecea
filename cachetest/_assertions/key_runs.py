"""The runs of a function that are made to see which keys it looks up, each with empty caches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .apart import ask, scope_apart

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from .._caches.cache import MockCache
    from .._caches.scope import Scope
    from .._recording.operation import Operation
    from .._telling.freshness import Answer
    from .._telling.key_changes import Looked
    from .key_inputs import Inputs

    T = Generator[Callable[[], Any], Any, "Run"]

__all__ = ["LOOKUPS", "KeyRuns", "Run", "lookups_in", "validate_keys_known"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

LOOKUPS = ("hit", "miss")


class Run(NamedTuple):
    """One run: the ``values`` of its inputs, what it ``looked`` up, and its ``answer``."""

    values: Mapping[str, object]
    looked: Looked
    answer: Answer


def validate_keys_known(cache: MockCache) -> None:
    """Raise ``ValueError`` where the keys that are looked up in *cache* can't be known."""
    if "operations" in cache.unavailable:
        raise ValueError(
            f"the keys of cache {cache.name!r} can't be known: {cache.unavailable['operations']}"
        )


def lookups_in(cache: MockCache | None) -> list[Operation]:
    """Return the lookups in *cache*, the oldest first. Raises ``ValueError`` where some are gone."""
    if cache is None:
        return []
    if cache.operations.dropped:
        raise ValueError(
            f"cache {cache.name!r} had more operations than are kept, so not all of its keys are known: give "
            "a greater log_length"
        )
    return [each for each in cache.operations if each.kind in LOOKUPS]


class KeyRuns:
    """The function of one assertion, to be run with inputs."""

    def __init__(
        self, case: Any, cache: str, function: Callable[..., Any], inputs: Inputs, assertion: str, msg: object
    ) -> None:
        self.case = case
        self.cache = cache
        self.function = function
        self.inputs = inputs
        self.msg = msg
        self._label = f"a run of {assertion}"
        name = getattr(function, "__name__", "<lambda>")
        self.name = "function" if name == "<lambda>" else str(name)

    def failure(self, text: str) -> AssertionError:
        failed: AssertionError = self.case._fail_with(self.msg, text)
        return failed

    def run(self, values: Mapping[str, object], *, may_raise: bool = True, may_be_none: bool = False) -> T:
        """Run with *values* and empty caches.

        Unless it *may_raise*, an exception is one of the test. One that looks nothing up has tested nothing,
        and is a failure unless it *may_be_none*.
        """
        hits = self._outer_lookups()
        with scope_apart(self.case, self._label) as scope:
            answer = yield from ask(self.case, self.inputs.call(self.function, values))
            found = self._looked(scope, values)
        if answer.error is not None and not may_raise:
            raise answer.error
        if not found.lookups and not may_be_none:
            if answer.error is not None:
                raise answer.error
            raise self.failure(self._nothing(scope, found, self._outer_lookups() > hits))
        return Run(values, found, answer)

    def run_warm(
        self, first: Run, second: Run
    ) -> Generator[Callable[[], Any], Any, tuple[Answer | None, Answer]]:
        """Run *second* after *first*; return its answer, None where it hit nothing, and one more cold one."""
        with scope_apart(self.case, self._label) as scope:
            yield from ask(self.case, self.inputs.call(self.function, first.values))
            before = _hits(scope, self.cache)
            warm = yield from ask(self.case, self.inputs.call(self.function, second.values))
            is_hit = _hits(scope, self.cache) > before
        again = yield from self.run(second.values)
        return (warm if is_hit else None), again.answer

    def _looked(self, scope: Scope, values: Mapping[str, object]) -> Looked:
        from .._telling.facts import components_of
        from .._telling.key_changes import Looked, call_told

        cache = scope.by_name.get(self.cache)
        apart = components_of(cache) if cache is not None else lambda _: []
        return Looked(call_told(self.name, values), lookups_in(cache), apart)

    def _outer_lookups(self) -> int:
        cache = self.case.caches.by_name().get(self.cache)
        return 0 if cache is None else cache.num_get_hit + cache.num_get_miss

    def _nothing(self, scope: Scope, looked: Looked, outer: bool) -> str:
        from .._telling.key_changes import nothing_looked_up

        used = [name for name, each in scope.by_name.items() if each.operations.total and name != self.cache]
        cache = scope.by_name.get(self.cache)
        why: Sequence[str] = [] if cache is None or cache.operations.total else cache.history().why_unused()
        return nothing_looked_up(self.cache, looked.call, used, why, outer)


def _hits(scope: Scope, name: str) -> int:
    cache = scope.by_name.get(name)
    return 0 if cache is None else cache.num_get_hit - cache.num_refusal
