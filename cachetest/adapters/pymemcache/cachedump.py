"""``stats cachedump``: the entries of a server by their size, as memcached keeps them, the newest first.

memcached has a slab class for each range of sizes. It keeps three lists of each, by how entries are used;
here, as in its mode ``flat``, there is one. What has expired is left out; memcached may still list it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from .entries import NEVER, CommandError, Entry, size_of

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["cachedump"]


def _sizes_of_classes() -> list[int]:
    """Return the largest size of each class but the last, which takes all that is larger."""
    sizes, size = [], 96.0
    # Each is larger than the last by a quarter; half a page is one more, and what is larger is parted.
    while size <= 512 * 1024 / 1.25:
        # A whole number of words.
        size = -(-int(size) // 8) * 8
        sizes.append(int(size))
        size *= 1.25
    return sizes


_SIZES = _sizes_of_classes()
_CLASSES = 64
_MOST_BYTES = 2 * 1024 * 1024


def cachedump(entries: Iterable[tuple[object, Entry]], words: list[bytes]) -> bytes:
    """Return what ``stats cachedump CLASS MOST`` answers of *entries*, the last line without its end.

    Raises `CommandError` for what is no number, and a class that there can't be.
    """
    if len(words) < 4:
        raise CommandError(b"CLIENT_ERROR bad command line")
    number, most = map(_number, words[2:4])
    if number >= _CLASSES:
        raise CommandError(b"CLIENT_ERROR Illegal slab id")
    found = [(_bytes_of(name), entry) for name, entry in entries]
    found = [(key, entry) for key, entry in found if _class_of(key, entry) == number]
    found.sort(key=lambda each: -each[1].placed)
    answer = bytearray()
    for key, entry in found[: most or None]:
        expires = 0 if entry.expires == NEVER else int(entry.expires)
        line = b"ITEM %b [%d b; %d s]\r\n" % (key, len(entry.value), expires)
        if len(answer) + len(line) + len(b"END\r\n") > _MOST_BYTES:
            break
        answer += line
    return bytes(answer) + b"END"


def _number(word: bytes) -> int:
    if not re.fullmatch(rb"\+?\d+", word) or int(word) >= 2**64:
        raise CommandError(b"CLIENT_ERROR bad command line format")
    # 32 bits of it are kept.
    return int(word) % 2**32


def _class_of(key: bytes, entry: Entry) -> int:
    return bisect_left(_SIZES, size_of(key, len(entry.value), entry.flags)) + 1


def _bytes_of(name: object) -> bytes:
    return name if isinstance(name, bytes) else str(name).encode()
