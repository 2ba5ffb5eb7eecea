"""What a server remembers for a client that caches by itself: the keys that it has read, CLIENT TRACKING."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

from fakeredis._command_args_parsing import Int
from fakeredis._helpers import OK, SimpleError
from fakeredis.model import is_write_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Tracking"]

# In RESP2 nothing comes unasked but what is published.
_CHANNEL = b"__redis__:invalidate"


class _Tracker:
    """What a database tells of a key that was changed, as it tells the connections that watch it."""

    def __init__(self, tracking: Tracking, key: bytes) -> None:
        self._tracking = ref(tracking)
        self._key = key

    def notify_watch(self) -> None:
        """Note that the key is not what it was; the server's lock is held."""
        tracking = self._tracking()
        if tracking is not None:
            tracking.note_change(self._key)


class Tracking:
    """A part of the server's end of a connection; ``keys_of`` tells the keys that a command is about.

    ``is_sending`` tells whether the command that is executed is one of this connection.
    """

    keys_of: Callable[[bytes, Sequence[bytes]], Iterable[bytes]] | None = None
    is_sending: Callable[[], bool]
    put_response: Callable[[Any], None]
    _server: Any
    _client_info: Any
    _db: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.tracks = False
        # The options, and whether the next command is the one that is tracked, or the one that is not.
        self._options: frozenset[bytes] = frozenset()
        self._redirect = 0
        self._is_next = False
        self._trackers: dict[tuple[Any, bytes], _Tracker] = {}
        self._changed: list[bytes] = []
        super().__init__(*args, **kwargs)

    def client_tracking(self, mode: bytes, *args: bytes) -> Any:
        if mode.upper() not in (b"ON", b"OFF"):
            raise SimpleError("ERR syntax error")
        options, redirect = self._read(args)
        if mode.upper() == b"OFF":
            self._trackers.clear()
            self.tracks, self._options, self._redirect, self._is_next = False, frozenset(), 0, False
            return OK
        if b"BCAST" in options:
            raise SimpleError("ERR CLIENT TRACKING has no option BCAST in the server of a test")
        if {b"OPTIN", b"OPTOUT"} <= options:
            raise SimpleError("ERR You can't specify both OPTIN mode and OPTOUT mode")
        chosen = options & {b"OPTIN", b"OPTOUT"}
        if self.tracks and chosen and (self._options & {b"OPTIN", b"OPTOUT"}) - chosen:
            raise SimpleError(
                "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then "
                "re-enabling it with a different mode."
            )
        self.tracks, self._options, self._redirect = True, options, redirect
        return OK

    def _read(self, args: Sequence[bytes]) -> tuple[frozenset[bytes], int]:
        """Return the options in *args*, and the client to tell; 0 for this one."""
        words, options, redirect, has_prefix = list(args), set(), 0, False
        while words:
            word = words.pop(0).upper()
            if word == b"REDIRECT" and words:
                redirect = Int.decode(words.pop(0))
                if self._client(redirect) is None:
                    raise SimpleError("ERR The client ID you want redirect to does not exist")
            elif word == b"PREFIX" and words:
                words.pop(0)
                has_prefix = True
            elif word in (b"BCAST", b"OPTIN", b"OPTOUT", b"NOLOOP"):
                options.add(word)
            else:
                raise SimpleError("ERR syntax error")
        if has_prefix and b"BCAST" not in options:
            raise SimpleError("ERR PREFIX option requires BCAST mode to be enabled")
        if b"BCAST" in options and options & {b"OPTIN", b"OPTOUT"}:
            raise SimpleError("ERR OPTIN and OPTOUT are not compatible with BCAST")
        return frozenset(options), redirect

    def client_caching(self, mode: bytes) -> Any:
        needed = {b"YES": b"OPTIN", b"NO": b"OPTOUT"}.get(mode.upper())
        if not self._options & {b"OPTIN", b"OPTOUT"}:
            raise SimpleError(
                "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
                "OPTOUT mode enabled"
            )
        if needed is None:
            raise SimpleError("ERR syntax error")
        if needed not in self._options:
            wanted = f"{mode.upper().decode()} is only valid when tracking is enabled in {needed.decode()}"
            raise SimpleError(f"ERR CLIENT CACHING {wanted} mode.")
        self._is_next = True
        return OK

    def client_getredir(self) -> int:
        return self._redirect if self.tracks else -1

    def client_trackinginfo(self) -> dict[bytes, Any]:
        flags = [b"on" if self.tracks else b"off"]
        flags += [name.lower() for name in (b"OPTIN", b"OPTOUT") if name in self._options]
        if self._is_next:
            flags.append(b"caching-yes" if b"OPTIN" in self._options else b"caching-no")
        if b"NOLOOP" in self._options:
            flags.append(b"noloop")
        return {b"flags": flags, b"redirect": self.client_getredir(), b"prefixes": []}

    def track(self, name: str, arguments: Sequence[bytes]) -> None:
        """Remember the keys that a command reads; under the server's lock."""
        if name == "client caching":
            return
        is_next, self._is_next = self._is_next, False
        if is_next != (b"OPTIN" in self._options):
            return
        if self.keys_of is None or is_write_command(name.encode()):
            return
        for key in self.keys_of(name.upper().encode(), arguments):
            at = self._db, key
            if at not in self._trackers:
                tracker = self._trackers[at] = _Tracker(self, key)
                self._db.add_watch(key, tracker)

    def note_change(self, key: bytes) -> None:
        """Note that *key* was changed, which is told once: it has to be read again to be tracked again."""
        if self._server is None:
            # The connection was closed, and there is nobody to be told.
            self._trackers.clear()
            return
        for at in list(self._trackers):
            if at[1] == key:
                del self._trackers[at]
        if b"NOLOOP" in self._options and self.is_sending():
            return
        if not self._changed:
            self._server.told.append(self)
        self._changed.append(key)

    def tell(self) -> None:
        """Tell the client of what was changed, or the one that is to be told of it."""
        changed, self._changed = self._changed, []
        if self._server is None:
            return
        client: Any = self._client(self._redirect) if self._redirect else self
        if not changed or not self.tracks:
            return
        if client is None:
            if self._client_info.protocol_version == 3:
                self.put_response([b"tracking-redir-broken", self._redirect])
        elif client._client_info.protocol_version == 3:
            client.put_response([b"invalidate", changed])
        elif client in self._server.subscribers.get(_CHANNEL, ()):
            client.put_response([b"message", _CHANNEL, changed])

    def _client(self, number: int) -> Any:
        """Return the end of the connection that has this *number*; None if none has."""
        return next((each for each in self._server.sockets if each._client_info["id"] == number), None)
