"""Keys and parts of keys as values that JSON can hold, which are equal where those were."""

from __future__ import annotations

import hashlib
import math
import re
from typing import Any

from .._telling.key_parts import is_text
from .._telling.shortening import KEY_TEXT, Shown, repr_in_time, whole_repr

__all__ = ["KEY_LIMIT", "cut", "key_as_data", "part_as_data", "part_of_data", "printable", "same_in_all_runs"]

KEY_LIMIT = 100
"""So many characters of the repr of a key are kept; a hash stands for a longer one."""

_HASHED = 16
_CUT = "..."
_LONGEST = 1_000
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def _hash_of(value: object) -> str:
    """Return the hash of all of *value*, by which two are told apart that begin in the same way."""
    if is_text(value):
        whole = str.__str__(value).encode("utf-8", "surrogatepass")
    elif isinstance(value, (bytes, bytearray)):
        whole = bytes(value)
    elif isinstance(value, int):
        # Python refuses the decimal digits of a huge one.
        whole = hex(value).encode()
    else:
        whole = whole_repr(value).encode("utf-8", "surrogatepass")
    return hashlib.sha256(whole).hexdigest()[:_HASHED]


def key_as_data(key: object) -> dict[str, Any]:
    """Return the ``text`` of *key*, its repr, with a ``hash`` of all of it where that is cut."""
    if type(key) is Shown:
        key = key.text
        text = key if len(key) <= KEY_LIMIT else key[:KEY_LIMIT] + _CUT
    else:
        text = repr_in_time(key)
    # Something may be cut inside too, and of a huge number there are no digits.
    if _CUT in text or text.startswith("<an int of "):
        return {"text": text, "hash": _hash_of(key)}
    return {"text": text}


def part_as_data(value: object) -> Any:
    """Return *value*, a part of a key, itself where JSON has it; else an object with its ``text``.

    That has a ``hash`` as well, where the text does not say all of it.
    """
    if value is None or type(value) is bool:
        return value
    if type(value) is int and value.bit_length() <= 1_000:  # Python refuses the digits of a huge one
        return value
    if type(value) is float and math.isfinite(value):
        return value
    if is_text(value):
        text = str.__str__(value)
        return text if len(text) <= KEY_TEXT else {"text": text[:KEY_TEXT], "hash": _hash_of(text)}
    if type(value) is Shown:
        if len(value.text) <= KEY_TEXT and value.identity == value.text:
            return {"text": value.text}
        return {"text": value.text[:KEY_TEXT], "hash": _hash_of(value.identity)}
    return key_as_data(value)


def part_of_data(data: Any) -> object:
    """Return what `part_as_data` made *data* of, or what is equal to that made of the same."""
    if not isinstance(data, dict):
        return data
    # An object without a repr of its own is written with its address, which is another in each run.
    text = str(data.get("text"))
    return Shown(text, str(data.get("hash") or _ADDRESS.sub("", text)))


def cut(text: str) -> str:
    """Return *text*, its middle left out where nobody would read it to its end."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 100]}...{text[-100:]}"


def same_in_all_runs(text: str) -> str:
    """Return *text* without the addresses that are others in each run."""
    return _ADDRESS.sub("", text) if " at 0x" in text else text


def printable(text: str) -> str:
    """Return *text* with escapes for what a terminal would obey: controls, marks that turn the line.

    What is very long, such as a name that a test has from its parameters, is cut.
    """
    text = cut(text)
    if text.isprintable():
        return text
    # Half of a surrogate pair can't be written at all, and a line break would begin another line.
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text
    )
