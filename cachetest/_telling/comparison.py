"""How two keys differ: in which of their parts, and in what else where no part does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .._recording.sameness import same_key
from .explanation import ABSENT, Difference
from .formatting import KEY_LIMIT, Shown, change, short_repr
from .key_parts import MOST_PARTS, components, is_text, parts_inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .key_parts import Part

__all__ = ["Comparison", "are_related", "compare", "differing", "named"]

# So many characters of a part are read as what it stands for.
_LITERAL = 20_000
_NAMES = 5
_RELATED = 0.6
_NOT_KNOWN = "the parts of that key are not known: it was not made in this scope"


class Comparison(NamedTuple):
    """The ``differences`` of two keys; where there are none, what differs ``otherwise``; and a ``note``.

    ``is_whole`` says that they have no part in common by name, and were compared as they are.
    """

    differences: tuple[Difference, ...]
    otherwise: str = ""
    note: str = ""
    is_whole: bool = False


def compare(was: object, now: object, apart: Callable[[object], list[Part]]) -> Comparison:
    """Return how *now* differs from *was*, both taken apart by *apart*.

    Parts are compared where both keys have some. Else the keys are compared as they are.
    """
    try:
        return _compare(was, now, apart)
    except Exception as error:
        # What a key raises where it is looked at is not to take the place of the failure that is told.
        return Comparison((), f"what can't be told: to look at it raises {type(error).__name__}")


def _compare(was: object, now: object, apart: Callable[[object], list[Part]]) -> Comparison:
    parts, wanted = named(apart(was)), named(apart(now))
    note = ""
    if parts.keys().isdisjoint(wanted):
        if _same_text(was, now):
            return Comparison((), f"type only: {_type(was)} -> {_type(now)}, of the same text")
        plain, plain_wanted = named(components(was)), named(components(now))
        if plain.keys() == parts.keys() and plain_wanted.keys() == wanted.keys():
            return Comparison((Difference("key", was, now),), is_whole=True)
        # An adapter knows what one of them was made from, and not of the other.
        parts, wanted, note = plain, plain_wanted, _NOT_KNOWN
    found = tuple(differing(parts, wanted))
    # Text that ends in a separator, or has two in a row, has a part that can't be seen.
    both_texts = is_text(was) and is_text(now)
    if found and not (both_texts and all(_is_nothing(each.was) and _is_nothing(each.now) for each in found)):
        return Comparison(found, note=note)
    return Comparison((), _otherwise(was, now, parts, wanted), note)


def _is_nothing(part: object) -> bool:
    return part is ABSENT or (type(part) is str and not part)


def named(parts: Iterable[Part]) -> dict[str, object]:
    """Return *parts* by name, of those that have one name each but the first with its place."""
    found: dict[str, object] = {}
    for n, (name, value) in enumerate(parts, 1):
        if n > MOST_PARTS:
            break
        found[name if name not in found else f"{name} ({n})"] = value
    return found


def differing(parts: Mapping[str, object], wanted: Mapping[str, object]) -> Iterator[Difference]:
    """Yield the parts that are not the same in *wanted*."""
    for name in {**parts, **wanted}:
        was, now = parts.get(name, ABSENT), wanted.get(name, ABSENT)
        if not same_key(was, now):
            yield from _inside(name, was, now) or [Difference(name, was, now)]


def _inside(name: str, was: object, now: object) -> list[Difference]:
    """Return what differs inside two parts that are long texts of collections."""
    one, other = _literal(was), _literal(now)
    if one is None or type(one) is not type(other):
        return []
    return list(differing(named(parts_inside(name, one)), named(parts_inside(name, other))))


def _literal(value: object) -> object:
    text = value.text if type(value) is Shown else ""
    if text[:1] not in ("(", "[", "{") or not KEY_LIMIT < len(text) <= _LITERAL:
        return None
    # Loaded here: only a failure needs it.
    import ast

    try:
        found: object = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return found or None


def _otherwise(was: object, now: object, parts: Mapping[str, object], wanted: Mapping[str, object]) -> str:
    """Return what differs in two keys whose parts are the same."""
    if max(len(parts), len(wanted)) >= MOST_PARTS:
        return f"what comes after its first {MOST_PARTS:,} parts"
    names, wanted_names = list(parts), list(wanted)
    if names != wanted_names and sorted(names) == sorted(wanted_names):
        return (
            f"the order of its parts only: {_listed(names, wanted_names)} -> {_listed(wanted_names, names)}"
        )
    if is_text(was) and is_text(now) and type(was) is type(now):
        return f"the way it is written only: {change(was, now)}"
    place, one, other = _other_type("key", was, now)
    if type(one) is not type(other):
        return f"the type of {place} only: {_type(one)} -> {_type(other)}"
    return f"what its parts don't show: {change(was, now)}"


def _listed(names: Sequence[str], others: Sequence[str]) -> str:
    """Return the first of *names* from where they are no longer those of *others*."""
    start = next(n for n, (one, other) in enumerate(zip(names, others, strict=True)) if one != other)
    more = ", ..." if len(names) - start > _NAMES else ""
    return ", ".join(names[start : start + _NAMES]) + more


def _other_type(place: str, was: object, now: object, depth: int = 0) -> tuple[str, object, object]:
    """Return where two keys, whose parts are the same, are of two types, and what is there."""
    if type(was) is type(now) and depth < 4:
        inside: Iterable[tuple[str, object, object]] = ()
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            inside = ((str(name), was[name], now.get(name)) for name in was)
        elif isinstance(was, Sequence) and isinstance(now, Sequence) and not isinstance(was, (str, bytes)):
            pairs = zip(was, now, strict=False)
            inside = ((f"part {n}", one, other) for n, (one, other) in enumerate(pairs, 1))
        for name, one, other in inside:
            where = name if place == "key" else f"{place}, {name}"
            found = _other_type(where, one, other, depth + 1)
            if type(found[1]) is not type(found[2]):
                return found
    return place, was, now


def _same_text(one: object, other: object) -> bool:
    texts = [each.decode("utf-8", "replace") if isinstance(each, bytes) else each for each in (one, other)]
    return is_text(texts[0]) and type(one) is not type(other) and texts[0] == texts[1]


def _type(value: object) -> str:
    return type(value).__qualname__


def are_related(was: object, now: object, comparison: Comparison, parts: int) -> bool:
    """Return whether two keys of at most *parts* parts have more in common than any two keys have."""
    if not comparison.differences or len(comparison.differences) < parts:
        return True
    # Loaded here: only a failure needs it.
    import difflib

    one, other = (short_repr(each).strip("b'\"") for each in (was, now))
    hashes = any("a hash" in str(each) for each in comparison.differences)
    return not hashes and difflib.SequenceMatcher(None, one, other).ratio() >= _RELATED
