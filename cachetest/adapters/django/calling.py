"""A call of a Django cache, from the gate of its alias to what it counts as."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async

from ..._behaving.gate import MISSING
from ..outer_call import call_around
from .call import LIBRARIES, Call, known_of, run_outside
from .rules import COMPOSED, SIDE_EFFECTS, rule_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ..._behaving.gate import Effect
    from ..._caches.cache import MockCache
    from .kinds import Kind
    from .rules import Rule

    Function = Callable[..., Any]

__all__ = ["call_async", "call_sync"]


class _Prepared:
    """A call that is about to be done, with what its function is given."""

    def __init__(
        self, kind: Kind, mock: MockCache, held: Any, name: str, function: Function, args: Any, kwargs: Any
    ) -> None:
        plain, rule = rule_of(name)
        self.rule = rule
        self.function = kind.function_for(name, function)
        around = call_around()
        self.parent: Any = around if isinstance(around, Call) and around.held is held else None
        asked = name
        if self.parent is not None and rule_of(self.parent.asked)[0] in COMPOSED:
            asked = self.parent.asked
        call = self.call = Call(kind, held, mock, asked, rule)
        self.known = known_of(asked, kind.place)
        self.default: Any = None
        if rule is None:
            call.composed = True
            call.is_of_server = kind.is_server and plain not in COMPOSED
            if plain == "get_or_set":
                args, kwargs = _with_default(args, kwargs, _as_own)
        elif rule.keys:
            args, kwargs = self._take_keys(plain, rule, args, kwargs)
        if kind.is_quick and not call.collects and not mock.in_force:
            call.make_beforehand()
        if plain == "clear" and kind.make_store is not None:
            call.there = call.store.keys()
        self.args, self.kwargs = args, kwargs

    def _take_keys(self, plain: str, rule: Rule, args: Any, kwargs: Any) -> tuple[Any, Any]:
        call = self.call
        given = args[0] if args else kwargs.get(rule.keys, MISSING)
        at = rule.version_at
        call.version = args[at] if len(args) > at else kwargs.get("version")
        if given is MISSING:
            return args, kwargs
        if not rule.many:
            call.keys = (given,)
        elif plain == "set_many":
            call.keys = list(given)
            call.collects = getattr(self.function, "__module__", "") == _BASE
        else:
            try:
                given = list(given)
            except TypeError:
                return args, kwargs
            call.keys = given
            # What can be gone through once only has been.
            args, kwargs = ((given, *args[1:]), kwargs) if args else (args, {**kwargs, rule.keys: given})
        if plain == "get":
            self.default = args[1] if len(args) > 1 else kwargs.get("default")
            args, kwargs = _with_default(args, kwargs, lambda _: MISSING, always=True)
        return args, kwargs

    def effects(self, result: Any) -> Sequence[Effect]:
        """Return what the call came to, and record it here where it was done in another place, or several."""
        found, call = self._found(result), self.call
        if call.places and any(call.known_of(key) is not self.known for _, key in found):
            self._record(found)
            return ()
        return found

    def _record(self, effects: Sequence[Effect]) -> None:
        call = self.call
        for kind, key in effects:
            if call.struck is None:
                call.mock.record(kind, key, LIBRARIES, call.known_of(key))
            else:
                call.struck.record_effect(kind, key, call.known_of(key))

    def _found(self, result: Any) -> Sequence[Effect]:
        call, rule = self.call, self.rule
        if rule is None or call.collects:
            return (
                call.effects
                if rule is None or not call.kind.is_server
                else [each for each in call.effects if each[0] != "delete"]
            )
        if call.kind.is_server and call.began and not call.reached:
            # The back end has answered without its server, which it could not reach.
            return () if call.struck is None else self._met()
        done = [each for each in call.effects if each[0] in SIDE_EFFECTS] if call.effects else []
        if rule.kind == "get" and self._is_again():
            return done
        found = rule.effects(call, result)
        return [*done, *found] if done else found

    def _met(self) -> Sequence[Effect]:
        """Return what the program has met, where a back end has swallowed that its server was struck."""
        if self.rule is not None and self.rule.kind == "get":
            return [("miss", key) for key in self.call]
        for key in self.call:
            more = {**self.call.known_of(key), "error": "the back end has ignored that its server failed"}
            self.call.struck.record_effect("failure", key, more)
        return ()

    def _is_again(self) -> bool:
        """Return whether this is the second lookup of a `get_or_set`, which is one to the program."""
        parent = self.parent
        if parent is None or rule_of(parent.asked)[0] != "get_or_set":
            return False
        again: bool = parent.looked_up
        parent.looked_up = True
        return again

    def result_of(self, result: Any) -> Any:
        return self.default if result is MISSING else result

    def record_done(self) -> None:
        """Record what a call has done that raises: it is there."""
        call = self.call
        if call.collects:
            self._record(self._found(None))
        else:
            self._record([each for each in call.effects if self.rule is None or each[0] in SIDE_EFFECTS])

    def make_keys(self) -> None:
        """Make the keys before anything is done: somebody is to see them."""
        call = self.call
        try:
            call.made_before = [call.make(key) for key in call.keys]
        except Exception:
            # The call will fail by itself.
            call.made_before = None


_BASE = "django.core.cache.backends.base"


def call_sync(
    kind: Kind, mock: MockCache, held: Any, name: str, function: Function, args: Any, kwargs: Any
) -> Any:
    """Do a call, count it, and return what it comes to."""
    prepared = _Prepared(kind, mock, held, name, function, args, kwargs)
    call, rule = prepared.call, prepared.rule
    do = partial(call.run, prepared.function, call.subject, *prepared.args, **prepared.kwargs)
    if rule is None:
        try:
            return _act(mock, prepared, do) if call.is_of_server and mock.in_force else do()
        finally:
            prepared.record_done()
    if mock.in_force:
        prepared.make_keys()

    def do_and_keep() -> Any:
        try:
            return do()
        except BaseException:
            prepared.record_done()
            raise

    result = mock.perform(rule.kind, call, do_and_keep, prepared.effects, LIBRARIES, prepared.known)
    return prepared.result_of(result) if rule.kind == "get" else result


def _act(mock: MockCache, prepared: _Prepared, do: Callable[[], Any]) -> Any:
    """Do a call that counts as what its server is asked for, with what is in force around all of it."""

    def do_or_keep() -> tuple[Any, Exception | None]:
        # It is counted below, a failure too.
        try:
            return do(), None
        except Exception as error:
            return None, error

    result, error = mock.perform(None, (), do_or_keep, _nothing, LIBRARIES, prepared.known)
    if error is not None:
        raise error
    return result


async def _act_async(mock: MockCache, prepared: _Prepared, do: Callable[[], Awaitable[Any]]) -> Any:
    async def do_or_keep() -> tuple[Any, Exception | None]:
        try:
            return await do(), None
        except Exception as error:
            return None, error

    found = await mock.perform_async(None, (), do_or_keep, _nothing, LIBRARIES, prepared.known)
    result, error = found
    if error is not None:
        raise error
    return result


def _nothing(_: object) -> Sequence[Effect]:
    return ()


async def call_async(
    kind: Kind, mock: MockCache, held: Any, name: str, function: Function, args: Any, kwargs: Any
) -> Any:
    """Do an asynchronous call, and count it where it is awaited: only there the caller is on the stack."""
    prepared = _Prepared(kind, mock, held, name, function, args, kwargs)
    call, rule = prepared.call, prepared.rule
    do = partial(call.run_async, prepared.function, held, *prepared.args, **prepared.kwargs)
    if rule is None:
        try:
            is_acted_on = call.is_of_server and mock.in_force
            return await (_act_async(mock, prepared, do) if is_acted_on else do())
        finally:
            prepared.record_done()
    if mock.in_force:
        # On the thread where Django makes them: a key function may ask for what is kept for each.
        await sync_to_async(prepared.make_keys, thread_sensitive=True)()

    async def do_and_keep() -> Any:
        try:
            return await do()
        except BaseException:
            prepared.record_done()
            raise

    effects, known = prepared.effects, prepared.known
    result = await mock.perform_async(rule.kind, call, do_and_keep, effects, LIBRARIES, known)
    return prepared.result_of(result) if rule.kind == "get" else result


def _with_default(
    args: Any, kwargs: Any, change: Callable[[Any], Any], *, always: bool = False
) -> tuple[Any, Any]:
    """Return the arguments of a call with its *default*, which comes second, changed."""
    if len(args) > 1:
        return (args[0], change(args[1]), *args[2:]), kwargs
    if always or "default" in kwargs:
        return args, {**kwargs, "default": change(kwargs.get("default"))}
    return args, kwargs


def _as_own(default: Any) -> Any:
    """Return a callable of the program so wrapped that what it asks a cache for is its own."""
    return partial(run_outside, default) if callable(default) else default
