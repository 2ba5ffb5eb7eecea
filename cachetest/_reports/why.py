"""Why a run misses what another one hit: the comparison of two reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._telling.shortening import one_text
from .pairs import Pair, differences_of, pairs
from .plain import printable
from .plain_text import seconds_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from .reading import KeyUse, ReadReport, TestUse

__all__ = ["FAIL_ON", "Comparison", "Finding", "compare"]

FAIL_ON = ("miss", "refusal")
"""The kinds of finding that a comparison can be told to fail for."""

_SHOWN_FINDINGS = 30
_SHOWN_PARTS = 8
_SHOWN_TESTS = 3
# What is said of one key, and after the number of several.
_CHANGED = {
    "miss": ("hit then, missed now", "keys hit then, missed now"),
    "refusal": ("not refused then, refused now", "keys not refused then, refused now"),
    "key": ("another key now", "keys that are others now"),
}


@dataclass
class Finding:
    """One thing that differs, in all of the places where it does.

    ``kind`` is ``"miss"`` (hit then, and missed now), ``"refusal"``, ``"key"`` (another key, and no hit was
    lost by it), ``"gone"`` and ``"new"`` (only in one) or ``"counts"``. ``lines`` say what differs, the first
    of them the most important. ``cost`` is in seconds, those of the later run.
    """

    kind: str
    cache: str
    lines: list[str]
    keys: list[tuple[str, str]] = field(default_factory=list)
    tests: dict[str, None] = field(default_factory=dict)
    cost: float = 0.0

    def told(self) -> list[str]:
        """Return it in lines."""
        one, several = _CHANGED.get(self.kind, ("", "keys"))
        what = f"{len(self.keys):,} {several}" if len(self.keys) > 1 else one
        head = [each for each in (self.cache, what) if each]
        if self.cost:
            head.append(seconds_text(self.cost))
        first, *more = self.lines
        found = [f"{', '.join(head)}: {first}" if head else first, *(f"  {each}" for each in more)]
        if self.keys:
            was, now = self.keys[0]
            both = f"key {now}" if was == now else f"key {was} then, {now} now"
            found.append(f"  {both}{_and_more(len(self.keys) - 1)}")
        names = [each for each in self.tests if each]
        if names:
            found.append(f"  in {', '.join(names[:_SHOWN_TESTS])}" + _and_more(len(names) - _SHOWN_TESTS))
        return found


def _and_more(count: int) -> str:
    return f", and {count:,} more" if count > 0 else ""


@dataclass
class Comparison:
    """How a run differs from the one before it: ``findings``, the dearest first."""

    before: ReadReport
    after: ReadReport
    findings: list[Finding]
    notes: list[str]

    def failures(self, kinds: Collection[str]) -> list[Finding]:
        """Return the findings of *kinds*, of `FAIL_ON`."""
        return [each for each in self.findings if each.kind in kinds]

    def lines(self) -> list[str]:
        """Return it in lines that any terminal can show."""
        found = self._environment()
        for n, each in enumerate(self.findings[:_SHOWN_FINDINGS], 1):
            first, *more = each.told()
            found += [f"{n}. {first}", *(f"   {line}" for line in more)]
        if len(self.findings) > _SHOWN_FINDINGS:
            found.append(f"{len(self.findings) - _SHOWN_FINDINGS:,} more differences cost less")
        if not self.findings:
            found.append("No key, and no count, differs.")
        return [printable(line) for line in [*found, *self.notes]]

    def _environment(self) -> list[str]:
        one, other = self.before.environment, self.after.environment
        return [
            f"{name}: {one[name]} then, {other[name]} now"
            for name in one
            if name in other and one[name] != other[name]
        ]

    def __str__(self) -> str:
        return "\n".join(self.lines())


class _Findings:
    """Findings, those that say the same of one cache put together."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, ...], Finding] = {}

    def add(self, kind: str, cache: str, lines: list[str], test: str, cost: float = 0.0) -> Finding:
        found = self._found.setdefault((kind, cache, *lines), Finding(kind, cache, lines))
        found.tests[test] = None
        found.cost += cost
        return found

    def by_cost(self) -> list[Finding]:
        order = ["miss", "refusal", "key", "counts", "new", "gone"]
        return sorted(
            self._found.values(), key=lambda each: (-each.cost, order.index(each.kind), -len(each.keys))
        )


def compare(before: ReadReport, after: ReadReport) -> Comparison:
    """Return how *after* differs from *before*, and why: what was hit then and is missed now, say."""
    found = _Findings()
    notes: dict[str, None] = {}
    with one_text():
        for was, now in _tests(before, after, found):
            for name in dict.fromkeys([*was.caches, *now.caches]):
                _compare_caches(name, was, now, found)
        for report, word in ((before, "before"), (after, "after")):
            notes.update(dict.fromkeys(_not_kept(report, word)))
    return Comparison(before, after, found.by_cost(), list(notes))


def _tests(before: ReadReport, after: ReadReport, found: _Findings) -> Iterator[tuple[TestUse, TestUse]]:
    if len(before.tests) == len(after.tests) == 1:
        # The one program of each, by whatever name it was called.
        yield next(iter(before.tests.values())), next(iter(after.tests.values()))
        return
    for label in dict.fromkeys([*before.tests, *after.tests]):
        was, now = before.tests.get(label), after.tests.get(label)
        if was is not None and now is not None:
            yield was, now
        elif was is not None and was.caches:
            found.add("gone", "", ["only in the run before"], label)
        elif now is not None and now.caches:
            cost = sum(each.cost for each in now.caches.values())
            found.add("new", "", ["only in the run after"], label, cost)


def _not_kept(report: ReadReport, word: str) -> Iterator[str]:
    names = [name for test in report.tests.values() for name, each in test.caches.items() if each.not_kept]
    for name in dict.fromkeys(names):
        yield f"The report {word} lacks the oldest operations of {name}: what is told of it may not be all."


def _compare_caches(name: str, was: TestUse, now: TestUse, found: _Findings) -> None:
    one, other = was.caches.get(name), now.caches.get(name)
    if one is None or other is None:
        there = other or one
        if there is not None and (there.keys or any(there.counts.values())):
            kind, when = ("new", "after") if one is None else ("gone", "before")
            found.add(kind, name, [f"used in the run {when} only"], now.label, other.cost if other else 0.0)
        return
    for place, use in one.keys.items():
        if place in other.keys:
            _compare_key(name, now.label, Pair(use, other.keys[place]), found)
    gone = [use for place, use in one.keys.items() if place not in other.keys]
    new = [use for place, use in other.keys.items() if place not in one.keys]
    found_pairs = pairs([each for each in gone if _is_key(each)], [each for each in new if _is_key(each)])
    for pair in found_pairs:
        _tell_pair(name, now.label, pair, found)
    paired = {id(use) for pair in found_pairs for use in pair}
    for kind, uses in (("gone", gone), ("new", new)):
        for use in uses:
            if id(use) not in paired:
                _tell_alone(kind, name, now.label, use, found)
    if not one.keys and not other.keys:
        changes = _changes(one.counts, other.counts)
        if changes:
            found.add("counts", name, [changes], now.label, other.cost)


def _is_key(use: KeyUse) -> bool:
    # Of a bypass the reason stands in place of the key.
    return set(use.counts) != {"bypass"}


def _is_lost(pair: Pair) -> bool:
    return pair.was.count("hit") > 0 and pair.now.count("miss") > pair.was.count("miss")


def _is_refused(pair: Pair) -> bool:
    return pair.now.count("refusal") > pair.was.count("refusal")


def _compare_key(name: str, test: str, pair: Pair, found: _Findings) -> None:
    """Tell what differs in what was done to one key, which is the same in both runs."""
    was, now = pair
    changes = _changes(was.counts, now.counts)
    if _is_refused(pair):
        kind, lines = "refusal", [now.error or now.why or "its library does not say why"]
    elif _is_lost(pair):
        kind, lines = (
            "miss",
            now.why.splitlines() or ["the key is the same, and why it was missed is not recorded"],
        )
        lines += [f"the entry that was hit then came from {was.origin}"] if was.origin else []
    elif changes:
        kind, lines = "counts", [changes]
    else:
        return
    found.add(kind, name, lines, test, now.cost).keys.append((was.text, now.text))


def _tell_pair(name: str, test: str, pair: Pair, found: _Findings) -> None:
    """Tell in which parts the key now differs from the one that there was in its place."""
    was, now = pair
    kind = "refusal" if _is_refused(pair) else "miss" if _is_lost(pair) else "key"
    differences = differences_of(pair)
    lines = [differences] if isinstance(differences, str) else [str(each) for each in differences]
    more = len(lines) - _SHOWN_PARTS
    if more > 0:
        lines[_SHOWN_PARTS:] = [f"and {more} more {'parts' if more > 1 else 'part'}"]
    if kind == "refusal":
        lines.insert(0, now.error or "its library does not say why")
    found.add(kind, name, lines, test, now.cost).keys.append((was.text, now.text))


def _tell_alone(kind: str, name: str, test: str, use: KeyUse, found: _Findings) -> None:
    when = "after" if kind == "new" else "before"
    if not _is_key(use):
        found.add(kind, name, [f"not asked, in the run {when} only: {use.text}"], test)
        return
    lines = [f"only in the run {when}: {_written(use.counts)}"]
    found.add(kind, name, lines, test, use.cost if kind == "new" else 0.0).keys.append((use.text, use.text))


def _written(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {count:,}" for kind, count in counts.items())


def _changes(was: Mapping[str, int], now: Mapping[str, int]) -> str:
    """Return what happened more, or less, often than then."""
    kinds = dict.fromkeys([*was, *now])
    return ", ".join(
        f"{kind} {was.get(kind, 0):,} -> {now.get(kind, 0):,}"
        for kind in kinds
        if was.get(kind, 0) != now.get(kind, 0)
    )
