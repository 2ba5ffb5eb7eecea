"""The inputs of a function whose keys are looked at, and the changes of them that are tried."""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import chain, permutations
from typing import TYPE_CHECKING, Any, NamedTuple

from .._recording.sameness import same_key
from ..errors import closest_first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["Change", "Inputs", "derived", "validate_ignored"]

# What words are joined with to make a key; those that the keys of the program show are tried as well.
_SEPARATORS = ("", "_", ":", "-", ".", "/", "|", ",", " ", "&", "=", ";", "#", "+", "@", "\0")
_BETWEEN = re.compile(r"[^0-9A-Za-z]{1,4}")
_READ = 2_000
# So many ways to move text from one input to another are tried for each separator, the shortest ones.
_MOVES = 4
# A longer text is moved at its ends only.
_LONGEST = 200
# What is copied for each call: a function may change what it was given.
_COPIED = frozenset({list, dict, set, bytearray})


class Change(NamedTuple):
    """Inputs of which those called *names* differ from *before*; *how* says so of one that nobody gave."""

    names: tuple[str, ...]
    before: Mapping[str, object]
    after: Mapping[str, object]
    how: str = ""


class Inputs:
    """The inputs of a function by name, ``base``, and the values that each is changed to."""

    def __init__(self, inputs: Any, changes: Any) -> None:
        self._given = inputs
        self.is_dataclass = is_dataclass(inputs) and not isinstance(inputs, type)
        self.base: Mapping[str, object] = _by_name(inputs)
        self.changes = _validate_changes(changes, self.base)

    def call(self, function: Callable[..., Any], values: Mapping[str, object]) -> Callable[[], Any]:
        """Return what calls *function* with these inputs: by keyword, or in one dataclass."""
        fresh = {name: _fresh(value) for name, value in values.items()}
        if self.is_dataclass:
            return lambda: function(replace(self._given, **fresh))
        return lambda: function(**fresh)

    def unnamed(self, ignored: Collection[str]) -> list[str]:
        """Return the fields of a dataclass that nobody has named."""
        if not self.is_dataclass:
            return []
        return [name for name in self.base if name not in self.changes and name not in ignored]

    def each(self) -> Iterator[Change]:
        """Yield each change that was given, alone."""
        for name, values in self.changes.items():
            for value in values:
                yield Change((name,), self.base, {**self.base, name: value})


def _by_name(inputs: Any) -> Mapping[str, object]:
    if is_dataclass(inputs) and not isinstance(inputs, type):
        return {each.name: getattr(inputs, each.name) for each in fields(inputs) if each.init}
    if not isinstance(inputs, Mapping):
        raise TypeError(
            f"inputs: expected a dict of arguments by name, or an object of a dataclass, not {inputs!r}"
        )
    for name in inputs:
        if not isinstance(name, str):
            raise TypeError(f"inputs: expected the names of arguments, not {name!r}")
    if not inputs:
        raise ValueError("inputs: expected at least one argument, so that it can be changed")
    return dict(inputs)


def _validate_changes(changes: Any, base: Mapping[str, object]) -> Mapping[str, Sequence[object]]:
    if not isinstance(changes, Mapping):
        raise TypeError(f"changes: expected a dict of values by the name of the input, not {changes!r}")
    if not changes:
        raise ValueError(f"changes: expected values for one of {', '.join(base)} at least")
    found: dict[str, Sequence[object]] = {}
    for name, values in changes.items():
        _validate_name("changes", name, base)
        if isinstance(values, (str, bytes, bytearray, Mapping)) or not isinstance(values, Collection):
            raise TypeError(
                f"changes: expected a list of values for {name!r}, such as [{values!r}], not {values!r}"
            )
        if not values:
            raise ValueError(f"changes: expected one value at least for {name!r}")
        for value in values:
            if same_key(value, base[name]):
                raise ValueError(f"changes: {name!r} is {value!r} in the inputs already, which is no change")
        found[name] = list(values)
    return found


def validate_ignored(ignored: Any, inputs: Inputs) -> frozenset[str]:
    """Return *ignored* as a set; raise an error for what is no input, or is changed as well."""
    if isinstance(ignored, str) or not isinstance(ignored, Collection):
        raise TypeError(f"ignored: expected names of inputs, such as ({ignored!r},), not {ignored!r}")
    for name in ignored:
        _validate_name("ignored", name, inputs.base)
        if name in inputs.changes:
            raise ValueError(f"ignored: {name!r} is in changes as well, so the key is to depend on it")
    return frozenset(ignored)


def _validate_name(what: str, name: object, base: Mapping[str, object]) -> None:
    if not isinstance(name, str) or name not in base:
        known = ", ".join(map(repr, closest_first(str(name), base)))
        raise ValueError(f"{what}: there is no input {name!r}; there are, the closest first: {known}")


def _fresh(value: Any) -> Any:
    if type(value) not in _COPIED:
        return value
    try:
        return copy.deepcopy(value)
    except Exception:
        # There may be a lock in it, or a client.
        return copy.copy(value)


def derived(base: Mapping[str, object], names: Collection[str], keys: Iterable[object]) -> Iterator[Change]:
    """Yield the changes of the inputs *names* that keys which are put together carelessly don't show.

    Text is moved from one input to another, with the separators of *keys*, two inputs are swapped, and a list
    is shortened, or two of its elements are made one. The likeliest come first.
    """
    separators = tuple(dict.fromkeys((*_separators_in(keys), *_SEPARATORS)))
    inputs = [name for name in base if name in names]
    seen: list[Mapping[str, object]] = [base]
    for change in chain(_two_at_once(base, inputs, separators), _inside_one(base, inputs)):
        if not any(_same_inputs(change.after, other) for other in seen):
            seen.append(change.after)
            yield change


def _same_inputs(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    return all(same_key(value, other[name]) for name, value in one.items())


def _separators_in(keys: Iterable[object]) -> Iterator[str]:
    for key in keys:
        text = key.decode("latin-1") if isinstance(key, bytes) else key if isinstance(key, str) else ""
        yield from _BETWEEN.findall(text[:_READ])


def _two_at_once(base: Mapping[str, object], names: list[str], separators: Sequence[str]) -> Iterator[Change]:
    places = {name: n for n, name in enumerate(names)}
    # Neighbours first, in their order, since that is most often the order in the key.
    pairs = sorted(permutations(names, 2), key=lambda pair: (places[pair[1]] - places[pair[0]]) % len(names))
    for first, second in pairs:
        one, other = base[first], base[second]
        for left, right in _moved(one, other, separators):
            after = {**base, first: left, second: right}
            yield Change((first, second), base, after, "moved from one to the other")
    for first, second in pairs:
        one, other = base[first], base[second]
        if places[first] < places[second] and type(one) is type(other) and not same_key(one, other):
            yield Change((first, second), base, {**base, first: other, second: one}, "swapped")


def _moved(one: object, other: object, separators: Sequence[str]) -> Iterator[tuple[object, object]]:
    """Yield two values for *one* and *other* that read the same where they are joined."""
    texts = _text(one), _text(other)
    if texts[0] is None or texts[1] is None or (type(one) is bytes) is not (type(other) is bytes):
        return
    for separator in separators:
        found = 0
        for left, right in _cuts(texts[0], texts[1], separator):
            values = _back(left, one), _back(right, other)
            if values[0] is not None and values[1] is not None:
                yield values
                found += 1
                if found == _MOVES:
                    break


def _cuts(one: str, other: str, separator: str) -> Iterator[tuple[str, str]]:
    """Yield the ways to cut what *one* and *other* are when joined, those near the old place first."""
    both = one[-_LONGEST:] + separator + other[:_LONGEST]
    head, tail, place = one[:-_LONGEST], other[_LONGEST:], len(one[-_LONGEST:])
    for at in sorted(range(len(both) - len(separator) + 1), key=lambda at: abs(at - place)):
        if at != place and both.startswith(separator, at):
            yield head + both[:at], both[at + len(separator) :] + tail


def _text(value: object) -> str | None:
    """Return *value* as it reads in a key; None where it is neither text nor a whole number."""
    if type(value) is str:
        return value
    if type(value) is bytes:
        return value.decode("latin-1")
    return str(value) if type(value) is int and 0 <= value < 10**18 else None


def _back(text: str, like: object) -> object:
    """Return the value of the type of *like* that reads as *text*; None if there is none."""
    if type(like) is int:
        return int(text) if text.isascii() and text.isdigit() and str(int(text)) == text else None
    return text.encode("latin-1") if type(like) is bytes else text


def _inside_one(base: Mapping[str, object], names: Iterable[str]) -> Iterator[Change]:
    for name in names:
        value = base[name]
        if type(value) not in (list, tuple) or len(value) < 2:  # type: ignore[arg-type]
            continue
        kind: Any = type(value)
        elements: list[Any] = list(value)  # type: ignore[call-overload]
        for shorter in (elements[1:], elements[:-1]):
            yield Change((name,), base, {**base, name: kind(shorter)}, "shortened")
        first, second = _text(elements[0]), _text(elements[1])
        if first is not None and second is not None and type(elements[0]) is type(elements[1]):
            joined = [_back(first + second, elements[0]), *elements[2:]]
            yield Change((name,), base, {**base, name: kind(joined)}, "two made one")
