"""What a fresh process is told to do for an assertion on keys: the function, and the caches of the test."""

from __future__ import annotations

import os
import pickle
import pkgutil
import sys
from typing import TYPE_CHECKING, Any

from .._sharing.described import places_of
from ..adapters.targets import Targets
from .key_django import django_of_test

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..adapters.base import Adapter

__all__ = ["place_of_function", "task_for"]


def place_of_function(function: Any) -> dict[str, str | None]:
    """Return where another process finds *function*; raises ``TypeError`` if it can't."""
    if isinstance(function, str):
        module, mark, name = function.partition(":")
        if not mark or not all(part.isidentifier() for part in (*module.split("."), *name.split("."))):
            raise ValueError(f"function: expected a string like 'package.module:function', not {function!r}")
        place = function
    else:
        if not callable(function):
            raise TypeError(
                f"function must be a function, or a string like 'shop.cache:price', not {function!r}"
            )
        place = _place_of(function)
    try:
        found = pkgutil.resolve_name(place)
    except (ImportError, AttributeError) as error:
        raise TypeError(f"{_not_importable(function)}: {place!r} is not there: {error}") from None
    if not isinstance(function, str) and found != function:
        raise TypeError(f"{_not_importable(function)}: {place!r} is another object: {found!r}")
    if not callable(found):
        raise TypeError(f"function: {place!r} is no function, but {found!r}")
    file = getattr(sys.modules.get(place.partition(":")[0]), "__file__", None)
    return {"place": place, "file": file}


def _place_of(function: Any) -> str:
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or "<" in name:
        raise TypeError(
            f"{_not_importable(function)}: it has to be one of a module, or of a class of one, called "
            "without arguments"
        )
    return f"{module}:{name}"


def _not_importable(function: object) -> str:
    name = getattr(function, "__qualname__", None)
    return f"the function is called in fresh processes, which can't import {name or repr(function)}"


def task_for(session: object, cache: str, function: Mapping[str, str | None]) -> dict[str, Any]:
    """Return what a process is told, but for its setting: *cache* and *function*, with all of *session*."""
    # Loaded here, where it is loaded already: the chain of imports would be too long.
    from .._patching.session import Session

    if not isinstance(session, Session):
        session = Session((), label="")
    adapters = [_adapter_in_words(each) for each in session.adapters]
    options = {
        "enable": list(session.enable),
        "switches_off": session._switches_off,
        "explain_misses": session._explain_misses,
        "log_length": session._log_length,
        "patience": session._patience,
        "log_outside": sorted(session._log_outside),
        "detects": session._detects,
    }
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    uses_main = str(function["place"]).startswith("__main__:") or any(each[1] for each in adapters)
    return {
        "cache": cache,
        "function": function,
        "adapters": [each[0] for each in adapters],
        "detects": session._detects,
        "options": options,
        "django": django_of_test(),
        "main": os.path.abspath(main) if uses_main and main else None,
    }


def _adapter_in_words(adapter: Adapter) -> tuple[str, bool]:
    """Return *adapter* as it is made again elsewhere, and whether that takes the main script."""
    uses_main = False
    made: object = adapter
    if isinstance(adapter, Targets):
        places: dict[str, object] = {}
        for cache, target in adapter.targets.items():
            found = [target] if isinstance(target, str) else sorted(places_of(target), key=_is_of_main)
            if not found:
                raise TypeError(
                    f"the cache {cache!r} is {target!r}, which no module holds, so a fresh process has none: "
                    f"make it an attribute of a module, and give it as {adapter.example}"
                )
            places[cache] = found[0]
            uses_main = uses_main or _is_of_main(found[0])
        if getattr(adapter, "_follow", False):
            places["follow"] = True
        made = type(adapter), places
    try:
        return pickle.dumps(made).hex(), uses_main
    except Exception as error:
        raise TypeError(
            f"{adapter!r} can't be given to a fresh process, since it can't be pickled: {error}"
        ) from None


def _is_of_main(place: str) -> bool:
    return place.startswith("__main__:")
