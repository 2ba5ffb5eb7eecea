"""The texts of keys that don't depend on what they should, or do on what they should not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._recording.operation import place_of
from .._recording.sameness import identity, same_key
from .comparison import compare
from .formatting import change as changed
from .formatting import label_keys
from .shortening import one_text, short_repr, unwritten

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .._recording.operation import Operation
    from .freshness import Answer
    from .key_parts import Part

__all__ = [
    "Clash",
    "Looked",
    "clashes_told",
    "first_difference",
    "not_ignored",
    "not_steady",
    "nothing_looked_up",
]

_SHOWN = 5
_KEYS = 3
_PARTS = 5


class Looked(NamedTuple):
    """The lookups of one run, what takes their keys *apart*, and the *call* that did them, as text."""

    call: str
    lookups: Sequence[Operation]
    apart: Callable[[object], list[Part]]

    def keys(self) -> list[tuple[str | None, object]]:
        """Return the keys, each with the store that it is of."""
        return [(each.store, each.key) for each in self.lookups]


class Clash(NamedTuple):
    """Two runs with different inputs that have looked up the same keys.

    Those called *names* were changed, from their values *before* to those *after*. *cold* is the answer of
    the second run with empty caches, *again* that of one more, and *warm* its answer after the first; None if
    nothing was hit then. *is_same* and *is_steady* say whether *cold* is the same as *warm* and as *again*.
    """

    names: Sequence[str]
    before: Mapping[str, object]
    after: Mapping[str, object]
    how: str
    first: Looked
    second: Looked
    cold: Answer
    again: Answer
    warm: Answer | None
    is_same: bool
    is_steady: bool


def call_told(name: str, values: Mapping[str, object]) -> str:
    """Return the call of the function called *name* as it is written."""
    return f"{name}({', '.join(f'{each}={short_repr(value)}' for each, value in values.items())})"


def clashes_told(cache: str, clashes: Sequence[Clash], tried: int) -> str:
    """Return the failure of *clashes*, found among as many changes as were *tried*."""
    with one_text():
        lines = [f"cache {cache!r}: inputs that differ look up the same key"]
        for clash in clashes[:_SHOWN]:
            lines += _clash(clash)
        more = len(clashes) - _SHOWN
        if more > 0:
            lines.append(f"  and {more} more of the {tried} changes that were tried")
        return "\n".join(lines + unwritten())


def _clash(clash: Clash) -> list[str]:
    how = f" ({clash.how})" if clash.how else ""
    place = place_of(clash.second.lookups[-1])
    told = _values(clash.names, clash.before, clash.after)
    return [
        f"  {', '.join(clash.names)}: {told}{how}: {_keys(clash.second)}, {place}",
        f"    {_warm(clash)}",
    ]


def _values(names: Sequence[str], before: Mapping[str, object], after: Mapping[str, object]) -> str:
    if len(names) == 1:
        return changed(before[names[0]], after[names[0]])
    one, other = (", ".join(short_repr(each[name]) for name in names) for each in (before, after))
    return f"{one} -> {other}"


def _keys(looked: Looked) -> str:
    # A program may look one up twice: `in`, and then to have it.
    keys = list({identity(each.key): each.key for each in looked.lookups}.values())
    label = label_keys(keys[:_KEYS])
    more = f" and {len(keys) - _KEYS} more" if len(keys) > _KEYS else ""
    return ", ".join(map(label, keys[:_KEYS])) + more


def _warm(clash: Clash) -> str:
    second, first = clash.second.call, clash.first.call
    if clash.warm is None:
        return f"after {first}, {second} hits nothing, so whether its answer would be stale can't be told"
    if not clash.is_steady:
        return (
            f"{second} with empty caches {clash.cold.told()}, and the next time {clash.again.told()}, so "
            "whether a hit is stale can't be told"
        )
    if clash.is_same:
        return f"not a stale hit: {second} {clash.cold.told()} with empty caches as well"
    return (
        f"a stale hit: after {first}, {second} {clash.warm.told()}; with empty caches it {clash.cold.told()}"
    )


def first_difference(one: Looked, other: Looked) -> int | None:
    """Return the place of the first lookups that differ in their keys; None if none do."""
    mine, others = one.keys(), other.keys()
    for n, ((store, key), (its_store, its_key)) in enumerate(zip(mine, others, strict=False)):
        if store != its_store or not same_key(key, its_key):
            return n
    return None if len(mine) == len(others) else min(len(mine), len(others))


def not_ignored(cache: str, changes: Sequence[tuple[str, object, object, Looked, Looked]]) -> str:
    """Return the failure of *changes* of which the keys depend: name, both values, and the two runs."""
    with one_text():
        lines = [f"cache {cache!r}: the key depends on what it was to ignore"]
        for name, before, after, one, other in changes[:_SHOWN]:
            lines += [f"  {name}: {changed(before, after)}:", *_difference(one, other)]
        more = len(changes) - _SHOWN
        if more > 0:
            lines.append(f"  and {more} more")
        return "\n".join(lines + unwritten())


def not_steady(cache: str, one: Looked, other: Looked) -> str:
    """Return the failure of two runs with the same inputs whose keys differ."""
    with one_text():
        lines = [
            f"cache {cache!r}: {one.call} looks up other keys the second time, with the caches empty again, "
            "so that nothing can be told of a change",
            *_difference(one, other),
        ]
        return "\n".join(lines + unwritten())


def _difference(one: Looked, other: Looked) -> list[str]:
    at = first_difference(one, other) or 0
    if at >= min(len(one.lookups), len(other.lookups)):
        there = max(one.lookups, other.lookups, key=len)[at]
        counts = f"{len(one.lookups)} -> {len(other.lookups)} lookups"
        return [f"    {counts}; {short_repr(there.key)} {place_of(there)} is in one only"]
    was, now = one.lookups[at], other.lookups[at]
    if was.store != now.store:
        return [f"    {short_repr(was.key)}, in {was.store} -> {now.store}, {place_of(now)}"]
    label = label_keys([was.key, now.key])
    found = compare(was.key, now.key, lambda key: (one if key is was.key else other).apart(key))
    parts = [f"      {each}" for each in found.differences[:_PARTS]]
    if len(found.differences) > _PARTS:
        parts.append(f"      and {len(found.differences) - _PARTS} more parts")
    if found.otherwise:
        parts.append(f"      differs in {found.otherwise}")
    return [f"    {label(was.key)} -> {label(now.key)}, {place_of(now)}", *parts]


def nothing_looked_up(cache: str, call: str, used: Sequence[str], why: Sequence[str], outer: bool) -> str:
    """Return the failure of a *call* that looks nothing up in *cache*; it has *used* others."""
    lines = [f"cache {cache!r}: {call} looks nothing up in it, so nothing was tested"]
    if outer:
        lines.append(
            "  it was done by a thread or a task from before it, which uses the caches of the test: have it "
            "start its own"
        )
    if used:
        lines.append(f"  it has used {', '.join(map(repr, used))}")
    return "\n".join([*lines, *(f"  {line}" for line in why)])
