"""The text of a snapshot: operations without what is another in each run, and how it differs from others."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

from .._recording.call_sites import JobName, TaskName
from .formatting import short_middle
from .functions import function_of
from .key_parts import is_text
from .listing import LINES, in_blocks
from .order import Found, Line, align, diff_lines, first_difference
from .processes import MAIN
from .shortening import one_text, unwritten, whole_repr
from .volatile import Numbering

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .history import History

__all__ = ["plain", "snapshot_differs", "snapshot_lines", "was_written", "without_operations"]

# What has none of these, and is no number, is nobody's repr.
_PLAIN = re.compile(r"[^()\[\]{}<>'\"\\]+")
_WORDS = frozenset({"inf", "nan", "-inf", "None", "True", "False", "Ellipsis", "NotImplemented"})
_LONGEST = 500
_SHOWN = 200


def plain(value: object) -> str:
    """Return a text without quotes where nothing else is written so, and of all else the repr."""
    if is_text(value) and type(value) is str and not _is_taken(value):
        return value
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in whole_repr(value))


def _is_taken(text: str) -> bool:
    """Return whether *text* may be written for something that is no text."""
    if not text.isprintable() or text != text.strip() or not _PLAIN.fullmatch(text) or text in _WORDS:
        return True
    if not text[0].isdigit() and text[0] not in "-+.":
        return False
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


class _Step(NamedTuple):
    """An operation as it is before its volatile parts are numbered."""

    kind: str
    key: str
    function: str
    found: Found


class _Section(NamedTuple):
    """The operations of one ``"thread"`` or ``"task"``, the *kind*, on one cache.

    *process* is its process by a name that is the same in each run.
    """

    kind: str
    process: str
    steps: list[_Step]


def snapshot_lines(histories: Iterable[History], patterns: Iterable[re.Pattern[str]] = ()) -> list[Line]:
    """Return the lines of the snapshot of some caches; *patterns* are of what else is volatile.

    Caches go by their names, and the threads and tasks of each by what they did: their own names are others
    each time.
    """
    numbering = Numbering(patterns)
    lines: list[Line] = []
    with one_text():
        for history in sorted(histories, key=lambda history: history.cache):
            sections = _ordered(_sections(history), numbering)
            several = bool(history.processes)
            name = plain(history.cache)
            if not sections:
                lines.append(Line(" ", f"cache {name}: no operations", is_head=True))
            for n, section in enumerate(sections, 1):
                whose = f", {section.kind} {n}" if len(sections) > 1 else ""
                of = f", in {section.process}" if several else ""
                lines.append(Line(" ", f"cache {name}{whose}{of}", is_head=True))
                lines += [_line(step, numbering) for step in section.steps]
    return lines


def _sections(history: History) -> list[_Section]:
    sections: dict[object, _Section] = {}
    stores = len(set(history.stores)) > 1
    for n, operation in enumerate(history.operations):
        key = plain(operation.key)
        if stores:
            key += f" in {operation.store}"
        step = _Step(operation.kind, key, function_of(operation.where), Found(history, n))
        # A job of a pool has the name of the worker that does it, and an object of its own for that; a task
        # that of the thread of its loop.
        thread = operation.thread
        whose = operation.process, id(thread) if isinstance(thread, JobName) else thread
        if whose not in sections:
            kind = "task" if isinstance(thread, TaskName) else "thread"
            sections[whose] = _Section(kind, _stable(operation.process_name), [])
        sections[whose].steps.append(step)
    return list(sections.values())


def _stable(process: str | None) -> str:
    """Return the name of a process as it is in each run: others are counted up, or have its id."""
    if process is None:
        return MAIN
    return process if process.startswith("rank ") else "a child process"


def _ordered(sections: list[_Section], numbering: Numbering) -> list[_Section]:
    """Return *sections* in the order of their lines, and number what is volatile in them in that order."""
    blank = {
        id(section): (
            [(each.kind, numbering.blank(each.key), each.function) for each in section.steps],
            section.kind,
            section.process,
        )
        for section in sections
    }
    left = sorted(sections, key=lambda section: blank[id(section)])
    found: list[_Section] = []
    while left:
        # Those that are alike but for what is volatile go by the numbers that this has by now.
        alike = [section for section in left if blank[id(section)] == blank[id(left[0])]]
        chosen = min(alike, key=lambda section: numbering.peek([each.key for each in section.steps]))
        for each in chosen.steps:
            numbering.numbered(each.key)
        found.append(chosen)
        left = [section for section in left if section is not chosen]
    return found


def _line(step: _Step, numbering: Numbering) -> Line:
    key = numbering.numbered(step.key)
    if len(key) > _LONGEST:
        # Loaded here: few keys are that long.
        from hashlib import sha256

        digest = sha256(key.encode("utf-8", "backslashreplace")).hexdigest()[:16]
        key = f"{key[:_SHOWN]}...{key[-_SHOWN:]} ({len(key):,} characters, sha256 {digest})"
    return Line(" ", f"  {step.kind} {key} < {step.function}", step.found)


def snapshot_differs(
    name: str, expected: Sequence[str], got: Sequence[Line], unknown: Sequence[str], remedy: str
) -> str | None:
    """Return the failure where the lines of the snapshot called *name* are not those that it has now.

    *unknown* are the caches that were used and whose operations are not known; *remedy* says what to do where
    the difference is meant.
    """
    if list(expected) == [line.text for line in got]:
        return None
    wanted = [Line("-", text, is_head=not text.startswith("  ")) for text in expected]
    lines = list(align(wanted, got, lambda n, m: wanted[n].text == got[m].text))
    with one_text():
        first = first_difference(lines) or "other lines without operations"
        last = [f"  {remedy}", *_left_out(unknown)]
        told = [f"not as in {name}: {first}", "  - snapshot, + now:"]
        told += [f"  {line}" for line in diff_lines(lines, LINES - len(last) - len(told))]
        return "\n".join([*told, *last, *unwritten()])


def _left_out(unknown: Sequence[str]) -> list[str]:
    if not unknown:
        return []
    return [f"  used, and left out since their operations can't be known: {', '.join(map(repr, unknown))}"]


def was_written(name: str, lines: Sequence[Line], unknown: Sequence[str]) -> str:
    """Return the failure of a snapshot that was not there, and is now."""
    told = [f"{name} was not there, and is written now: read it, run the test again, and commit it"]
    room = LINES - 3
    told += [f"  {short_middle(line.text, limit=_SHOWN)}" for line in lines[:room]]
    if len(lines) > room:
        told.append(f"  ... {len(lines) - room:,} more lines")
    return "\n".join(told + _left_out(unknown))


def without_operations(names: Sequence[str], histories: Sequence[History]) -> str:
    """Return the failure of a snapshot of nothing, with what is known of why it is."""
    told = [
        f"there was no operation on {', '.join(map(repr, names)) or 'any cache'}, so there is no snapshot"
    ]
    for history in histories:
        why = [*history.why_unused(), *in_blocks(history)]
        told += [f"  cache {history.cache!r}: {line}" for line in why]
    return "\n".join(told[:LINES])
