"""Answers that fakeredis has not: to health checks, start-up code, and others."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from fakeredis._helpers import OK, SimpleError
from fakeredis.model import is_write_command

from .command_table import help_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["VERSION", "Answers"]

VERSION = "8.0.0"
_READ_ONLY = "ERR Write commands are not allowed from read-only scripts."
_NO_CLUSTER = "ERR This instance has cluster support disabled: the server of a test is a single one"
_NO_SENTINEL = (
    "ERR the server of a test is no Sentinel: have the program use a client of the server itself in tests"
)
# As small as an entry can be in Redis, in bytes, apart from its key and its content.
_OVERHEAD = 48
# That of a server without entries, of which nothing else is known.
_USED = 1048576


class Answers:
    """A part of the server's end of a connection: its methods are commands, as `own` has them."""

    _server: Any
    _client_info: Any
    _db: Any
    _unknown_command: Any
    executed_commands: Callable[[], int]
    reads_only = False

    def info(self, *sections: bytes) -> bytes:
        server = self._server
        known: dict[str, dict[str, object]] = {
            "server": {
                "redis_version": VERSION,
                "redis_mode": "standalone",
                "os": sys.platform,
                "arch_bits": sys.maxsize.bit_length() + 1,
                "process_id": os.getpid(),
                "run_id": f"{id(server):040x}",
                "tcp_port": 6379,
                "uptime_in_seconds": 1,
                "uptime_in_days": 0,
            },
            "clients": {
                "connected_clients": sum(isinstance(each, Answers) for each in server.sockets),
                "maxclients": 10000,
                "blocked_clients": len(server.waits),
            },
            "memory": {
                "used_memory": _USED,
                "used_memory_human": "1.00M",
                "used_memory_peak": _USED,
                "used_memory_peak_human": "1.00M",
                "maxmemory": 0,
                "maxmemory_human": "0B",
                "maxmemory_policy": "noeviction",
                "mem_fragmentation_ratio": "1.00",
            },
            "persistence": {
                "loading": 0,
                "rdb_bgsave_in_progress": 0,
                "rdb_last_save_time": server.lastsave,
                "rdb_last_bgsave_status": "ok",
                "aof_enabled": 0,
            },
            "stats": {
                "total_connections_received": server._next_client_id - 1 - server.connections_before,
                "total_commands_processed": self.executed_commands(),
                "instantaneous_ops_per_sec": 0,
                "rejected_connections": 0,
                "expired_keys": 0,
                "evicted_keys": 0,
                "keyspace_hits": 0,
                "keyspace_misses": 0,
                "pubsub_channels": len(server.subscribers),
                "pubsub_patterns": len(server.psubscribers),
            },
            "replication": {"role": "master", "connected_slaves": 0, "master_repl_offset": 0},
            "cpu": {"used_cpu_sys": "0.0", "used_cpu_user": "0.0"},
            "cluster": {"cluster_enabled": 0},
            "keyspace": self._keyspace(),
        }
        names = {each.lower().decode(errors="replace") for each in sections}
        if not names or names & {"all", "default", "everything"}:
            names = set(known)
        shown = [
            f"# {name.capitalize()}\r\n" + "".join(f"{key}:{value}\r\n" for key, value in fields.items())
            for name, fields in known.items()
            if name in names
        ]
        return "\r\n".join(shown).encode()

    def _keyspace(self) -> dict[str, object]:
        found: dict[str, object] = {}
        for number, database in sorted(self._server.dbs.items()):
            keys = list(database)
            mortal = [key for key in keys if database[key].expireat is not None]
            if keys:
                found[f"db{number}"] = f"keys={len(keys)},expires={len(mortal)},avg_ttl=0"
        return found

    def role(self) -> list[Any]:
        return [b"master", 0, []]

    def replicaof(self, host: bytes, port: bytes) -> Any:
        if (host.upper(), port.upper()) == (b"NO", b"ONE"):
            return OK
        raise SimpleError("ERR the server of a test is a single one, and no replica of another")

    def lolwut(self, *args: bytes) -> bytes:
        return f"Redis ver. {VERSION}\n".encode()

    def touch(self, *keys: Any) -> int:
        return sum(map(bool, keys))

    def memory(self, asked: bytes, *args: bytes) -> Any:
        if asked.upper() == b"USAGE" and args:
            item = self._db.get(args[0])
            return None if item is None else _OVERHEAD + len(args[0]) + _size(item.value)
        if asked.upper() == b"PURGE" and not args:
            return OK
        if asked.upper() == b"STATS" and not args:
            return self._memory_stats()
        if asked.upper() == b"MALLOC-STATS" and not args:
            # As a server says that was built without jemalloc.
            return b"Stats not supported for the current allocator"
        return _help_or_error(asked, "MEMORY")

    def _memory_stats(self) -> dict[bytes, Any]:
        databases = {
            b"db.%d" % number: {b"overhead.hashtable.main": 0, b"overhead.hashtable.expires": 0}
            for number, database in sorted(self._server.dbs.items())
            if len(database)
        }
        sizes = [
            _OVERHEAD + len(key) + _size(database[key].value)
            for database in self._server.dbs.values()
            for key in list(database)
        ]
        total = _USED + sum(sizes)
        return {
            b"peak.allocated": total,
            b"total.allocated": total,
            b"startup.allocated": _USED,
            b"replication.backlog": 0,
            b"clients.slaves": 0,
            b"clients.normal": 0,
            b"aof.buffer": 0,
            **databases,
            b"overhead.total": _USED,
            b"keys.count": len(sizes),
            b"keys.bytes-per-key": sum(sizes) // max(len(sizes), 1),
            b"dataset.bytes": sum(sizes),
            b"dataset.percentage": 100.0 if sizes else 0.0,
            b"peak.percentage": 100.0,
            b"fragmentation": 1.0,
            b"fragmentation.bytes": 0,
        }

    def object(self, asked: bytes, *args: bytes) -> Any:
        name = asked.upper()
        if name not in (b"ENCODING", b"REFCOUNT", b"IDLETIME", b"FREQ") or len(args) != 1:
            return _help_or_error(asked, "OBJECT")
        item = self._db.get(args[0])
        if item is None:
            return None
        if name == b"ENCODING":
            return _encoding(item.value)
        if name == b"FREQ":
            raise SimpleError(
                "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
                "when switching between policies at runtime LRU and LFU data will take some time to adjust."
            )
        return 1 if name == b"REFCOUNT" else 0

    def latency(self, asked: bytes, *args: bytes) -> Any:
        answers: dict[bytes, Any] = {b"LATEST": [], b"HISTORY": [], b"RESET": 0}
        if asked.upper() not in answers:
            return _help_or_error(asked, "LATENCY")
        return answers[asked.upper()]

    def module(self, asked: bytes, *args: bytes) -> Any:
        if asked.upper() != b"LIST":
            return _help_or_error(asked, "MODULE")
        return []

    def wait_replicas(self, replicas: int, milliseconds: int) -> int:
        return 0

    def bitfield_ro(self, key: Any, *args: bytes) -> Any:
        if any(word.upper() in (b"SET", b"INCRBY", b"OVERFLOW") for word in args[::3]):
            raise SimpleError("ERR BITFIELD_RO only supports the GET subcommand")
        return self.bitfield(key, *args)  # type: ignore[attr-defined]

    def cluster(self, *args: bytes) -> Any:
        raise SimpleError(_NO_CLUSTER)

    def sentinel(self, *args: bytes) -> Any:
        raise SimpleError(_NO_SENTINEL)

    def readonly(self) -> Any:
        raise SimpleError(_NO_CLUSTER)

    def _read_only(self, name: str, *args: Any) -> Any:
        evaluate = getattr(self, name, None)
        if evaluate is None:
            raise self._unknown_command(f"{name}_ro")
        self.reads_only = True
        try:
            return evaluate(*args)
        finally:
            self.reads_only = False

    def eval_ro(self, *args: Any) -> Any:
        return self._read_only("eval", *args)

    def evalsha_ro(self, *args: Any) -> Any:
        return self._read_only("evalsha", *args)

    def check_writes(self, name: str) -> None:
        """Raise what a script that only reads gets for the command *name*, if that writes."""
        if self.reads_only and is_write_command(name.encode()):
            raise SimpleError(_READ_ONLY)


def _help_or_error(asked: bytes, name: str) -> list[bytes]:
    if asked.upper() == b"HELP":
        return help_of(name.lower())
    raise SimpleError(f"ERR unknown subcommand '{asked.decode(errors='replace')}'. Try {name} HELP.")


def _size(value: Any) -> int:
    if isinstance(value, bytes):
        return len(value)
    try:
        return sum(len(each) if isinstance(each, bytes) else 8 for each in value)
    except TypeError:
        return 0


def _encoding(value: Any) -> bytes:
    if isinstance(value, bytes):
        digits = value.removeprefix(b"-")
        if digits.isdigit() and len(digits) < 19 and (digits == b"0" or not digits.startswith(b"0")):
            return b"int"
        return b"embstr" if len(value) <= 44 else b"raw"
    kinds = {
        "Hash": b"listpack",
        "ExpiringMembersSet": b"listpack",
        "ZSet": b"listpack",
        "XStream": b"stream",
    }
    return b"listpack" if isinstance(value, list) else kinds.get(type(value).__name__, b"raw")
