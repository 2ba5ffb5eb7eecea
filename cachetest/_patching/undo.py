"""Changes that are taken back exactly, whatever interrupts: the tool that adapters patch with."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from typing_extensions import Self

__all__ = [
    "ABSENT",
    "AttributePatch",
    "AttributeSlot",
    "Change",
    "Undo",
    "changed_attributes",
    "leave",
    "own_attribute",
]


class _Absent:
    """The type of `ABSENT`."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()
"""Stands for an attribute that is not there: None is a value."""


def own_attribute(owner: object, name: str) -> object:
    """Return the attribute as *owner* itself holds it, or `ABSENT` when it is inherited or missing."""
    return vars(owner).get(name, ABSENT)


class AttributePatch:
    """Attributes that are set together, and put back as their owners held them, "not there" included.

    ``wanted`` are the attributes with what is set there, ``found`` the same with what they held.
    """

    def __init__(self, values: Iterable[tuple[object, str, object]]) -> None:
        """Take what to set as (owner, name of the attribute, value), and note what is there now."""
        self.wanted = [(_own(owner), owner, name, value) for owner, name, value in values]
        self.found = [(own, owner, name, own_attribute(owner, name)) for own, owner, name, _ in self.wanted]
        # Each test goes through them several times.
        self._there = [slot for slot in self.found if slot[3] is not ABSENT]
        self._absent = [slot[:3] for slot in self.found if slot[3] is ABSENT]

    def set(self) -> None:
        for _, owner, name, value in self.wanted:
            setattr(owner, name, value)

    def put_back(self) -> None:
        """Put back what was found; harmless when it was done before, or nothing was set."""
        for _, owner, name, found in self._there:
            setattr(owner, name, found)
        for own, owner, name in self._absent:
            if name in own:
                delattr(owner, name)

    def is_set(self) -> bool:
        """Return whether the attributes hold what `set` has set."""
        return _hold(self.wanted)

    def is_put_back(self) -> bool:
        """Return whether the attributes hold what was found."""
        for own, _, name in self._absent:
            if name in own:
                return False
        return _hold(self._there)


def _hold(slots: Iterable[AttributeSlot]) -> bool:
    try:
        for own, _, name, value in slots:
            if own[name] is not value:
                return False
    except KeyError:
        return False
    return True


Change = tuple[str, object, object]
"""The name of an attribute, the value that it should hold, and the one that it holds."""


def changed_attributes(slots: Iterable[AttributeSlot]) -> list[Change]:
    """Return the changes of those of *slots* that do not hold what they should."""
    found = []
    for own, owner, name, value in slots:
        now = own[name] if name in own else ABSENT  # noqa: SIM401 (not all that has attributes has `get`)
        if now is not value:
            found.append((f"{_name(owner)}.{name}", value, now))
    return found


def leave(
    manager: AbstractContextManager[object] | None, patches: Iterable[AttributePatch]
) -> tuple[list[Change], Exception | None]:
    """Leave *manager*; return what of *patches* it did not put back, and the error that looking raised."""
    if manager is not None:
        manager.__exit__(None, None, None)
    left: list[Change] = []
    try:
        for patch in patches:
            for own, _, name, value in patch.found:
                # As `changed_attributes` has it: nearly always all is as it was, and a call takes longer.
                if (own[name] if name in own else ABSENT) is not value:  # noqa: SIM401
                    left += changed_attributes(patch.found)
                    break
    except Exception as error:
        return left, error
    return left, None


class _Own:
    """The attributes that an object itself holds, also where its ``__dict__`` is replaced."""

    def __init__(self, owner: object) -> None:
        self._owner = owner

    def __contains__(self, name: object) -> bool:
        return name in vars(self._owner)

    def __getitem__(self, name: str) -> object:
        return vars(self._owner)[name]


AttributeSlot = tuple["Mapping[str, object] | _Own", object, str, object]
"""The attributes that an object itself holds, the object, the name of one, and a value of it, or `ABSENT`."""


def _own(owner: object) -> Mapping[str, object] | _Own:
    return vars(owner) if isinstance(owner, (type, ModuleType)) else _Own(owner)


def _name(owner: object) -> str:
    if isinstance(owner, ModuleType):
        return owner.__name__
    cls = owner if isinstance(owner, type) else type(owner)
    return f"{cls.__module__}.{cls.__qualname__}"


class Undo:
    """A context manager that takes back, in reverse, each change made through it.

    A step is known before its change is made, and may be run again after it was interrupted, so every
    step has to be harmless when there is nothing, or nothing any more, for it to do. Leaving may be
    repeated too, and then goes on where it was interrupted. ``patches`` are the attributes set through it,
    ``rest_steps`` what `at_rest` was given. ``is_outdated`` says whether it should be made anew, because what
    it was made from has changed since.
    """

    is_outdated: Callable[[], bool] | None = None

    def __init__(self, begin: Callable[[Undo], object] | None = None) -> None:
        """Make one whose changes *begin* makes on entering; they are taken back when that raises."""
        self._begin = begin
        self._steps: list[Callable[[], object]] = []
        self.patches: list[AttributePatch] = []
        self.rest_steps: list[Callable[[bool], object]] = []

    def at_rest(self, step: Callable[[bool], object]) -> None:
        """Call *step* with True when no test needs the changes, but something that one has left running does.

        They are then for callers that are late: to all others the library has to be as if it was not patched.
        *step* is called with False when a test needs them again. It has to be harmless when repeated.
        """
        self.rest_steps.append(step)

    def add(self, step: Callable[[], object]) -> None:
        """Call *step* when this is undone."""
        self._steps.append(step)

    def set_attribute(self, owner: object, name: str, value: object) -> None:
        """Set an attribute, to be put back as *owner* itself held it, "not there" included."""
        self.set_attributes([(owner, name, value)])

    def set_attributes(self, values: Iterable[tuple[object, str, object]]) -> None:
        """Set several, each given as (owner, name, value)."""
        self.set_patch(AttributePatch(values))

    def set_patch(self, patch: AttributePatch) -> None:
        """Set what *patch* sets."""
        self.add(patch.put_back)
        self.patches.append(patch)
        patch.set()

    def copy(self) -> Undo:
        """Return another that takes the same back, for steps that have to be run in several contexts."""
        other = Undo()
        other._steps = list(self._steps)
        return other

    def run(self) -> None:
        """Take everything back; a step that fails is tried once more after the others.

        The first exception is raised when all that could be taken back has been.
        """
        try:
            self._run_once()
        except BaseException:
            self._run_once()
            raise

    def _run_once(self) -> None:
        steps = self._steps
        failed: list[Callable[[], object]] = []
        error: BaseException | None = None
        while steps:
            try:
                while steps:
                    steps[-1]()
                    steps.pop()
            except BaseException as problem:
                error = error or problem
                # It may have been the last, with nothing left when it was interrupted.
                failed += steps[-1:]
                del steps[-1:]
        if error is not None:
            steps[:] = reversed(failed)
            raise error

    def __enter__(self) -> Self:
        try:
            if self._begin is not None:
                self._begin(self)
            return self
        except BaseException:
            self.run()
            raise

    def __exit__(self, *exc: object) -> None:
        self.run()
