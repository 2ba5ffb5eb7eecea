"""The report of a scope, as text and as JSON-ready data."""

from __future__ import annotations

import reprlib
import sys
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .caches import MockCache

__all__ = ["as_dict", "shorten", "write_report"]

# What the report of torch._inductor.mock_cache cuts at.
LIMIT = 100


class _Shortener(reprlib.Repr):
    """A repr that looks at no more of an object than will be shown.

    An entry may be a compiled graph of many megabytes, and the report is printed in CI for each of them.
    """

    def __init__(self) -> None:
        super().__init__()
        # An element takes three characters or more ("0, "), so this many fill the limit.
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = LIMIT // 3 + 1
        self.maxfrozenset = self.maxdeque = self.maxarray = LIMIT // 3 + 1
        self.maxlevel = 3
        self.maxother = self.maxlong = LIMIT + 1

    def repr_str(self, x: str, level: int) -> str:
        return repr(x[: LIMIT + 1])

    def repr_bytes(self, x: bytes, level: int) -> str:
        return repr(x[: LIMIT + 1])

    repr_bytearray = repr_bytes

    def repr_int(self, x: int, level: int) -> str:
        # The decimal digits of a huge integer take quadratic time, and Python refuses them past a limit.
        return repr(x) if x.bit_length() < 8 * LIMIT else f"<an int of {x.bit_length()} bits>"

    def repr_instance(self, x: Any, level: int) -> str:
        # The repr that a dataclass generates would build the text of every field in full.
        generated = getattr(type(x), "__dataclass_params__", None)
        if is_dataclass(x) and generated is not None and generated.repr and level > 0:
            inside = (
                f"{field.name}={self.repr1(getattr(x, field.name, None), level - 1)}"
                for field in fields(x)
                if field.repr
            )
            return f"{type(x).__qualname__}({', '.join(inside)})"
        return super().repr_instance(x, level)


_shortener = _Shortener()


def shorten(value: object) -> str:
    """Return the repr of *value*, cut at 100 characters and then marked with ``...``."""
    try:
        text = _shortener.repr(value)
    except Exception:
        # A field that can't be read, or a class that only has the name of a container.
        text = f"<{type(value).__name__} instance at {id(value):#x}>"
    return text if len(text) <= LIMIT else text[:LIMIT] + "..."


def _by_text(cache: MockCache) -> list[tuple[str, object]]:
    # By text, not by key: keys of different types can't be ordered.
    return sorted(
        ((shorten(key), value) for key, value in list(cache.cache.items())),
        key=lambda entry: entry[0],
    )


def write_report(
    caches: Mapping[str, MockCache],
    file: TextIO | None = None,
    *,
    entries: bool = True,
    footnotes: Iterable[str] = (),
) -> None:
    """Print counts, and entries if asked for, of every cache to *file*, or to standard error.

    *footnotes* are lines that end it.
    """
    out = sys.stderr if file is None else file
    lines = ["Cache Stats:"]
    lines += [f"  {name}: {cache}" for name, cache in caches.items()]
    if entries:
        lines.append("Cache Entries:")
        for name, cache in caches.items():
            if found := _by_text(cache):
                lines.append(f"  {name}:")
                lines += [f"    {key}: {shorten(value)}" for key, value in found]
    print("\n".join([*lines, *footnotes]), file=out)


def _plain(value: object) -> Any:
    if value is None or isinstance(value, (bool, str)) or type(value) is int:
        return value
    return shorten(value)


def as_dict(caches: Mapping[str, MockCache]) -> dict[str, Any]:
    """Return what JSON can hold of every cache: counts, entries and operations."""
    return {
        name: {
            "puts": cache.num_put,
            "hits": cache.num_get_hit,
            "misses": cache.num_get_miss,
            "hit_ratio": cache.hit_ratio,
            "entries": [{"key": key, "value": _plain(value)} for key, value in _by_text(cache)],
            "operations": [
                {
                    "kind": operation.kind,
                    "key": _plain(operation.key),
                    "thread": operation.thread,
                    "where": str(operation.where),
                }
                for operation in cache.operations
            ],
        }
        for name, cache in caches.items()
    }
