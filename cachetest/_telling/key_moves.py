"""The texts of keys that are others in another process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .formatting import short_middle
from .key_looks import in_another_order, looks_like

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Moved", "nothing_in_any", "not_stable", "not_told"]

_PARTS = 5
_OUTPUT_LINES = 12


class _Part(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def pickled(self) -> str: ...


class _Key(Protocol):
    @property
    def store(self) -> str | None: ...
    @property
    def text(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def where(self) -> str: ...
    @property
    def parts(self) -> Sequence[_Part]: ...


class Moved(NamedTuple):
    """One lookup whose key is another in each of the *runs*; None where a run did not come to it.

    *facts* are of the runs. *alone* has the key of a run that was as the first but for one thing, by what
    that is called, and *again* that of one that was the same in all; None if it was not tried.
    """

    runs: Sequence[_Key | None]
    facts: Sequence[Mapping[str, Any]]
    alone: Mapping[str, _Key | None]
    again: _Key | None


def not_stable(cache: str, call: str, moved: Moved) -> str:
    """Return the failure of a *call* that looks other keys of *cache* up in another process."""
    lines = [f"cache {cache!r}: {call} looks up other keys in another process"]
    found = [each for each in moved.runs if each is not None]
    shown = [
        f"{'nothing more' if each is None else _shown(each, found)} in run {n}"
        for n, each in enumerate(moved.runs, 1)
    ]
    lines.append(f"  {', '.join(shown)}, at {found[0].where}")
    # Of keys of two types that is the news.
    if len(found) == len(moved.runs) and len({each.type for each in found}) == 1:
        lines += [f"    {line}" for line in _parts(found, moved)]
    return "\n".join(lines)


def _shown(key: _Key, others: Sequence[_Key]) -> str:
    text = short_middle(key.text)
    if len({each.type for each in others}) > 1:
        text += f" ({key.type.removeprefix('builtins.')})"
    return f"{text} of {key.store}" if len({each.store for each in others}) > 1 else text


def _parts(keys: Sequence[_Key], moved: Moved) -> Iterator[str]:
    names = [[part.name for part in key.parts] for key in keys]
    if any(each != names[0] for each in names):
        yield f"the key {_told([key.text.strip(_QUOTES) for key in keys], moved, ())}"
        return
    places = [
        n for n, part in enumerate(keys[0].parts) if any(key.parts[n].text != part.text for key in keys)
    ]
    if not places:
        yield _of_one_text(keys)
        return
    texts = [" ".join(key.parts[n].text for n in places) for key in keys]
    if len(places) > 1 and in_another_order(texts):
        listed = ", ".join(keys[0].parts[n].name for n in places)
        told = _told(texts, moved, places)
        yield f"{listed} {told.replace('looks', 'look', 1).replace('it changes', 'they change', 1)}"
        return
    for n in places[:_PARTS]:
        yield f"{keys[0].parts[n].name} {_told([key.parts[n].text for key in keys], moved, (n,))}"
    if len(places) > _PARTS:
        yield f"and {len(places) - _PARTS} more parts"


_QUOTES = "b'\""


def _of_one_text(keys: Sequence[_Key]) -> str:
    first = keys[0]
    odd = [
        part.name
        for n, part in enumerate(first.parts)
        if any(key.parts[n].pickled != part.pickled for key in keys)
    ]
    if odd and len(odd) < len(first.parts):
        return f"all parts read the same; what is pickled of {', '.join(odd[:_PARTS])} differs"
    return "all parts read the same: what differs is not in their text"


def _told(texts: Sequence[str], moved: Moved, places: Sequence[int]) -> str:
    """Return what the parts at *places*, or the whole key, look like, and what they change with."""
    looks = looks_like(texts, moved.facts)
    cause = _cause(moved, places)
    if looks and cause:
        return f"looks like {looks}; {cause}"
    return (
        f"looks like {looks}" if looks else cause.replace("it changes", "changes", 1) or "is another in each"
    )


def _cause(moved: Moved, places: Sequence[int]) -> str:
    first = moved.runs[0]
    if moved.again is None or first is None:
        return ""
    if _is_other(first, moved.again, places):
        return "it changes from process to process, whatever they have in common"
    found = [what for what, key in moved.alone.items() if key is not None and _is_other(first, key, places)]
    return f"it changes with {' and with '.join(found)}" if found else ""


def _is_other(first: _Key, key: _Key, places: Sequence[int]) -> bool:
    if not places or len(first.parts) != len(key.parts):
        return key.text != first.text
    return any(key.parts[n].text != first.parts[n].text for n in places)


def not_told(cache: str, call: str, run: int, failed: str, output: str, what: str) -> str:
    """Return the failure of the process *run*, which has *failed* to tell its keys; *what* is its own."""
    lines = [f"cache {cache!r}: {call} in a fresh process, run {run}{what}, {failed}"]
    told = output.strip().splitlines()[-_OUTPUT_LINES:]
    if told:
        lines += ["  the end of its output:", *(f"    {line}" for line in told)]
    return "\n".join(lines)


def nothing_in_any(cache: str, call: str, used: Sequence[str]) -> str:
    """Return the failure of a *call* that looks nothing up in *cache*; it has *used* others."""
    text = f"cache {cache!r}: {call} looks nothing up in it in a fresh process, so nothing was tested"
    return f"{text}\n  it has used {', '.join(map(repr, used))}" if used else text
