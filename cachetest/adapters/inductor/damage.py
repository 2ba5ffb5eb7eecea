"""What is wrong with an entry that torch has found and not used, told without running any of it."""

from __future__ import annotations

import base64
import io
import json
import pickle
from typing import Any

from ..._behaving.gate import text_of

__all__ = ["UNSAID", "damage_of", "damage_of_pickle", "undecoded"]


# What a pickle that is damaged raises.
_OF_PICKLE = (pickle.UnpicklingError, EOFError, ValueError, IndexError, KeyError, OverflowError)
UNSAID = "torch did not use it, and does not say why"
"""What is wrong with an entry where nothing was seen."""


def undecoded(error: Exception) -> str:
    """Return the text of an entry that is not what it should be, for the *error* that this led to."""
    return f"it can't be decoded: {text_of(error)}"


def damage_of(value: Any, *, pickled: bool = True, unsaid: str = UNSAID) -> str:
    """Return what is wrong with the entry *value*, *unsaid* if nothing is; *pickled* if it has a pickle."""
    if not value:
        return f"it is {value!r}, which torch takes for no entry"
    try:
        data = json.loads(value)
    except Exception as error:
        return undecoded(error)
    if not isinstance(data, dict):
        return f"it holds no mapping, but {type(data).__name__}"
    if not pickled:
        return unsaid
    if "data" not in data:
        return "it has no 'data'"
    try:
        content = base64.b64decode(data["data"])
    except Exception as error:
        return undecoded(error)
    return damage_of_pickle(content, unsaid)


def damage_of_pickle(content: bytes, unsaid: str = UNSAID) -> str:
    """Return what is wrong with the pickle *content*, *unsaid* if nothing is."""
    reader = _Inert(io.BytesIO(content))
    try:
        reader.load()
    except Exception as error:
        # What else it raises may come of its objects being none.
        if reader.is_missing or isinstance(error, _OF_PICKLE):
            return undecoded(error)
    return unsaid


class _Inert(pickle.Unpickler):
    """Reads a pickle as torch does, and makes nothing of what is in it: all of its objects are of one kind.

    So it fails where the pickle is damaged, or names what is not there any more, and runs none of its code.
    """

    is_missing = False

    def find_class(self, module: str, name: str) -> Any:
        self.is_missing = True
        super().find_class(module, name)
        self.is_missing = False
        return _Anything

    def persistent_load(self, pid: object) -> Any:
        return _Anything()


class _Anything(dict[Any, Any]):
    """Takes whatever a pickle does to an object."""

    def __init__(self, *_args: object, **_kwargs: object) -> None:
        super().__init__()

    def __new__(cls, *_args: object, **_kwargs: object) -> _Anything:
        return super().__new__(cls)

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)

    def __call__(self, *_args: object, **_kwargs: object) -> _Anything:
        return self

    def __setitem__(self, _key: object, _value: object) -> None: ...
    def __setstate__(self, _state: object) -> None: ...
    def append(self, _value: object) -> None: ...
    def extend(self, _values: object) -> None: ...
    def add(self, _value: object) -> None: ...
