"""The base of the adapters that are told which caches to test, each by name, as ``name=target``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import Adapter

if TYPE_CHECKING:
    from collections.abc import Hashable

    from .._caches.cache import MockCache

__all__ = ["Targets"]


class Targets(Adapter):
    """An adapter of caches that a program has made itself: ``Adapter(prices=target)``.

    A target is an object, or a string ``"package.module:attribute"`` (an attribute of an attribute too),
    which is imported when the caches are patched. The names are those of the caches.
    """

    example = "sessions='app.cache:sessions'"
    """The argument that messages show as an example."""

    def __init__(self, **targets: object) -> None:
        """Check the targets; strings are not imported yet.

        Raises ``TypeError`` when there are none, and ``ValueError`` for a string that names nothing.
        """
        if not targets:
            raise TypeError(
                f"{type(self).__name__} has to be told what to test: {type(self).__name__}({self.example})"
            )
        for name, target in targets.items():
            if isinstance(target, str):
                module, _, attribute = target.partition(":")
                if not all(part.isidentifier() for part in (*module.split("."), *attribute.split("."))):
                    raise ValueError(
                        f"{name}={target!r}: expected a string like 'package.module:attribute', or the "
                        "object itself"
                    )
        self.targets = targets
        self.caches = tuple(targets)

    def resolve(self) -> dict[str, Any]:
        """Return the object that each name stands for.

        Raises ``ImportError`` that says which name asked for what can't be imported.
        """
        return {name: self._object(name, target) for name, target in self.targets.items()}

    def _object(self, name: str, target: object) -> object:
        if not isinstance(target, str):
            return target
        # Loaded here: it takes as long to import as this module.
        import pkgutil

        try:
            return pkgutil.resolve_name(target)
        except (ImportError, AttributeError) as error:
            raise ImportError(f"{type(self).__name__}({name}={target!r}): {error}") from error

    def is_patched(self, target: object) -> bool:
        """Return whether *target* is an object that is patched now."""
        return True

    def is_shared(self, cache: MockCache) -> bool:
        """Return False: an object of the program is in its process alone."""
        return False

    def why_unused(self, cache: MockCache) -> str:
        """Return that the program has replaced the object that was patched, if it has."""
        target = self.targets.get(cache.name)
        if not isinstance(target, str):
            return ""
        try:
            found = self.resolve()[cache.name]
        except (ImportError, TypeError):
            return f"what was {target!r} when it was patched is not there any more"
        if self.is_patched(found):
            return ""
        return f"{target!r} is another object now than the one that was patched: {found!r}"

    def identity(self) -> Hashable:
        return tuple(
            (name, target if isinstance(target, str) else id(target)) for name, target in self.targets.items()
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} adapter of {', '.join(self.targets)}>"
