"""`PatchCaches`: a scope for a block, a function, or a pair of calls."""

from __future__ import annotations

import functools
import inspect
import sys
from contextlib import suppress
from contextvars import ContextVar
from threading import get_ident
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast
from weakref import ref

from .._caches.attribution import innermost_of
from .._recording.call_sites import CallSite, calling_location, outside
from .._recording.log import LOG_LENGTH
from .._recording.packages import NO_LIBRARIES
from ..adapters.registry import detected_adapters, resolve_adapters, validate_adapters
from ..errors import NotPatchedError
from .key_functions import key_functions
from .left_open import Entered, block_of, blocks, close_left, entered
from .session import PATIENCE, Session
from .switches import override, switches_of
from .undo import Undo
from .validation import validate_length, validate_names, validate_packages, validate_patience, validate_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType

    from typing_extensions import Self

    from .._caches.caches import MockCaches
    from .._caches.scope import Scope
    from ..adapters.base import Adapter, Switch
    from .session import SessionResult

__all__ = ["PatchCaches", "again_if_interrupted"]

P = ParamSpec("P")
R = TypeVar("R")

_set_up: ContextVar[tuple[Undo, ...]] = ContextVar("cachetest.set_up", default=())


def again_if_interrupted(step: Callable[[], R]) -> R:
    """Return what *step* returns; where an exception ends it early, run it once more, then raise that.

    An interrupt (Ctrl-C, a signal handler that raises) that comes while patches are taken off would leave the
    rest of them on for every later test. All steps of undoing are harmless when repeated, so the whole is run
    once more. That is done at the outermost place alone, where a block or a test ends;
    ``test/_patching/test_interrupts.py`` interrupts at each line. A `NotPatchedError` says that nothing was
    begun.
    """
    try:
        return step()
    except NotPatchedError:
        raise
    except BaseException:
        step()
        raise


class PatchCaches:
    """A context manager and decorator: a fresh scope, with the caches of libraries swapped for mocks.

    Without *adapters*, those of every supported library that is already imported and whose caches can be
    found. *enable* names switches to turn on inside. Re-entrant, and nestable: an inner block has a scope
    of its own. When it is left, an operation that could not be attributed, one that came too late, and a
    patch that somebody displaced are an ``AssertionError``.
    """

    _label = ""

    def __init__(
        self,
        *adapters: str | Adapter,
        enable: Iterable[str] = (),
        explain_misses: bool = True,
        log_length: int = LOG_LENGTH,
        patience: float = PATIENCE,
        log_outside: Iterable[str] = (),
        explain_keys: Iterable[str] = (),
    ) -> None:
        """Check the arguments; nothing is patched yet.

        Without *explain_misses* no parts of keys are kept; *log_length* is how many operations of each cache
        are. What the block leaves running keeps its patches for *patience* seconds at most, and its child
        processes are waited for as long; *log_outside* names packages whose lines are not the caller's;
        *explain_keys* functions of the program that make keys, each ``"package.module:function"``. Raises
        `UnknownAdapterError`, or ``TypeError`` for what is no adapter at all.
        """
        self._adapters = validate_adapters(adapters)
        self._enable = validate_names(enable, "enable") if enable != () else ()
        outside = validate_packages(log_outside, "log_outside") if log_outside != () else NO_LIBRARIES
        self._options: dict[str, Any] = {
            "explain_misses": explain_misses,
            "log_length": log_length if log_length is LOG_LENGTH else validate_length(log_length),
            "patience": patience if patience is PATIENCE else validate_patience(patience),
            "log_outside": outside,
        }
        self._explain_keys = validate_places(explain_keys) if explain_keys != () else ()
        self._active: list[Session] = []
        # Its scopes, also those that were left, are known by this.
        self._token = object()
        self._latest: Scope | None = None

    @property
    def caches(self) -> MockCaches:
        """The scope of the innermost block that the caller is in, or of the latest after exit."""
        scope = innermost_of(lambda scope: scope.entered_by is self._token) or self._latest
        if scope is None:
            raise NotPatchedError("this PatchCaches has not been entered, so it has no scope")
        return scope.caches

    def __enter__(self) -> Self:
        if entered:
            close_left()
        caller = sys._getframe(1)
        label = self._label or _Block(caller)
        explained = key_functions(self._explain_keys) if self._explain_keys else ()
        session = Session(
            [*resolve_adapters(self._adapters or None), *explained],
            detects=not self._adapters,
            label=label,
            enable=self._enable,
            **self._options,
        )
        try:
            at = caller.f_code, caller.f_lasti
            _, block = blocks.get((id(at[0]), at[1])) or block_of(*at)
            greenlets: Any = sys.modules.get("greenlet")
            entered[session] = Entered(
                ref(self),
                # One that is not needed would keep alive what may hold this manager.
                caller if block else None,
                block,
                get_ident(),
                None if greenlets is None or not block else greenlets.getcurrent(),
            )
            self._active.append(session)
            self._latest = session.open()
            self._latest.entered_by = self._token
            return self
        except BaseException:
            session.close()
            self._forget(session)
            raise

    def __exit__(self, exc_type: object, exc: BaseException | None, traceback: object) -> None:
        result = again_if_interrupted(functools.partial(self._leave, []))
        if result is not None:
            result.raise_or_warn(calling_location(), AssertionError, exc)

    def _leave(self, leaving: list[Session]) -> SessionResult | None:
        """Close a session, which *leaving* gets: where that is interrupted, the same one is closed again."""
        if not leaving:
            leaving.append(self._innermost_session())
        result = leaving[0].close()
        with suppress(ValueError):
            self._active.remove(leaving[0])
        entered.pop(leaving[0], None)
        return result

    def _innermost_session(self) -> Session:
        # Several threads and tasks may be inside at once, or on their way; each leaves its own.
        inside = self._active.copy()
        if len(inside) == 1 and inside[0].scope is not None:
            return inside[0]
        inside = [each for each in inside if each.scope is not None]
        if not inside:
            raise NotPatchedError("this PatchCaches was left without having been entered")
        innermost = innermost_of(lambda scope: scope.entered_by is self._token and not scope.closed)
        own = [each for each in inside if each.scope is innermost]
        of_this_thread = [each for each in inside if _is_of_this_thread(each.scope)]
        return (own or of_this_thread or inside)[-1]

    def _forget(self, session: Session) -> None:
        # One call, since other threads come and go in between; it may be the second one.
        with suppress(ValueError):
            self._active.remove(session)
        entered.pop(session, None)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return *function* wrapped so that each call has a fresh scope; it may be a coroutine function."""
        if isinstance(function, type):
            raise TypeError(
                f"PatchCaches decorates functions, not the class {function.__name__}: "
                "subclass CacheTestCase, or put CacheTestMixin in front of its bases"
            )
        if not callable(function):
            raise TypeError(f"PatchCaches decorates functions, not {function!r}")
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"{function.__qualname__} is a generator function, whose body runs after the call has "
                "returned: use `with PatchCaches()` inside it"
            )
        label = getattr(function, "__qualname__", repr(function))

        def fresh() -> PatchCaches:
            made = PatchCaches(
                *self._adapters,
                enable=self._enable,
                explain_keys=self._explain_keys,
                **self._options,
            )
            # Messages name the function, not a line in here.
            made._label = label
            return made

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def call_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                with fresh():
                    return await function(*args, **kwargs)

            return cast("Callable[P, R]", call_async)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            with fresh():
                result = function(*args, **kwargs)
                if inspect.iscoroutine(result) or inspect.isgenerator(result) or inspect.isasyncgen(result):
                    if not inspect.isasyncgen(result):
                        result.close()
                    raise TypeError(
                        f"{label} returned {result!r}, whose body would run after it: use "
                        "`with PatchCaches()` inside that"
                    )
                return result

        return call

    @classmethod
    def setUp(cls) -> None:
        """Switch every cache of the imported libraries off, until `tearDown`. Calls nest."""
        cls._switch_off(switches_of(detected_adapters()), insist=True)

    @classmethod
    def _switch_off(cls, switches: Iterable[Switch], *, insist: bool) -> None:
        present = [switch for switch in switches if switch.exists()]
        undo = Undo()
        try:
            _set_up.set((*_set_up.get(), undo))
            override(present, False, undo, insist=insist)
        except BaseException:
            undo.run()
            _forget_set_up(undo)
            raise

    @classmethod
    def tearDown(cls) -> None:
        """Put back exactly what the latest `setUp` found.

        Raises `NotPatchedError`, and changes nothing, when there was none.
        """
        again_if_interrupted(functools.partial(_put_back_latest, []))


def _put_back_latest(latest: list[Undo]) -> None:
    """Undo the latest `setUp`, which *latest* gets: an interrupted one is undone again, and no other."""
    if not latest:
        latest.append(_latest_set_up())
    # A copy, since a context that was copied in between has this to undo as well.
    latest[0].copy().run()
    _forget_set_up(latest[0])


def _is_of_this_thread(scope: Scope | None) -> bool:
    opener = None if scope is None else scope.opener
    return opener is not None and opener.thread == get_ident()


def _latest_set_up() -> Undo:
    if not _set_up.get():
        raise NotPatchedError(
            "PatchCaches.tearDown() was called without a PatchCaches.setUp() before it; nothing was changed"
        )
    return _set_up.get()[-1]


def _forget_set_up(undo: Undo) -> None:
    _set_up.set(tuple(each for each in _set_up.get() if each is not undo))


class _Block(CallSite):
    """The name that messages have for a block."""

    def __init__(self, frame: FrameType) -> None:
        # As it nearly always is: the rest takes as long as to open a block.
        if outside.get(frame.f_code.co_filename) is False:
            self._at = frame.f_code, frame.f_lasti
        else:
            super().__init__(frame)

    def __str__(self) -> str:
        return f"the block at {super().__str__()}"
