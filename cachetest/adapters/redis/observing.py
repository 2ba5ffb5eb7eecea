"""What a server tells of the commands that it executes: MONITOR, SLOWLOG, and how many there were."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any

from fakeredis._helpers import OK, SimpleError

from ..._behaving.clock import now
from ..._recording.locks import make_lock
from ..._recording.operation import SCRIPTS
from .command_table import help_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Observing"]

# They are not shown to a client that monitors, or before what they call.
_HIDDEN_SUBCOMMANDS = {
    "acl": "deluser dryrun getuser list load log save setuser users",
    "client": "kill list no-evict pause unblock unpause",
    "config": "get resetstat rewrite set",
}
_HIDDEN_COMMANDS = "bgrewriteaof bgsave debug latency module monitor psync replicaof save slaveof slowlog"
_HIDDEN = frozenset(
    {f"{name} {each}" for name, names in _HIDDEN_SUBCOMMANDS.items() for each in names.split()}
    | {*_HIDDEN_COMMANDS.split(), *(name.lower() for name in SCRIPTS)}
)
_ESCAPES = {0x5C: "\\\\", 0x22: '\\"', 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x07: "\\a", 0x08: "\\b"}
_QUOTED = [_ESCAPES.get(byte, chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}") for byte in range(256)]
_REDACTED = b"(redacted)"


class Monitor:
    """A client that is told of each command, as soon as that is executed and recorded."""

    def __init__(self, peer: Any) -> None:
        self.peer = peer
        self._server = peer._server
        self._lines: list[bytes] = []
        self._telling = make_lock()

    def note(self, line: bytes) -> None:
        """Have the client told of *line*; under the lock of the server."""
        if not self._lines:
            self._server.told.append(self)
        self._lines.append(line)

    def tell(self) -> None:
        """Tell the client what was noted, in this order; without the lock of the server."""
        with self._telling:
            with self._server.lock:
                lines, self._lines = self._lines, []
            for line in lines:
                self.peer.put_response(line)


class Tally:
    """How many commands of a connection were executed without fakeredis: see `quick`."""

    # It is added to for each of them.
    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Observing:
    """A part of the server's end of a connection.

    ``fields`` is the command that is executed, as the client has sent it, and ``queued`` are those that EXEC
    executes. ``when_killed`` is called, with the lock of the server, once another client has ended it.
    """

    when_killed: Callable[[], object] | None = None
    fields: Sequence[bytes] = ()
    queued: deque[Sequence[bytes]]
    run: Callable[[Any, Any, list[Any], bool], Any]
    quick: Tally
    _server: Any
    _client_info: Any
    _db_num: int
    _in_transaction: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.quick = Tally()
        self.queued = deque()
        super().__init__(*args, **kwargs)

    def _run_command(self, func: Any, sig: Any, args: list[Any], from_script: bool) -> Any:
        server = self._server
        is_queued = self._in_transaction and not from_script
        if from_script:
            # The case in which the script has it is not known.
            fields: Sequence[bytes] = [*sig.name.upper().encode().split(), *args]
        else:
            fields = self.queued.popleft() if is_queued and self.queued else self.fields
        if server.monitors and sig.name.upper() in SCRIPTS:
            self._tell_monitors(fields, from_script)
        began = time.perf_counter_ns()
        result = self.run(func, sig, args, from_script)
        spent = (time.perf_counter_ns() - began) // 1000
        server.executed += 1
        if server.monitors and sig.name not in _HIDDEN:
            self._tell_monitors(fields, from_script)
        if server.slow_log.limit is not None and sig.name != "exec":
            address = b"?:0" if from_script else self._client_info["addr"].encode()
            name = b"" if from_script else self._client_info.get("name", "").encode()
            server.slow_log.note(_redacted(fields), spent, address, name)
        return result

    def _tell_monitors(self, fields: Sequence[bytes], from_script: bool) -> None:
        client = "lua" if from_script else self._client_info["addr"]
        if "U" in self._client_info["flags"] and not from_script:
            client = f"unix:{client.rpartition(':')[0]}"
        words = " ".join('"' + "".join([_QUOTED[byte] for byte in word]) + '"' for word in _redacted(fields))
        line = f"{now():.6f} [{self._db_num} {client}] {words}".encode()
        for monitor in self._server.monitors:
            monitor.note(line)

    def monitor(self) -> Any:
        if self._in_transaction:
            raise SimpleError("ERR MONITOR isn't allowed for DENY BLOCKING client")
        if not any(each.peer is self for each in self._server.monitors):
            self._server.monitors.append(Monitor(self))
            self._client_info["flags"] = "O"
        return OK

    def reset(self) -> Any:
        self._leave_monitors()
        return super().reset()  # type: ignore[misc]

    def kill(self) -> None:
        """Leave the server, as another client says."""
        self._leave_monitors()
        super().kill()  # type: ignore[misc]
        if self.when_killed is not None:
            self.when_killed()

    def close(self) -> None:
        """Leave the server."""
        server = self._server
        if server is not None:
            self._leave_monitors()
            # This is done without the lock, maybe as garbage is collected.
            server.executed_by_closed.append(self.quick.count)
        super().close()  # type: ignore[misc]

    def _leave_monitors(self) -> None:
        monitors = self._server.monitors
        monitors[:] = [each for each in monitors if each.peer is not self]

    def slowlog(self, asked: bytes, *args: bytes) -> Any:
        name, log = asked.upper(), self._server.slow_log
        if name == b"GET" and len(args) <= 1:
            count = int(args[0]) if args and args[0].removeprefix(b"-").isdigit() else -2 if args else 10
            if count < -1:
                raise SimpleError("ERR count should be greater than or equal to -1")
            return log.latest(count)
        if name == b"LEN" and not args:
            return len(log)
        if name == b"RESET" and not args:
            log.clear()
            return OK
        if name == b"HELP":
            return help_of("slowlog")
        wrong = "or wrong number of arguments for " if name in (b"GET", b"LEN", b"RESET") else ""
        raise SimpleError(
            f"ERR unknown subcommand {wrong}'{asked.decode(errors='replace')}'. Try SLOWLOG HELP."
        )

    def executed_commands(self) -> int:
        """Return how many commands were executed since the server, or its statistics, began."""
        server = self._server
        quick = [each.quick.count for each in list(server.sockets) if isinstance(each, Observing)]
        return server.executed + sum(quick) + sum(server.executed_by_closed)  # type: ignore[no-any-return]


def _redacted(fields: Sequence[bytes]) -> Sequence[bytes]:
    """Return a command without the passwords in it."""
    words = [each.upper() for each in fields]
    if words[:1] == [b"AUTH"]:
        return [fields[0]] + [_REDACTED] * (len(fields) - 1)
    if words[:1] == [b"HELLO"] and b"AUTH" in words:
        at = words.index(b"AUTH") + 1
        return [*fields[:at], *[_REDACTED] * len(fields[at : at + 2]), *fields[at + 2 :]]
    if words[:2] == [b"ACL", b"SETUSER"]:
        return [*fields[:2], *[_REDACTED] * len(fields[2:])]
    if words[:2] == [b"CONFIG", b"SET"]:
        secret = (b"REQUIREPASS", b"MASTERAUTH")
        return [_REDACTED if words[n - 1] in secret and n > 2 else each for n, each in enumerate(fields)]
    return fields
