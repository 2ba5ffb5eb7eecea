"""Each test of a run in several states of its caches, and which of them end otherwise."""

from __future__ import annotations

import sys
import unittest
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from .._assertions.cache_states import StateOfTest, in_states
from .._patching.session import closing
from .._recording.operation import place_of
from .._recording.sameness import identity
from .plain import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .._caches.scope import Scope
    from .._recording.operation import Operation
    from .recorder import Recorder

__all__ = ["States"]

# What reads and writes in one: a cache that is asked for nothing else is where its values are.
_STORING = frozenset({"ADD", "INCR", "INCRBY", "INCRBYFLOAT", "DECR", "DECRBY", "SETNX"})
_REMOVING = ("delete", "eviction", "expiration")
_SHOWN = 20


@dataclass
class _Group:
    """One test in all of its states."""

    name: str
    # What came of it by state, with the last line of a failure.
    ends: dict[str, tuple[str, str]] = field(default_factory=dict)
    control: str = ""
    stores: frozenset[str] = frozenset()
    # Why no lookup of the second run found what the first had put.
    not_warmed: str = ""
    passed_over: int = 0

    def is_steady(self) -> bool:
        """Return whether it has ended cold as it did when it was run cold again."""
        return self.control in ("", self.ends["cold"][0])

    def otherwise(self) -> list[str]:
        """Return the states in which it ended otherwise than cold."""
        cold = self.ends["cold"][0]
        return [state for state, (end, _) in self.ends.items() if end not in (cold, "skipped")]


class _Agreeing:
    """Stands for the test case of Django's context that counts queries, and finds any count right."""

    def assertEqual(self, *_: object) -> None: ...


class States:
    """The *states* that each test of a run is run in; *stores* are caches that are never off.

    It is run cold twice, whatever the states: the second run, which *recorder* does not have, is a control.
    """

    def __init__(self, states: Sequence[str], stores: Sequence[str], recorder: Recorder) -> None:
        self._states = ("cold", *(each for each in states if each != "cold"))
        self._stores = frozenset(stores)
        self._recorder = recorder
        self._by_case: dict[unittest.TestCase, tuple[_Group, str]] = {}
        self._groups: list[_Group] = []
        self._once = 0
        self._rolled_back = 0
        self._running: unittest.TestCase | None = None

    def expanded(self, test: Any) -> Any:
        """Return *test*, a suite or a case, with one for each state in place of each that can be in one."""
        if isinstance(test, unittest.TestCase):
            found = list(self._in_states(test))
            return found[0] if len(found) == 1 else unittest.TestSuite(found)
        return type(test)([self.expanded(each) for each in test])

    def _in_states(self, case: unittest.TestCase) -> Iterator[unittest.TestCase]:
        states = self._states
        if "warm" in states and _is_rolled_back(case):
            self._rolled_back += 1
            states = tuple(each for each in states if each != "warm")
        made = in_states(case, states)
        if not made:
            self._once += 1
            yield case
            return
        group = _Group(case.id())
        self._groups.append(group)
        for state, each in made.items():
            self._by_case[each] = group, state
            if state != "cold":
                _count_no_queries(each)
            yield each
            if state == "cold":
                control = type(each)(each._testMethodName)
                control.run = partial(self._run_again, group, control)  # type: ignore[method-assign]
                yield control

    def _run_again(self, group: _Group, control: unittest.TestCase, result: Any = None) -> None:
        """Run *control* and keep what came of it: no part of the *result* of the run."""
        apart = unittest.TestResult()
        before = len(self._recorder.tests)
        type(control).run(control, apart)
        del self._recorder.tests[before:]
        group.control = _end_of(apart)
        if apart.shouldStop and result is not None:
            result.stop()

    def begin(self, case: unittest.TestCase) -> None:
        """Have *case* run in its state from now on."""
        if case not in self._by_case:
            return
        self._running = case
        group, state = self._by_case[case]
        if state == "off" and isinstance(case, StateOfTest):
            case._never_off = self._stores | group.stores
        closing.append(self._look)

    def end(self, case: unittest.TestCase, outcome: str, failures: Sequence[tuple[Any, str]]) -> None:
        """Take what came of *case*; *failures* are those of the run so far, with their texts."""
        if case not in self._by_case:
            return
        closing.remove(self._look)
        group, state = self._by_case[case]
        texts = [
            text for failed, text in failures if failed is case or getattr(failed, "test_case", 0) is case
        ]
        lines = [line for line in (texts[-1] if texts else "").splitlines() if line[:1].strip()]
        group.ends[state] = outcome, lines[-1] if lines else ""
        self._running = None

    def _look(self, scope: Scope) -> None:
        """Look at what the running test did in its *scope*, before that closes."""
        case = self._running
        if case is None or not scope.whole_test or str(scope.label) != case.id():
            return
        group, state = self._by_case[case]
        group.passed_over += scope.caches._passed_over
        found = {name: list(cache.history().operations) for name, cache in scope.caches.items()}
        if state == "cold":
            group.stores = frozenset(name for name, operations in found.items() if _is_store(operations))
        elif isinstance(case, StateOfTest) and case._warmed is not None:
            group.not_warmed = _not_warmed(scope, case._warmed, found)

    def lines(self) -> list[str]:
        """Return what is told at the end of the run."""
        groups = [group for group in self._groups if "cold" in group.ends]
        steady = [group for group in groups if group.is_steady()]
        differ = [group for group in steady if group.otherwise()]
        lines = [
            f"cachetest: {len(groups):,} {_tests(groups)} run in the states {', '.join(self._states)}, and "
            f"cold once more: {len(differ):,} ended otherwise than cold"
        ]
        for group in differ:
            ends = ", ".join(f"{state} {end}" for state, (end, _) in group.ends.items())
            lines.append(f"  {group.name}: {ends}")
            lines += [
                f"    {state}: {group.ends[state][1]}" for state in group.otherwise() if group.ends[state][1]
            ]
        if differ:
            lines.append(
                "  mostly such a test is about the cache itself, and right to end so: look at it before the "
                "program"
            )
        flaky = [
            f"{group.name}: {group.ends['cold'][0]}, then {group.control}"
            for group in groups
            if group not in steady
        ]
        lines += _listed(
            "ended otherwise cold when run again, so that nothing is told of their states", flaky
        )
        cold = [
            f"{group.name}: {group.not_warmed}"
            for group in steady
            if group.not_warmed and "warm" not in group.otherwise()
        ]
        lines += _listed("not warmed", cold)
        stores = [f"{name!r}" for name in sorted(self._stores.union(*(group.stores for group in groups)))]
        if "off" in self._states:
            lines += _listed("never off, as stores: named, or asked for add or incr without a put", stores)
        skipped = sum(
            end == "skipped" and group.ends["cold"][0] != end
            for group in groups
            for end, _ in group.ends.values()
        )
        passed_over = sum(group.passed_over for group in groups)
        for count, what in (
            (self._rolled_back, "not run warm, as the database is rolled back between two runs"),
            (skipped, "skipped in another state than cold"),
            (
                passed_over,
                "assertions of counts, entries or queries not evaluated, in another state than cold",
            ),
            (self._once, "run once, being no CacheTestCase or having states of their own"),
        ):
            lines += [f"  {what}: {count:,}"] if count else []
        return [printable(line) for line in lines]


def _tests(found: Sequence[object]) -> str:
    return "test was" if len(found) == 1 else "tests were"


def _listed(title: str, found: Sequence[str]) -> list[str]:
    more = [f"    ... {len(found) - _SHOWN:,} more"] if len(found) > _SHOWN else []
    return [f"  {title}:", *(f"    {each}" for each in found[:_SHOWN]), *more] if found else []


def _end_of(result: unittest.TestResult) -> str:
    """Return what came of the one test of *result*, in the words of the runner."""
    for word in ("errors", "failures", "skipped", "expectedFailures", "unexpectedSuccesses"):
        if getattr(result, word):
            return {
                "errors": "error",
                "failures": "failed",
                "skipped": "skipped",
                "expectedFailures": "expected failure",
                "unexpectedSuccesses": "unexpected success",
            }[word]
    return "passed"


def _is_rolled_back(case: unittest.TestCase) -> bool:
    """Return whether what *case* has in its database is gone after a run of it: a class of Django's tests."""
    cls = getattr(sys.modules.get("django.test.testcases"), "TransactionTestCase", None)
    return cls is not None and isinstance(case, cls)


def _count_no_queries(case: Any) -> None:
    """Have Django's ``assertNumQueries`` of *case* find any count right: it depends on the state."""
    if not hasattr(case, "assertNumQueries"):
        return

    def assertNumQueries(
        num: int, func: Any = None, *args: Any, using: str = "default", **kwargs: Any
    ) -> Any:
        case.caches._pass_over()
        context = type(case).assertNumQueries(case, num, using=using)
        context.test_case = _Agreeing()
        if func is None:
            return context
        with context:
            func(*args, **kwargs)
        return None

    case.assertNumQueries = assertNumQueries


def _is_store(operations: Sequence[Operation]) -> bool:
    """Return whether *operations* are of a cache that is asked to add or count, and no value is put in."""
    writing = [each for each in operations if each.kind == "put" or _words(each) & _STORING]
    return any(_words(each) & _STORING for each in writing) and all(
        _words(each) & _STORING for each in writing
    )


def _words(operation: Operation) -> set[str]:
    return set((operation.asked or "").upper().split())


def _not_warmed(scope: Scope, warmed: Mapping[str, int], found: Mapping[str, Sequence[Operation]]) -> str:
    """Return why no lookup of the second run has hit an entry of the first; nothing where one has."""
    if any(cache.num_get_hit and not found[name] for name, cache in scope.caches.items()):
        # Only the counts of these are known.
        return ""
    removed: Operation | None = None
    has_looked = False
    for name, operations in found.items():
        lost = scope.caches[name].operations.total - len(operations)
        first = warmed.get(name, 0) - lost
        # Entries of the first run that are still there, and those that the second has put.
        left: set[object] = set()
        own: set[object] = set()
        for n, each in enumerate(operations):
            at = each.store, identity(each.key)
            has_looked = has_looked or (n >= first and each.kind in ("hit", "miss"))
            if each.kind == "hit" and n >= first and (at in left or (lost and at not in own)):
                return ""
            if each.kind in _REMOVING and at in left:
                removed = each
            if each.kind in _REMOVING or each.kind == "put":
                left.discard(at)
            if each.kind == "put":
                (left if n < first else own).add(at)
    if not has_looked:
        return "nothing was looked up"
    return "no lookup hit an entry of the first run" if removed is None else f"cleared {place_of(removed)}"
