"""What a part of a key looks like that is another in each process."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Facts = Sequence[Mapping[str, Any]]
    Look = Callable[[Sequence[str], Facts], bool]

__all__ = ["in_another_order", "looks_like"]

_UUID = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-f]{12}[147][0-9a-f]{3}[89ab][0-9a-f]{15}"
)
_HASH = re.compile(r"(?=.*[a-fA-F])(?:[0-9a-fA-F]{32,128})|[a-z2-7]{48,64}")
_AT = re.compile(r"\b0x[0-9a-fA-F]{6,16}\b")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_HEX = re.compile(r"-?(?:0x)?(?=[0-9a-f]*[a-f])[0-9a-f]{8,16}")
_WORD = re.compile(r"[^\s,{}()\[\]:/|;&?]+")
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]?\d\d")
_ZONE = re.compile(r"(?:UTC|GMT)?[+-]\d\d:?\d\d|[A-Z]{3,5}|[A-Z][a-z]+/[A-Z]\w+")
# An address is below this, on all systems of today; a hash hardly ever is.
_HIGHEST = 2**48
_LOWEST = 2**20
_DAY = 86_400
# So far from one of its objects the others of a process are.
_NEAR = 2**44


def looks_like(texts: Sequence[str], facts: Facts) -> str:
    """Return what the *texts* of a part, one of each process, look like; nothing if that can't be told.

    *facts* are of the processes: ``"process"``, ``"folder"``, ``"time"`` and ``"address"``.
    """
    return next((told for told, looks in _LOOKS if looks(texts, facts)), "")


def in_another_order(texts: Sequence[str]) -> bool:
    """Return whether *texts* have the same words in another order."""
    words = [_WORD.findall(text) for text in texts]
    return len(words[0]) > 1 and all(sorted(each) == sorted(words[0]) for each in words)


def _is_set(texts: Sequence[str], facts: Facts) -> bool:
    return in_another_order(texts)


def _is_folder(texts: Sequence[str], facts: Facts) -> bool:
    return all(each["folder"] in text for text, each in zip(texts, facts, strict=True))


def _is_path(texts: Sequence[str], facts: Facts) -> bool:
    return all(text.startswith("/") and text.count("/") > 1 for text in texts)


def _is_process(texts: Sequence[str], facts: Facts) -> bool:
    return all(
        re.search(rf"(?<!\d){each['process']}(?!\d)", text) is not None
        for text, each in zip(texts, facts, strict=True)
    )


def _is_written_address(texts: Sequence[str], facts: Facts) -> bool:
    return all(_AT.search(text) and " at 0x" in text for text in texts)


def _is_time(texts: Sequence[str], facts: Facts) -> bool:
    numbers = [float(text) if _NUMBER.fullmatch(text) else 0.0 for text in texts]
    return any(
        all(abs(n / unit - each["time"]) < _DAY for n, each in zip(numbers, facts, strict=True))
        for unit in (1, 1_000, 1_000_000, 1_000_000_000)
    )


def _is_address(texts: Sequence[str], facts: Facts) -> bool:
    numbers = _numbers(texts)
    return numbers is not None and all(
        _LOWEST < n < _HIGHEST and abs(n - each["address"]) < _NEAR
        for n, each in zip(numbers, facts, strict=True)
    )


def _is_hash_value(texts: Sequence[str], facts: Facts) -> bool:
    numbers = _numbers(texts)
    return numbers is not None and any(abs(n) >= _HIGHEST for n in numbers)


def _numbers(texts: Sequence[str]) -> list[int] | None:
    """Return the whole numbers that *texts* are, in one notation."""
    if all(re.fullmatch(r"-?\d+", text) for text in texts):
        return [int(text) for text in texts]
    # Sixteen digits may have no letter among them, by chance, in one of the processes.
    if any(_HEX.fullmatch(text) for text in texts):
        try:
            return [int(text, 16) for text in texts]
        except ValueError:
            return None
    return None


_LOOKS: tuple[tuple[str, Look], ...] = (
    ("an address", _is_written_address),
    ("the order of a set", _is_set),
    ("a path in the working directory", _is_folder),
    ("an absolute path", _is_path),
    ("a random id", lambda texts, _: all(_UUID.fullmatch(text) for text in texts)),
    ("the id of the process", _is_process),
    ("the time", _is_time),
    ("an address", _is_address),
    ("what hash() returns", _is_hash_value),
    (
        "a hash, and what went into it can't be told from it",
        lambda texts, _: all(map(_HASH.fullmatch, texts)),
    ),
    ("a time of day, or one in the time zone", lambda texts, _: all(map(_ISO.match, texts))),
    ("a time zone", lambda texts, _: all(map(_ZONE.fullmatch, texts))),
)
