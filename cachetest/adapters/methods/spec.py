"""What `Methods` is told of a class: its methods, and which of their arguments mean what."""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ...errors import closest_first

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Spec", "position_of"]


class Spec:
    """The methods by their names, and how a key, a value and a miss are told."""

    def __init__(
        self,
        methods: Mapping[str, str | None],
        missing: object,
        key: str | int | Callable[..., object],
        value: str | int,
    ) -> None:
        """Check what can be checked before the class is imported."""
        for kind, name in methods.items():
            if name is None and kind != "get":
                continue
            if not isinstance(name, str) or not name.isidentifier():
                raise TypeError(
                    f"Methods({kind}={name!r}): expected the name of a method, as {kind}='{kind}'"
                )
        self.methods = {kind: name for kind, name in methods.items() if name is not None}
        twice = [name for name in self.methods.values() if list(self.methods.values()).count(name) > 1]
        if twice:
            raise ValueError(f"Methods: the method {twice[0]!r} is named twice; each has one meaning")
        if not callable(key) and (isinstance(key, bool) or not isinstance(key, (str, int))):
            raise TypeError(
                f"Methods(key={key!r}): expected the name or the position of an argument, or a function"
            )
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise TypeError(f"Methods(value={value!r}): expected the name or the position of an argument")
        self.missing, self.key, self.value = missing, key, value

    @property
    def raises(self) -> bool:
        """Whether a miss is told by an exception."""
        return isinstance(self.missing, type) and issubclass(self.missing, BaseException)

    @property
    def judges(self) -> bool:
        """Whether a function says of what *get* has returned whether that is a miss."""
        return callable(self.missing) and not isinstance(self.missing, type)

    def is_miss(self, method: Any, found: object, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
        """Return whether *found*, which *method* returned, is a miss."""
        if self.judges:
            return bool(self.missing(found))  # type: ignore[operator]
        return not self.raises and found is self.absent(method, args, kwargs)

    def validate(self, asked: str, cls: type) -> None:
        """Raise an error, with the closest names, where *cls* has not all of the methods."""
        for kind, name in self.methods.items():
            found = inspect.getattr_static(cls, name, None)
            if found is None:
                known = [
                    each
                    for each in dir(cls)
                    if callable(getattr(cls, each, None)) and not each.startswith("__")
                ]
                names = ", ".join(closest_first(name, known)[:3]) or "none"
                raise AttributeError(
                    f"{asked}: {cls.__qualname__} has no method {name!r}, named by {kind}; "
                    f"the closest: {names}"
                )
            if not inspect.isroutine(found) or isinstance(found, (classmethod, staticmethod)):
                what = type(found).__name__
                raise TypeError(
                    f"{asked}: {cls.__qualname__}.{name}, named by {kind}, is no method of an object, "
                    f"but a {what}"
                )
            if inspect.isgeneratorfunction(found) or inspect.isasyncgenfunction(found):
                raise TypeError(f"{asked}: {cls.__qualname__}.{name}, named by {kind}, is a generator")
            self._validate_arguments(asked, cls, kind, found)

    def _validate_arguments(self, asked: str, cls: type, kind: str, method: Any) -> None:
        given = [("key", self.key)] if kind != "clear" and not callable(self.key) else []
        given += [("value", self.value)] if kind == "put" else []
        for what, which in given:
            if isinstance(which, str) and position_of(method, which) is None:
                names = ", ".join(_names(method) or ("unknown",))
                raise TypeError(
                    f"{asked}: {what}={which!r} is no argument of {cls.__qualname__}.{method.__name__}; "
                    f"it has: {names}"
                )

    def key_of(self, method: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> object:
        """Return the key that a call of *method* with these arguments, without the object, is about."""
        if callable(self.key):
            return self.key(*args, **kwargs)
        return _argument(method, self.key, args, kwargs)

    def value_of(self, method: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> object:
        """Return the value that a call of the method that puts is given."""
        return _argument(method, self.value, args, kwargs)

    def with_value(
        self, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any], value: object
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of such a call with another *value*."""
        place, name = _place(method, self.value)
        if name in kwargs:
            return args, {**kwargs, name: value}
        return (*args[:place], value, *args[place + 1 :]), kwargs

    def absent(self, method: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> object:
        """Return what *method* returns for a miss: its argument ``default``, where it has one."""
        if "default" in kwargs:
            return kwargs["default"]
        place = position_of(method, "default")
        if place is None:
            return self.missing
        return args[place] if len(args) > place else _default(method)


def _argument(method: Any, which: str | int, args: Sequence[Any], kwargs: Mapping[str, Any]) -> object:
    place, name = _place(method, which)
    if name in kwargs:
        return kwargs[name]
    if len(args) > place:
        return args[place]
    raise TypeError(
        f"{method.__qualname__}() was called without its argument {name or place!r}, which Methods needs"
    )


def _place(method: Any, which: str | int) -> tuple[int, str]:
    names = _names(method)
    if isinstance(which, int):
        return which, names[which] if 0 <= which < len(names) else ""
    place = position_of(method, which)
    return len(names) if place is None else place, which


def position_of(method: Any, name: str) -> int | None:
    """Return which argument of *method*, without the object, has this *name*; None where none has."""
    names = _names(method)
    return names.index(name) if name in names else None


@lru_cache(1_000)
def _names(method: Any) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(method).parameters)[1:]
    except (TypeError, ValueError):  # one of C, that does not say
        return ()


def _default(method: Any) -> object:
    found = inspect.signature(method).parameters["default"].default
    return None if found is inspect.Parameter.empty else found
