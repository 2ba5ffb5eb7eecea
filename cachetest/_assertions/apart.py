"""What assertions that compare answers share: a scope apart from the test's, and the comparison."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .._recording.answers import NotComparableError, same_answer
from .._recording.call_sites import calling_location
from ..errors import CacheTestError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from .._caches.scope import Scope
    from .._telling.freshness import Answer

__all__ = [
    *(
        "alike",
        "alike_errors",
        "are_equal",
        "are_same",
        "ask",
        "at_least",
        "name_of",
        "scope_apart",
        "validate_functions",
    ),
    "validate_patience",
]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


@contextmanager
def scope_apart(case: Any, label: str, origin: Scope | None = None) -> Iterator[Scope]:
    """Open a scope as that of *case*, whose caches are empty; *label* is what texts call it.

    With *origin* they have copies of the entries of that scope.
    """
    # Loaded here, where they are loaded already: the chain of imports would be too long.
    from .._patching.patch_caches import again_if_interrupted
    from .._patching.session import Session

    session = case._session
    if isinstance(session, Session):
        inner = session.inside(label, origin)
    else:
        inner = Session((), label=label, origin=origin)
    problem: BaseException | None = None
    try:
        yield inner.open()
    except BaseException as error:
        problem = error
        raise
    finally:
        result = again_if_interrupted(inner.close)
        if result is not None:
            result.raise_or_warn(calling_location(), case.failureException, problem)


def ask(case: Any, function: Callable[[], Any]) -> Generator[Callable[[], Any], Any, Answer]:
    """Return what *function* comes to, which may be an exception; a failure in it stays one."""
    # Loaded here: the processes that look at keys do without.
    from unittest import SkipTest

    from .._telling.freshness import Answer

    try:
        value = yield function
    except (case.failureException, SkipTest, CacheTestError):
        raise
    except Exception as error:
        if type(error).__module__ == "django.db.transaction":
            # The write has left the transaction broken, and Django refuses whatever comes after.
            raise
        return Answer(error=error)
    return Answer(value)


def are_equal(equal: Callable[[Any, Any], object], one: object, other: object) -> bool:
    """Return what *equal* says of two values; raises ``TypeError`` if that is no bool."""
    result = equal(one, other)
    # That of NumPy is no bool to Python, and behaves as one.
    if not isinstance(result, bool) and type(result).__name__ not in ("bool_", "bool"):
        raise TypeError(
            f"equal returned {result!r}, and not a bool: for tensors give equal=torch.equal, for arrays "
            "equal=numpy.array_equal"
        )
    return bool(result)


def are_same(equal: Callable[[Any, Any], object], one: Answer, other: Answer) -> bool:
    """Return whether two answers are the same: values by *equal*, exceptions by type and arguments."""
    if one.error is not None or other.error is not None:
        try:
            return same_answer(one.error, other.error)
        except NotComparableError:
            return type(one.error) is type(other.error) and str(one.error) == str(other.error)
    return are_equal(equal, one.value, other.value)


def name_of(function: object, otherwise: str) -> str:
    """Return *function* as texts call it, or what they call one that has no name."""
    name = getattr(function, "__name__", "<lambda>")
    return otherwise if name == "<lambda>" else f"{name}()"


def validate_functions(**functions: object) -> None:
    """Raise ``TypeError`` for one that can't be called, by its name."""
    for word, function in functions.items():
        if not callable(function):
            raise TypeError(f"{word} must be a function, not {function!r}")


def at_least(value: object, least: int, word: str, what: str) -> None:
    """Raise ``TypeError`` or ``ValueError`` unless *value*, given as *word*, is a number from *least* on."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{word} must be a number, {what}, not {value!r}")
    if value < least:
        raise ValueError(f"{word} must be {what}, {least} or more, not {value!r}")


def validate_patience(patience: object) -> None:
    """Raise ``TypeError`` or ``ValueError`` unless *patience* is so many seconds."""
    if isinstance(patience, bool) or not isinstance(patience, (int, float)):
        raise TypeError(f"patience must be a number of seconds, not {patience!r}")
    if not 0 <= patience <= 3600:
        raise ValueError(f"patience must be 0 seconds or more, and an hour at most, not {patience!r}")


def alike(one: object, other: object) -> bool:
    """Return whether two values are the same, or of one type where that can't be told."""
    try:
        return same_answer(one, other)
    except NotComparableError:
        return type(one) is type(other)


def alike_errors(one: BaseException | None, other: BaseException | None) -> bool:
    """Return whether two exceptions are of one type, with one text."""
    return type(one) is type(other) and str(one) == str(other)
