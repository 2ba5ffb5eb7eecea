"""The text of failures: pure functions, facts in and text out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._recording.bounds import is_met, least_of, most_of
from .formatting import change, label_keys
from .listing import LINES, describe_operations
from .lookalikes import looks_alike
from .shortening import one_text, short_repr, unwritten

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from .._recording.bounds import Bound
    from .._recording.stats import Stats
    from .history import History

__all__ = [
    "describe_operations",
    "join_problems",
    "not_cached",
    "stats_differ",
    "still_cached",
    "unexpected_use",
    "value_differs",
]

_SHOWN_KEYS = 8

_FIELDS = {"puts": "num_put", "hits": "num_get_hit", "misses": "num_get_miss"}


def stats_differ(
    name: str,
    expected: Mapping[str, int | Bound],
    got: Stats,
    history: Callable[[], History],
    *,
    refusals: int = 0,
    others: Mapping[str, int] | None = None,
    unavailable: Mapping[str, str] | None = None,
    skipped: int | None = None,
    keys: str | None = None,
    process: str | None = None,
) -> str | None:
    """Return the failure when *got* is not *expected*, None when it is.

    *expected* has a count, or a bound, for each of puts, hits, misses, *refusals*, how many there were, and
    *others*, as many as there were of each, that is compared; *unavailable* says which can't be known, and
    why. *skipped* operations came before the block that is looked at, if it is one. *keys* and *process* say
    of which alone the counts are. Only a failure calls *history*.
    """
    counts = {word: getattr(got, field) for word, field in _FIELDS.items()}
    if refusals or expected.get("refusals"):
        counts["refusals"] = refusals
    counts |= {word: count for word, count in (others or {}).items() if word in expected}
    wrong = [word for word, count in counts.items() if not is_met(expected.get(word, count), count)]
    if not wrong:
        return None
    unavailable = unavailable or {}
    where = "" if keys is None else f", of the keys {keys}"
    where += "" if process is None else f", of {process}"
    where += "" if skipped is None else " inside the block"
    # A runner's summary shows the first line alone.
    told = ", ".join(f"expected {word}={expected[word]}, got {counts[word]}" for word in wrong)
    lines = [f"cache {name!r}{where}: {told}", *_table(expected, counts, wrong, unavailable)]
    lines += [f"  {word} can't be known: {why}" for word, why in unavailable.items()]
    if "refusals" in wrong and not expected["refusals"]:
        lines.append(f"  what a hit found was not used; where that is meant, say so: refusals={refusals}")
    if not history().total and any(got.counts()):
        return "\n".join([*lines, "  its operations are not known one by one: only the counts are"])
    with one_text():
        room = LINES - len(lines)
        known = history()
        lines += describe_operations(
            known, skipped=skipped or 0, room=room, hits=_too_many_hits(expected, got)
        )
        fewer = any(counts[word] < least_of(expected[word]) for word in wrong if word in ("hits", "misses"))
        if fewer and len(known.operations) + known.dropped > (skipped or 0):
            lines += [f"  {line}" for line in known.why_fewer()]
        return "\n".join(lines + unwritten())


def _too_many_hits(expected: Mapping[str, int | Bound], got: Stats) -> bool:
    """Return whether there were hits that should have been misses, or should have led to a put."""
    hits = expected.get("hits")
    if hits is not None and not is_met(hits, got.num_get_hit):
        return got.num_get_hit > most_of(hits)
    least = [least_of(expected.get(word, 0)) for word in ("misses", "puts")]
    return got.num_get_miss < least[0] or got.num_put < least[1]


def _table(
    expected: Mapping[str, int | Bound],
    got: Mapping[str, int],
    wrong: Collection[str],
    unavailable: Mapping[str, str],
) -> list[str]:
    """Return expected and got, one below the other, and a mark below each count that differs."""
    rows = ["  expected:", "  got:     ", "           "]
    for word, count in got.items():
        if word not in expected and word in unavailable:
            cells = ("any", "unknown", "")
        else:
            cells = (
                str(expected.get(word, "any")),
                str(count),
                "^" if word in wrong else "",
            )
        width = max(map(len, cells))
        rows[0] += f" {word}={cells[0]:<{width}}"
        rows[1] += f" {word}={cells[1]:<{width}}"
        rows[2] += f" {' ' * len(word)} {cells[2] * len(cells[1]):<{width}}"
    return [row.rstrip() for row in rows]


def unexpected_use(found: Mapping[str, History], by: str = "") -> str:
    """Return the failure of caches that should not have been used, with what was done to them.

    *by* is the process that should not have used them, if not all are meant.
    """
    lines = [f"expected no operation{f' of {by}' if by else ''} on {', '.join(map(repr, found))}"]
    room = (LINES - len(lines)) // len(found)
    with one_text():
        for name, history in found.items():
            lines.append(f"cache {name!r}:")
            if history.total:
                lines += describe_operations(history, room=max(room - 1, 6), hits=True)
            else:
                lines.append("  its operations are not known one by one: only the counts are")
        return "\n".join(lines + unwritten())


def not_cached(name: str, key: object, keys: Collection[object], history: History) -> str:
    """Return the failure of a key that should have been there, with the keys that are closest to it."""
    # Loaded here, and elsewhere: only a failure needs it.
    from .likeness import closest_keys

    with one_text():
        closest = closest_keys(key, keys, _SHOWN_KEYS)
        label = label_keys([key, *closest])
        lines = [f"cache {name!r} has no entry for {label(key)}"]
        if closest:
            all_of_them = len(closest) == len(keys)
            lines.append(f"  it has {len(keys):,}{'' if all_of_them else ', the closest first'}:")
            lines += [f"    {label(each)}" for each in closest]
            if not all_of_them:
                lines.append(f"    ... {len(keys) - len(closest):,} more")
        else:
            lines.append("  it has none at all")
        lines += describe_operations(history, room=LINES - len(lines))
        return "\n".join(lines + unwritten())


def still_cached(
    name: str, key: object, value: object, history: History | None = None, kept: object = None
) -> str:
    """Return the failure of a key that should not have been there, and that is *kept* in another form."""
    with one_text():
        lines = [f"cache {name!r} has an entry for {label_keys([key])(key)}: {short_repr(value)}"]
        if history is not None:
            lines += _of_entry(key if kept is None else kept, history)
        return "\n".join(lines + unwritten())


def value_differs(
    name: str,
    key: object,
    expected: object,
    got: object,
    history: History | None = None,
    kept: object = None,
) -> str:
    """Return the failure of an entry that holds another value; the rest is as for `still_cached`."""
    with one_text():
        texts = short_repr(expected), short_repr(got)
        told = f"expected {texts[0]}, got {texts[1]}"
        if texts[0] == texts[1] or looks_alike(*texts):
            told = f"expected and got: {change(expected, got)}"
        lines = [f"cache {name!r}, entry {label_keys([key])(key)}: {told}"]
        if history is not None:
            lines += _of_entry(key if kept is None else kept, history)
        return "\n".join(lines + unwritten())


def _of_entry(key: object, history: History) -> list[str]:
    """Return what happened, and how the entry of *key* came to be there."""
    from .origins import entry_lines

    places_of = history.facts.places_of
    places: Mapping[str, object] = {} if places_of is None else places_of(key)
    if type(key) is tuple and len(key) == 2 and key[0] in places:
        # The key as it is where one server or database is named.
        key = key[1]
    label = label_keys([key, *history.keys[-LINES:]])
    why: list[str] = []
    for place in places:
        first, *more = entry_lines(history, key, place, label)
        why += [
            f"  the entry in {place}, {short_repr(places[place])}: {first}",
            *(f"    {line}" for line in more),
        ]
    if not places:
        first, *more = entry_lines(history, key, None, label)
        why += [f"  the entry: {first}", *(f"    {line}" for line in more)]
    return [*describe_operations(history, room=LINES - len(why) - 1, misses=False), *why]


def join_problems(problems: Iterable[str]) -> str:
    """Return what was found at the end of a test as one message."""
    return "\n".join(["the caches of this test can't be trusted:", *(f"  {p}" for p in problems)])
