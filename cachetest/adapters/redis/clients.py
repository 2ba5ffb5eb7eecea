"""What a server knows of its clients: CLIENT LIST, and what that and others show of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakeredis._helpers import SimpleError

from .command_table import split
from .permissions import LOCKED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .addresses import Address

__all__ = ["Clients", "info_of"]

# The first of those that systems give to who connects.
_FIRST_PORT = 49152
_PORTS = 16384


def info_of(server: Any, address: Address) -> dict[str, object]:
    """Return what is known of a new client of *server* at *address*, in the order of CLIENT LIST."""
    known: dict[str, object] = {"id": 0, "addr": "", "laddr": "", "fd": 8, "name": "", "age": 0, "idle": 0}
    known["flags"] = "N" if len(address) > 1 else "U"
    known[LOCKED] = not server.acl.is_open()
    return {**known, **dict.fromkeys(("db", "sub", "psub", "ssub"), 0), "multi": -1}


class Clients:
    """A part of the server's end of a connection, over that of fakeredis: its methods are commands."""

    _server: Any
    _client_info: Any
    _db_num: int
    _pubsub: int
    _transaction: Any
    fields: Sequence[bytes]

    def be_at(self, address: Address) -> None:
        """Know where the server is, and where the client: it has a port of its own."""
        info = self._client_info
        if len(address) == 1:
            info["addr"] = info["laddr"] = f"{address[0]}:0"
        else:
            info["addr"] = f"127.0.0.1:{_FIRST_PORT + info['id'] % _PORTS}"
            info["laddr"] = f"127.0.0.1:{address[1]}"

    def client_getname(self) -> bytes | None:
        return super().client_getname() or None  # type: ignore[misc]

    def client_info_cmd(self) -> bytes:
        return self._as_line() + b"\n"

    def client_list_cmd(self, *args: bytes) -> bytes:
        words = [each.upper() for each in args]
        # Those of the tests themselves, who look at entries, are none of the program's.
        found = [each for each in self._server.sockets if isinstance(each, Clients)]
        if words[:1] == [b"TYPE"] and len(words) == 2:
            if words[1] not in (b"NORMAL", b"MASTER", b"REPLICA", b"SLAVE", b"PUBSUB"):
                kind = args[1].decode(errors="replace")
                raise SimpleError(f"ERR Unknown client type '{kind}'")
            found = [each for each in found if words[1] == (b"PUBSUB" if each._pubsub else b"NORMAL")]
        elif words[:1] == [b"ID"] and len(words) > 1:
            if not all(word.isdigit() and int(word) for word in words[1:]):
                raise SimpleError("ERR Invalid client ID")
            ids = set(map(int, words[1:]))
            found = [each for each in found if each._client_info["id"] in ids]
        elif words:
            raise SimpleError("ERR syntax error")
        return b"".join(each._as_line() + b"\n" for each in found)

    def _cleanup(self, server: Any) -> None:
        super()._cleanup(server)  # type: ignore[misc]
        # There it stays with its shard channels, and what nobody subscribes to any more is still counted.
        for subscribers in (server.subscribers, server.psubscribers, server.ssubscribers):
            for name, peers in list(subscribers.items()):
                peers.discard(self)
                if not peers:
                    del subscribers[name]

    def _as_line(self) -> bytes:
        info = self._client_info
        info["db"] = self._db_num
        info["sub"] = self._pubsub
        if self.fields:
            # What is executed now, or was last.
            info["cmd"] = "|".join(split(self.fields)[0].split())
        info["multi"] = -1 if self._transaction is None else len(self._transaction)
        return info.as_bytes()  # type: ignore[no-any-return]
