"""The assertion on the operations of a cache, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .._caches.counting import chosen_indexes
from .._recording.operation import KINDS
from .._recording.sameness import same_key
from .._telling.key_parts import is_text
from ..errors import closest_first
from .base import AssertionBase
from .of_process import words_of_process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._caches.cache import MockCache
    from .._telling.history import History
    from .._telling.order import Line

__all__ = ["OperationAssertions"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

# What libraries call it, where another word is meant.
_MEANT = {"get": ("hit", "miss"), "lookup": ("hit", "miss"), "set": ("put",), "evict": ("eviction",)}
_EXAMPLE = "a string such as 'miss greeting:ada', or a tuple (kind, key)"


class OperationAssertions(AssertionBase):
    """The assertion on the operations of a cache."""

    def assertCacheOperations(
        self,
        name: str,
        operations: Sequence[str | tuple[str, object]],
        *,
        ordered: bool = True,
        process: int | str | None = None,
        msg: object = None,
    ) -> None:
        """Fail unless the operations on the cache *name* are exactly these, in this order.

        Each is a string, ``"miss greeting:ada"``, which is compared with the text of the key (of what is no
        text, with its ``repr``), or a tuple, ``("miss", "greeting:ada")``, with the key as the program gives
        it. Without *ordered*, any order will do. With *process*, those of that process are compared: its id,
        its name or its rank, as for `assertCacheStats`. Raises ``TypeError`` or ``ValueError`` for what is no
        operation, for a kind that is none, with the closest ones, and where the operations can't be known.
        """
        cache = self._cache(name)
        if not isinstance(ordered, bool):
            raise TypeError(f"ordered must be True or False, not {ordered!r}")
        expected = [self._expected(cache, *each) for each in enumerate(_listed(operations), 1)]
        of = self._process(process)
        history = self._known_operations(cache)
        if self._passes_over():
            return
        differences = _differences(expected, history, of, ordered=ordered)
        if differences is not None:
            from .._telling.order import operations_differ
            from .._telling.shortening import one_text

            with one_text():
                lines = _with_texts(differences, expected, history)
                by = "" if of is None else words_of_process(self._scope(), of)
                text = operations_differ(lines, history, by, ordered=ordered)
            raise self._fail_with(msg, text)

    def _expected(self, cache: MockCache, place: int, element: object) -> _Expected:
        if isinstance(element, str):
            kind, mark, text = element.partition(" ")
            _check_kind(kind, place, element)
            if not mark:
                raise ValueError(f"operation {place}, {element!r}, has no key: it must be {_EXAMPLE}")
            kept = self._entry_key(cache, text)
            return _Expected(kind, element, (text, _text(kept)), None)
        if not isinstance(element, tuple) or len(element) != 2 or not isinstance(element[0], str):
            raise TypeError(f"operation {place} must be {_EXAMPLE}, not {element!r}")
        kind, key = element
        _check_kind(kind, place, element)
        kept = self._entry_key(cache, key)
        shown = f"{kind} {_shown(key)}"
        return _Expected(kind, shown, (), (key, kept))


class _Expected(NamedTuple):
    """An operation that is expected: its text, and either the ``texts`` that its key may have, or keys."""

    kind: str
    shown: str
    texts: tuple[str, ...]
    keys: tuple[object, object] | None

    def is_met_by(self, kind: str, key: object, text_of: Callable[[object], str]) -> bool:
        if kind != self.kind:
            return False
        if self.keys is None:
            return text_of(key) in self.texts
        return any(same_key(each, key) for each in self.keys)


def _listed(operations: Any) -> list[object]:
    if isinstance(operations, (str, bytes)) or not hasattr(operations, "__iter__"):
        raise TypeError(
            f"operations must be a list of them, such as ['miss greeting:ada'], not {operations!r}"
        )
    return list(operations)


def _check_kind(kind: str, place: int, element: object) -> None:
    if kind in KINDS:
        return
    meant = _MEANT.get(kind.lower()) or closest_first(kind, KINDS)[:1]
    told = " or ".join(map(repr, meant))
    others = ", ".join(each for each in KINDS if each not in meant)
    raise ValueError(
        f"operation {place}, {element!r}: {kind!r} is no kind of operation, the closest is {told}; there are "
        f"also {others}"
    )


def _text(key: object) -> str:
    """Return the text of *key*, as `keys` of the counts has it, but whole."""
    if type(key) is bytes:
        return key.decode("utf-8", "backslashreplace")
    # Loaded here, as its like: not every test needs it.
    from .._telling.shortening import whole_repr

    return str(key) if is_text(key) else whole_repr(key)


def _shown(key: object) -> str:
    from .._telling.shortening import key_text

    return key if type(key) is str else key_text(key)


def _differences(
    expected: list[_Expected], history: History, process: int | None, *, ordered: bool
) -> list[Line] | None:
    """Return the lines of the diff, None where there is nothing to tell.

    Those of operations have no text yet, and those that are missing the place of the one *expected*.
    """
    places = chosen_indexes(history.operations, 0, None, process)
    kinds, keys = [history.kinds[n] for n in places], [history.keys[n] for n in places]
    # The text of a key may take long: of those that are compared by it alone, and once.
    texts: dict[int, str] = {}

    def text_of(key: object) -> str:
        if id(key) not in texts:
            texts[id(key)] = _text(key)
        return texts[id(key)]

    def is_same(place: int, index: int) -> bool:
        return expected[place].is_met_by(kinds[index], keys[index], text_of)

    count = len(kinds)
    pairs = {} if ordered else _paired(expected, count, is_same)
    same = all(is_same(n, n) for n in range(count)) if len(expected) == count and ordered else False
    if same or len(pairs) == len(expected) == count:
        return None
    # Loaded here: only a failure needs it.
    from .._telling.order import Found, Line, align

    wanted = [Line("-", str(place)) for place in range(len(expected))]
    found = [Line(" ", "", Found(history, n)) for n in places]
    if ordered:
        return list(align(wanted, found, is_same))
    taken = set(pairs.values())
    missing = [line for place, line in enumerate(wanted) if place not in pairs]
    return missing + [line if n in taken else line._replace(mark="+") for n, line in enumerate(found)]


def _paired(expected: list[_Expected], count: int, is_same: Callable[[int, int], bool]) -> dict[int, int]:
    """Return for each that is *expected* the place of one that it is met by, where there is one left."""
    left, pairs = list(range(count)), {}
    # Those with a key first: a text may be met by keys of several types.
    for place in sorted(range(len(expected)), key=lambda place: expected[place].keys is None):
        found = next((index for index in left if is_same(place, index)), None)
        if found is not None:
            left.remove(found)
            pairs[place] = found
    return pairs


def _with_texts(lines: list[Line], expected: list[_Expected], history: History) -> list[Line]:
    places = [line.found.at for line in lines if line.found is not None]
    kinds, keys = [history.kinds[n] for n in places], [history.keys[n] for n in places]
    shown, told = _told_apart(expected, kinds, keys)
    texts = dict(zip(places, told, strict=True))
    return [
        line._replace(text=shown[int(line.text)] if line.found is None else texts[line.found.at])
        for line in lines
    ]


def _told_apart(
    expected: list[_Expected], kinds: Sequence[str], keys: Sequence[object]
) -> tuple[list[str], list[str]]:
    """Return the texts of both, with the types of the keys where they are written alike and differ."""
    from .._telling.order import operation_text

    shown = [each.shown for each in expected]
    told = [operation_text(kind, key) for kind, key in zip(kinds, keys, strict=True)]
    types: dict[str, set[type]] = {}
    for text, each in zip(shown, expected, strict=True):
        types.setdefault(text, set()).update([] if each.keys is None else [type(each.keys[0])])
    for text, key in zip(told, keys, strict=True):
        types.setdefault(text, set()).add(type(key))

    def with_type(text: str, key: object) -> str:
        return f"{text} ({type(key).__name__})" if len(types[text]) > 1 else text

    pairs = zip(shown, expected, strict=True)
    shown = [text if each.keys is None else with_type(text, each.keys[0]) for text, each in pairs]
    return shown, [with_type(text, key) for text, key in zip(told, keys, strict=True)]
