"""One call of a Django cache: whose it is, its keys, and what the cache reads of itself meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.core.cache.backends.base import BaseCache, InvalidCacheKey, default_key_func

from ..outer_call import OuterCall, call_around, outer_call
from .unwatched import unwatched

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..._caches.cache import MockCache
    from .rules import Rule

    # The kind of a back end, which is above this.
    Kind = Any
    Found = Callable[[Any, str], Any]

__all__ = ["LIBRARIES", "SPECIAL", "Call", "Special", "known_of", "run_outside"]

LIBRARIES = frozenset({"django", "asgiref", "django_redis", "redis", "pymemcache"})


class Call(OuterCall, Sequence[Any]):
    """A call of *held*, as the program has *asked* for it; iterating over it gives its keys as they are made.

    ``effects`` is what the server below, or the entries, have told. ``keys`` are those of the program.
    ``there`` are the keys of the entries that there were, for a clear.
    """

    keys: Sequence[Any] = ()
    version: Any = None
    there: Sequence[Any] = ()
    # A call that was asked for the keys beforehand has them, and one that was refused its key has none.
    made_before: list[Any] | None = None
    key_refused = False
    began = False
    # Whether what it calls on the same object is counted by itself, and in a call of `set_many` is collected.
    composed = False
    # Whether it is one that the interface of Django has not, and its server is asked.
    is_of_server = False
    collects = False
    looked_up = False
    # The call of the gate, where a fault has struck it.
    struck: Any = None

    def __init__(self, kind: Kind, held: Any, mock: MockCache, asked: str, rule: Rule | None = None) -> None:
        # As the class above has it, which is not called for speed.
        self.effects = []
        self.reached = False
        self.places = {}
        self.kind = kind
        # What the cache finds changed when it reads it of itself.
        self.special: Mapping[str, Special] = kind.special_in_calls
        self.held = held
        # What its function is called with.
        self.subject = held
        self.mock = mock
        self.asked = asked
        self.rule = rule
        self.made: dict[Any, Any] = {}
        self._store: Any = None

    @property
    def store(self) -> Any:
        """The entries that its cache has in the scope that it is for."""
        found = self._store
        if found is None:
            found = self._store = self.kind.store_for(self.mock)
        return found

    @property
    def as_given(self) -> Sequence[Any]:
        """Its keys as the program has given them, in the same order."""
        return self.keys

    def run(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Return what *function* returns, as a part of this call."""
        self.began = True
        around = call_around()
        outer_call.set(self)
        try:
            return function(*args, **kwargs)
        except InvalidCacheKey:
            self.key_refused = True
            raise
        finally:
            outer_call.set(around)

    async def run_async(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Do as `run` does, where it is to be awaited."""
        self.began = True
        around = call_around()
        outer_call.set(self)
        try:
            return await function(*args, **kwargs)
        except InvalidCacheKey:
            self.key_refused = True
            raise
        finally:
            # One that does not come to its end is closed wherever garbage is collected: in the middle of
            # another call, which is none of its context.
            if call_around() is self:
                outer_call.set(around)

    def make_beforehand(self) -> None:
        """Make its keys, if Django's own function does: the cache need not be watched at it then."""
        cls: Any = type(self.held)
        own = object.__getattribute__(self.held, "__dict__")
        is_own = cls.make_key is _make_key_of_base and "make_key" not in own
        if is_own and own.get("key_func") is default_key_func and {*map(type, self.keys)} == _TEXTS:
            prefix, version = own["key_prefix"], own["version"] if self.version is None else self.version
            self.special = self.kind.special
            self.made_before = [default_key_func(key, prefix, version) for key in self.keys]
            if not self.special:
                self.subject = unwatched(self.held)

    def known_of(self, key: Any) -> Mapping[str, object]:
        """Return what is known of an operation of this call on a made *key*."""
        kind = self.kind
        # One of the project's own may ask a server for some of its entries, and have others in memory.
        is_told = self.places and kind.is_server
        return known_of(self.asked, self.places.get(key, kind.place) if is_told else kind.place)

    def made_key(self) -> Any:
        """Return its one key, as it is made."""
        if self.made_before is not None:
            return self.made_before[0]
        return next(iter(self))

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[Any]:
        if self.key_refused:
            return iter(self.keys)
        if self.made_before is not None:
            return iter(self.made_before)
        return iter([self._made_of(key) for key in self.keys])

    def __getitem__(self, at: Any) -> Any:
        return list(self)[at]

    def _made_of(self, key: Any) -> Any:
        try:
            return self.made[key]
        except (KeyError, TypeError):
            # It was not made, or can't be looked for.
            try:
                return self.make(key)
            except Exception:
                return key

    def make(self, key: Any) -> Any:
        """Return what the cache makes of a *key* of the program."""
        held: Any = self.held
        return text(self.run(lambda: held.make_key(key, version=self.version)))

    def note(self, key: Any, made: Any) -> None:
        """Remember what the cache has made of a *key*."""
        # One that has no hash is made again where it is asked for.
        with suppress(TypeError):
            self.made.setdefault(key, text(made))


_known: dict[tuple[str, object], Mapping[str, object]] = {}


def known_of(asked: str, place: object) -> Mapping[str, object]:
    """Return what is known of an operation that was *asked* for, and done in a *place* unless it is None."""
    found = _known.get((asked, place))
    if found is None:
        found = {"asked": asked} if place is None else {"asked": asked, "store": place}
        _known[asked, place] = found
    return found


def text(made: Any) -> Any:
    """Return a made key as it is logged: django-redis has a class of its own for them."""
    return str(made) if isinstance(made, str) and type(made) is not str else made


def run_outside(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return what *function* of the program returns, whose calls of a cache are its own."""
    around = call_around()
    outer_call.set(None)
    try:
        return function(*args, **kwargs)
    finally:
        outer_call.set(around)


def _make_key(call: Call, name: str, found: Found) -> Any:
    make = found(call.held, name)

    def make_key(key: Any, *args: Any, **kwargs: Any) -> Any:
        made = make(key, *args, **kwargs)
        call.note(key, made)
        return made

    return make_key


def _key_func(call: Call, name: str, found: Found) -> Any:
    make = found(call.held, name)
    if make is default_key_func and not call.kind.makes_keys_below:
        return make

    def key_func(key: Any, *args: Any, **kwargs: Any) -> Any:
        made = run_outside(make, key, *args, **kwargs)
        if call.kind.makes_keys_below:
            call.note(key, made)
        return made

    return key_func


def _set(call: Call, name: str, found: Found) -> Any:
    special = call.kind.special.get(name)
    put = found(call.held, name) if special is None else special(call, name, found)
    if not call.collects:
        return put

    def collect(key: Any, *args: Any, **kwargs: Any) -> Any:
        result = put(key, *args, **kwargs)
        # Here, so that an entry that a later one makes room with is evicted after it was put.
        if not call.kind.is_server:
            call.effects.append(("put", call._made_of(key)))
        return result

    return collect


Special = Callable[[Call, str, "Found"], Any]
_make_key_of_base = BaseCache.make_key
_TEXTS = {str}
SPECIAL: dict[str, Special] = {
    "make_key": _make_key,
    "key_func": _key_func,
    "set": _set,
}
