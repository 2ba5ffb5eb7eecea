"""Functions that are wrapped while a scope is open: put in together, and taken out together.

Each test puts them in and takes them out, so that is written for speed: what it needs of each hook lies ready
in a row, and those of one module, unlike those of classes, are set by one call.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]
    # For each what is in the class or module, then who has it, what was found there, and what is put there.
    _OfClass = tuple[Mapping[str, Any], type, str, Any, Any]
    _OfModule = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]

__all__ = ["Hook", "HookSet"]


class Hook:
    """A wrapper around one function of a class or a module, which calls straight through once it is off."""

    # The set, for as long as it is one of it.
    among: HookSet | None

    def __init__(self, among: HookSet, owner: Any, name: str, wrap: Wrap) -> None:
        self.among = among
        self.owner = owner
        self.name = name
        self.wrap = wrap
        self.own = vars(owner)
        # Another tool may have wrapped a hook of ours that it found, and put it back when we were gone.
        found = self.own[name]
        while _is_hook_of(among, found):
            found = found.__wrapped__
        self.found = found
        active = wrap(found)

        def hook(*args: Any, **kwargs: Any) -> Any:
            among = self.among
            return (found if among is None or not among.on else active)(*args, **kwargs)

        # As functools.wraps does, which a process that only starts need not load.
        vars(hook).update(getattr(found, "__dict__", {}), __wrapped__=found, _cachetest_hook=(among, self))
        for each in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(hook, each, getattr(found, each, None))
        self.function = hook

    @property
    def on(self) -> bool:
        """Whether it does more than to call straight through."""
        return self.among is not None and self.among.on


def _is_hook_of(among: HookSet, function: Any) -> bool:
    # The wrapper of another tool may have been given all the attributes of the hook inside it.
    found, hook = getattr(function, "_cachetest_hook", (None, None))
    return found is among and hook is not None and hook.function is function


class HookSet:
    """Hooks that are on together."""

    def __init__(self) -> None:
        self.on = False
        self.hooks: tuple[Hook, ...] = ()
        # In one store: an interrupt finds what was, or what is to be.
        self._rows: tuple[tuple[_OfClass, ...], tuple[_OfModule, ...]] = (), ()

    def add(self, functions: Iterable[tuple[Any, str, Wrap]]) -> None:
        """Add hooks, by owner, name and what wraps it; where the others are in, they are too."""
        more = tuple(Hook(self, *each) for each in functions)
        self._have((*self.hooks, *more))
        if self.on:
            for hook in more:
                setattr(hook.owner, hook.name, hook.function)

    def put_in(self) -> None:
        """Put in each that is not. It may be repeated, one call after the other."""
        if self.on:
            return
        # By what is in, not by who came first: the one before may have been interrupted half-way.
        if not self._are_as_found():
            self._make_anew()
        of_classes, of_modules = self._rows
        for _, owner, name, _, function in of_classes:
            setattr(owner, name, function)
        for own, _, functions in of_modules:
            own.update(functions)
        self.on = True

    def _are_as_found(self) -> bool:
        of_classes, of_modules = self._rows
        try:
            for own, _, name, found, _ in of_classes:
                if own[name] is not found:
                    return False
            for own, of_module, _ in of_modules:
                for name, found in of_module.items():
                    if own[name] is not found:
                        return False
        except KeyError:
            return False
        return True

    def take_out(self) -> None:
        """Take out each that is in; the same holds as for `put_in`."""
        self.on = False
        of_classes, of_modules = self._rows
        try:
            for own, owner, name, found, function in of_classes:
                # Where another tool has wrapped it, it stays, and has only gone quiet.
                if own[name] is function:
                    setattr(owner, name, found)
            for own, of_module, functions in of_modules:
                for name, function in functions.items():
                    if own[name] is not function:
                        raise KeyError(name)
                own.update(of_module)
        except KeyError:
            self._take_out_one_by_one()

    def _take_out_one_by_one(self) -> None:
        """Do so where another tool has replaced or deleted one."""
        for hook in self.hooks:
            if hook.own.get(hook.name) is hook.function:
                setattr(hook.owner, hook.name, hook.found)

    def clear(self) -> None:
        """Forget all of them, which are out."""
        before = self.hooks
        self._have(())
        for hook in before:
            hook.among = None

    def _make_anew(self) -> None:
        """Make those anew whose function has been replaced, around what is there now."""
        before = self.hooks
        kept = {hook for hook in before if hook.own.get(hook.name) is hook.found}
        self._have(
            tuple(hook if hook in kept else Hook(self, hook.owner, hook.name, hook.wrap) for hook in before)
        )
        for hook in before:
            if hook not in kept:
                # It may be inside the wrapper of another tool, and stays quiet.
                hook.among = None

    def _have(self, hooks: tuple[Hook, ...]) -> None:
        of_classes: list[_OfClass] = []
        of_modules: dict[int, _OfModule] = {}
        for hook in hooks:
            if isinstance(hook.owner, type(sys)):
                _, found, functions = of_modules.setdefault(id(hook.owner), (hook.own, {}, {}))
                found[hook.name] = hook.found
                functions[hook.name] = hook.function
            else:
                of_classes.append((hook.own, hook.owner, hook.name, hook.found, hook.function))
        self._rows = tuple(of_classes), tuple(of_modules.values())
        self.hooks = hooks
