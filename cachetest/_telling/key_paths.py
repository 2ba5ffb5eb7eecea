"""Keys that have the folder of a module in them: on another machine they are others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from .formatting import short_middle

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["of_this_machine"]

_PARTS = 5


class _Part(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def text(self) -> str: ...


class _Key(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def where(self) -> str: ...
    @property
    def parts(self) -> Sequence[_Part]: ...


def of_this_machine(cache: str, call: str, keys: Iterable[_Key], folders: Mapping[str, str]) -> str | None:
    """Return the failure of a *call* that looks up one of *keys* with a path to a module in it.

    *folders* has the modules by what their paths begin with. None if there is no such key.
    """
    if not folders:
        return None
    longest = sorted(folders, key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, longest))})(?![\w.-])")

    def told_of(name: str, text: str) -> list[str]:
        found = pattern.search(text)
        if found is None:
            return []
        folder = found[0]
        where = f"{folder!r} is where the module {folders[folder]!r} is on this machine"
        return [f"    {name} looks like an absolute path: {where}"]

    for key in keys:
        whole = told_of("the key", key.text)
        if whole:
            told = [line for part in key.parts for line in told_of(part.name, part.text)] or whole
            lines = [f"cache {cache!r}: {call} looks up a key that is another on another machine"]
            return "\n".join([*lines, f"  {short_middle(key.text)}, at {key.where}", *told[:_PARTS]])
    return None
