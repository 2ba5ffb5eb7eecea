"""The commands of a memcached server in memory: each goes through the gate of the server's cache."""

from __future__ import annotations

from functools import partial
from sys import _getframe
from typing import TYPE_CHECKING, Any

from ..._behaving.gate import MISSING
from .entries import CommandError, Entry, MemcachedEntries, fits, key_of, number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..._behaving.gate import Effect
    from ..._caches.cache import MockCache

__all__ = ["MemcachedStore"]


class MemcachedStore(MemcachedEntries):
    """The entries of one server, and the commands that a client sends; `CommandError` is an error's answer.

    Several threads may send at once. The commands are logged in the order that they are done in, unless
    something is in force: that may wait for another command, so nobody can be held up.
    """

    def __init__(self, cache: MockCache, libraries: frozenset[str], server: str | None = None) -> None:
        """Make an empty one of *server*, as `MemcachedEntries`."""
        super().__init__(cache, libraries, server)
        # A lookup is a "get" where nobody says otherwise.
        self._known: dict[bytes, dict[str, object]] = {b"get": self._of_server}

    def _known_of(self, command: bytes) -> dict[str, object]:
        """Return what is known of an operation that *command* asks for."""
        known = self._known.get(command)
        if known is None:
            known = self._known[command] = {"asked": command.decode(), **self._of_server}
        return known

    def look_up(self, command: bytes, keys: Sequence[bytes], expires: float | None = None) -> list[Any]:
        """Return the entry of each of *keys*, or `MISSING`; those there get the time *expires*, if given."""
        if len(keys) == 1:
            name = key_of(keys[0])
            cache, libraries, known = self._cache, self._libraries, self._known_of(command)
            find = partial(self._look_up, name, expires)
            if cache.in_force:
                return [cache.lookup(name, partial(self._locked, find), libraries, known=known)]
            with self._lock:
                return [cache.lookup(name, find, libraries, known=known)]

        names = [key_of(key) for key in keys]

        def find_all() -> list[Any]:
            return [self._look_up(name, expires) for name in names]

        def effects(found: Sequence[object]) -> Iterable[Effect]:
            for name, entry in zip(names, found, strict=True):
                yield "miss" if entry is MISSING else "hit", name

        entries: list[Any] = self._perform(command, "get", names, find_all, effects)
        return entries

    def _look_up(self, name: object, expires: float | None) -> Any:
        found = self._find(name)
        if found is None:
            return MISSING
        if expires is not None:
            self._entries[name] = found._replace(expires=expires)
            # It was there before it was given that time.
            self._born.pop(name, None)
        return found

    def store(
        self, command: bytes, key: bytes, value: bytes, flags: int, expires: float, cas: int | None = None
    ) -> bytes:
        """Do one of set, add, replace, append, prepend and cas; return memcached's word for what came of it.

        It is a put if that is ``STORED``.
        """
        name = key_of(key)
        do = partial(self._store, command, key, name, value, flags, expires, cas)

        def effects(answer: object) -> Iterable[Effect]:
            return (("put", name),) if answer == b"STORED" else ()

        answer: bytes = self._perform(command, "put", (name,), do, effects)
        return answer

    def _store(
        self,
        command: bytes,
        key: bytes,
        name: object,
        value: bytes,
        flags: int,
        expires: float,
        cas: int | None,
    ) -> bytes | CommandError:
        if not fits(key, len(value), flags):
            if command == b"set":
                self._drop(name)
            return CommandError(b"SERVER_ERROR object too large for cache")
        found = self._find(name)
        if command == b"cas" and (found is None or found.cas != cas):
            return b"NOT_FOUND" if found is None else b"EXISTS"
        if command == b"add" and found is not None:
            return b"NOT_STORED"
        if command in (b"replace", b"append", b"prepend") and found is None:
            return b"NOT_STORED"
        if command in (b"append", b"prepend") and found is not None:
            value = found.value + value if command == b"append" else value + found.value
            flags, expires = found.flags, found.expires
            if not fits(key, len(value), flags):
                return b"NOT_STORED"
        self._write(name, value, flags, expires)
        return b"STORED"

    def count(self, command: bytes, key: bytes, delta: int) -> bytes | None:
        """Add *delta* to the number kept for *key*, and return it, or None: a lookup, and a put after a hit.

        By ``decr`` it is subtracted. The number wraps at 2 ** 64, and is 0 at least.
        """
        name = key_of(key)

        def do() -> bytes | CommandError | None:
            found = self._find(name)
            if found is None:
                return None
            number = number_of(found.value)
            if number is None:
                return CommandError(b"CLIENT_ERROR cannot increment or decrement non-numeric value")
            return self._counted(name, found, number, command, delta)

        def effects(counted: object) -> Iterable[Effect]:
            if isinstance(counted, CommandError):
                return ()
            return (("miss", name),) if counted is None else (("hit", name), ("put", name))

        counted: bytes | None = self._perform(command, None, (name,), do, effects)
        return counted

    def _counted(self, name: object, found: Entry, number: int, command: bytes, delta: int) -> bytes:
        """Write what the *number* that was *found* for *name* comes to, and return that."""
        text = b"%d" % ((number + delta) % 2**64 if command == b"incr" else max(0, number - delta))
        # memcached writes it in place, and leaves the length as it is, where it has the room.
        placed = found.placed if len(text) <= len(found.value) else None
        self._write(name, text.ljust(len(found.value)), found.flags, found.expires, placed)
        return text

    def touch(self, command: bytes, key: bytes, expires: float) -> bool:
        """Give the entry of *key* another time, and return whether there is one; it is not counted."""
        name = key_of(key)
        find = partial(self._look_up, name, expires)
        return self._perform(command, None, (name,), find, _uncounted) is not MISSING

    def delete(self, command: bytes, key: bytes) -> bool:
        """Forget the entry of *key*, which is a delete, and return whether there was one."""
        name = key_of(key)

        def do() -> bool:
            found = self._find(name)
            self._entries.pop(name, None)
            return found is not None

        deleted: bool = self._perform(command, "delete", (name,), do, lambda _: (("delete", name),))
        return deleted

    def flush(self, command: bytes, at: float = 0) -> None:
        """Delete every entry at the time *at*, in seconds since the epoch, which may be over."""

        def do() -> None:
            self._flush_at = at
            # That may be later, so each delete is recorded as it is done.
            self._flush_if_due()

        self._perform(command, "delete", list(self), do, _uncounted)

    def uncounted(self, command: bytes, do: Callable[[], bytes]) -> bytes:
        """Answer a *command* that is about no entry by *do*."""

        def do_or_refuse() -> bytes | CommandError:
            try:
                return do()
            except CommandError as error:
                return error

        answer: bytes = self._perform(command, None, (), do_or_refuse, _uncounted)
        return answer

    def refused(self, command: bytes, keys: Sequence[bytes], error: CommandError) -> None:
        """Log that a *command* was answered with an *error*, which the client raises: a failure a key."""
        names = [key_of(key) for key in keys]
        known = {"asked": command.decode(errors="replace"), **self._of_server}
        self._cache.fail(names, error, self._libraries, _getframe(1), known)

    def kept(self) -> list[tuple[object, Entry]]:
        """Return the keys and entries of those that have not expired."""
        return [(name, entry) for name, entry in self._entries.copy().items() if self._is_live(entry)]

    def figures(self) -> dict[str, int]:
        """Return what memcached calls its general statistics, as far as they are known here."""
        cache = self._own_cache
        return {
            "curr_items": len(self),
            "bytes": sum(map(len, self.values())),
            "cmd_get": cache.num_get,
            "cmd_set": cache.num_put,
            "get_hits": cache.num_get_hit,
            "get_misses": cache.num_get_miss,
            "limit_maxbytes": 64 * 1024 * 1024,
        }

    def _perform(
        self,
        command: bytes,
        kind: str | None,
        names: Sequence[object],
        do: Callable[[], Any],
        effects: Callable[[Any], Iterable[Effect]],
    ) -> Any:
        """Do a command; raise the `CommandError` that *do* has returned.

        To the gate it is an answer. A server does not raise: its client may, when it reads the answer.
        """
        cache, libraries, known = self._cache, self._libraries, self._known_of(command)
        if cache.in_force:
            result = cache.perform(kind, names, partial(self._locked, do), effects, libraries, known)
        else:
            with self._lock:
                result = cache.perform(kind, names, do, effects, libraries, known)
        if isinstance(result, CommandError):
            raise result
        return result

    def _locked(self, do: Callable[[], Any]) -> Any:
        with self._lock:
            return do()


def _uncounted(_: object) -> Iterable[Effect]:
    return ()
