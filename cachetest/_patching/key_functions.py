"""The functions of the program that make keys, whose calls are remembered while a scope is open.

A function is replaced in itself, by its code, and not where a name has it: others may hold it, as
``from shop.cache import make_key``, or as the ``key`` of a decorator.
"""

from __future__ import annotations

import inspect
import pkgutil
from functools import partial
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from .._caches.attribution import scope_of_caller
from .._recording.locks import make_lock
from .._sharing.client import is_asking, tell
from .._telling.explained_keys import EXPLAINED, ExplainedKeys, made_of
from ..adapters.base import Adapter
from .undo import Undo

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from .._caches.caches import MockCaches

__all__ = ["KeyFunctions", "key_functions"]

_lock = make_lock(1)
# Those that are replaced, by the function. One may be asked for by several scopes at once.
_recorders: dict[FunctionType, _Recorder] = {}

_HOOK = "the hook"
_SYNC = "def called(*args, **kwargs): return {hook!r}.call(*args, **kwargs)"
_ASYNC = "async def called(*args, **kwargs): return await {hook!r}.wait(*args, **kwargs)"


def key_functions(places: tuple[str, ...]) -> list[Adapter]:
    """Return the adapter that has the functions at *places* remembered; none where there are none."""
    return [KeyFunctions(places)] if places else []


class KeyFunctions(Adapter):
    """The functions at *places*, as an adapter that has no caches."""

    name = "key functions"

    def __init__(self, places: tuple[str, ...]) -> None:
        self._places = places

    @property
    def installed_at(self) -> Sequence[str]:
        """The modules with whose import it is installed in a child process that starts anew."""
        return [place.partition(":")[0] for place in self._places]

    def parts(self) -> Sequence[KeyFunctions]:
        """Return one for the functions of each module: a child may import one and not the others."""
        modules = dict.fromkeys(self.installed_at)
        return [
            KeyFunctions(tuple(each for each in self._places if each.partition(":")[0] == module))
            for module in modules
        ]

    def identity(self) -> Hashable:
        return self._places

    def given(self) -> tuple[Sequence[object], Mapping[str, object]]:
        return (self._places,), {}

    def install(self) -> Undo:
        """Have the calls of the functions remembered.

        Raises ``ImportError`` for one that can't be imported, and ``TypeError`` for what is no function.
        """
        return Undo(self._replace)

    def _replace(self, undo: Undo) -> None:
        for place in self._places:
            recorder = _recorder_of(place, _function_at(place))
            holder = object()
            undo.add(partial(recorder.let_go, holder))
            recorder.hold(holder)

    def scope_context(self, caches: MockCaches) -> AbstractContextManager[object] | None:
        # It is not taken out at the end: what was made is told after that, too.
        caches._shared[EXPLAINED] = ExplainedKeys(self._places)
        return None


def _function_at(place: str) -> FunctionType:
    try:
        found = pkgutil.resolve_name(place)
    except (ImportError, AttributeError) as error:
        raise ImportError(f"explain_keys: {place!r} can't be imported: {error}") from error
    function = getattr(found, "__func__", found)
    if not isinstance(function, FunctionType):
        inner = " It wraps a function: name that" if hasattr(function, "__wrapped__") else ""
        raise TypeError(f"explain_keys: {place!r} is no function written in Python, but {found!r}.{inner}")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"explain_keys: {place!r} is a generator function, which returns no key")
    return function


def _recorder_of(place: str, function: FunctionType) -> _Recorder:
    with _lock:
        found = _recorders.get(function)
        if found is None or not found.knows(function.__code__):
            found = _recorders[function] = _Recorder(place, function)
        found.places.add(place)
        return found


class _Recorder:
    """Stands in a function for its code, for as long as somebody holds it, and remembers its calls."""

    def __init__(self, place: str, function: FunctionType) -> None:
        # Other modules may have it by other names.
        self.places = {place}
        self._function = function
        self._code = code = function.__code__
        self._holders: set[object] = set()
        self._is_bound = "." in place.partition(":")[2] and not isinstance(_static(place), staticmethod)
        self._has_signature = "__signature__" in vars(function)
        # Before its code is another.
        self._signature = inspect.signature(function)
        self._original = FunctionType(
            code, function.__globals__, function.__name__, function.__defaults__, function.__closure__
        )
        self._original.__kwdefaults__ = function.__kwdefaults__
        is_async = inspect.iscoroutinefunction(function)
        self._made = _code_calling(self, code, is_async)

    def knows(self, code: CodeType) -> bool:
        """Return whether *code* is that of the function, or stands for it: a program may change it."""
        return code is self._code or code is self._made

    def hold(self, holder: object) -> None:
        with _lock:
            self._holders.add(holder)
            if self._function.__code__ is self._code:
                self._function.__code__ = self._made
                # Whoever looks at it sees what it takes.
                vars(self._function).setdefault("__signature__", self._signature)

    def let_go(self, holder: object) -> None:
        """Hold it no longer; harmless when repeated."""
        with _lock:
            self._holders.discard(holder)
            if self._holders:
                return
            if self._function.__code__ is self._made:
                self._function.__code__ = self._code
            if not self._has_signature and vars(self._function).get("__signature__") is self._signature:
                del vars(self._function)["__signature__"]
            if _recorders.get(self._function) is self:
                del _recorders[self._function]

    def call(self, *args: Any, **kwargs: Any) -> Any:
        key = self._original(*args, **kwargs)
        self._note(key, args, kwargs)
        return key

    async def wait(self, *args: Any, **kwargs: Any) -> Any:
        key = await self._original(*args, **kwargs)
        self._note(key, args, kwargs)
        return key

    def _note(self, key: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        scope = scope_of_caller()
        if (scope is None or scope.closed) and is_asking() is not None:
            # It is the parent that explains misses.
            made = made_of(args[self._is_bound :], kwargs, self._bind)
            tell("made_key", tuple(self.places), key, made)
            return
        explained = None if scope is None or scope.closed else scope.caches._shared.get(EXPLAINED)
        place = None if explained is None else next((p for p in explained.places if p in self.places), None)
        if explained is not None and place is not None:
            explained.note(place, key, args[self._is_bound :], kwargs, self._bind)

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Mapping[str, Any]:
        """Return the arguments by name, without ``self``."""
        bound = self._signature.bind(*((None,) if self._is_bound else ()), *args, **kwargs)
        bound.apply_defaults()
        found = dict(bound.arguments)
        if self._is_bound:
            del found[next(iter(found))]
        return found


def _static(place: str) -> object:
    """Return what the class of a method holds."""
    owner, _, name = place.rpartition(".")
    return inspect.getattr_static(pkgutil.resolve_name(owner), name) if ":" in owner else None


def _code_calling(hook: Any, code: CodeType, is_async: bool) -> CodeType:
    """Return code that calls *hook* and can stand for *code*: it has as many variables from around it."""
    names = [f"free{n}" for n in range(len(code.co_freevars))]
    source = (_ASYNC if is_async else _SYNC).format(hook=_HOOK)
    if names:
        # Named where it is never run, so that it is one of its variables and need not be bound.
        head, _, body = source.partition(": ")
        listed = ", ".join(names)
        source = f"def around({listed}):\n {head}:\n  if 0: {listed}\n  {body}"
    made = compile(source, code.co_filename, "exec", dont_inherit=True)
    for _ in range(2 if names else 1):
        made = next(each for each in made.co_consts if isinstance(each, CodeType))
    return made.replace(
        co_consts=tuple(hook if each == _HOOK else each for each in made.co_consts),
        co_name=code.co_name,
        co_firstlineno=code.co_firstlineno,
    )
