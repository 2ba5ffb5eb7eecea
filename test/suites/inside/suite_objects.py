"""The adapters that are told which objects to test: each object that a test makes is given to them."""

from __future__ import annotations

import contextlib
import functools
import importlib
import sys
from typing import Any

__all__ = ["BY_OBJECT", "Objects"]

# By adapter: its class, and the class of its objects.
BY_OBJECT = {
    "cachetools": ("Cachetools", "cachetools", "Cache"),
    "dogpile": ("Dogpile", "dogpile.cache.region", "CacheRegion"),
}


class Objects:
    """The objects of one adapter that are made in a test, each patched from then until the test ends."""

    def __init__(self, adapter: str) -> None:
        name, module, cls = BY_OBJECT[adapter]
        self._adapter: Any = getattr(importlib.import_module("cachetest.adapters"), name)
        self._scope: Any = None
        self._follow(getattr(importlib.import_module(module), cls))

    @contextlib.contextmanager
    def of_test(self) -> Any:
        """Patch what is made in the block, until its end."""
        from cachetest import PatchCaches
        from cachetest.adapters import Adapter

        class Nothing(Adapter):
            """The adapter of the scope before any object is made."""

            name = "nothing"
            caches = ()

            def install(self) -> Any:
                return contextlib.nullcontext()

        with PatchCaches(Nothing()) as self._scope:
            yield
        self._scope = None

    def _follow(self, cls: type) -> None:
        """Wrap the ``__init__`` of *cls* and of its subclasses, to take up each object that is complete."""
        for each in cls.__subclasses__():
            self._follow(each)
        if "__init__" not in vars(cls):
            return
        real: Any = cls.__init__  # type: ignore[misc]

        @functools.wraps(real)
        def init(made: Any, *args: Any, **options: Any) -> None:
            real(made, *args, **options)
            # Not within the __init__ of a subclass, which goes on after this one; and not the adapter's own.
            caller = sys._getframe(1).f_globals.get("__name__", "")
            if type(made).__init__ is init and not caller.startswith("cachetest"):
                self._take_up(made)

        cls.__init__ = init  # type: ignore[misc]

    def _take_up(self, made: Any) -> None:
        if self._scope is not None:
            from cachetest._patching.additions import add_adapters

            # One scope for all of them, as `patchCaches` adds to that of a test.
            add_adapters(self._scope._innermost_session(), [self._adapter(**{f"object_{id(made)}": made})])
