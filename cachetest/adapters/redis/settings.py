"""The settings of a server, CONFIG: what a Redis has that was started without a file of them."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Any

from fakeredis._helpers import OK, SimpleError

__all__ = ["Settings"]

# Numbers, with the lowest that may be set.
_NUMBERS = """
    acllog-max-len 128 0, active-defrag-cycle-max 25 1, active-defrag-cycle-min 1 1, active-expire-effort 1 1,
    auto-aof-rewrite-percentage 100 0, busy-reply-threshold 5000 0, databases 16 1,
    hash-max-listpack-entries 512 0, hash-max-listpack-value 64 0, hll-sparse-max-bytes 3000 0, hz 10 0,
    io-threads 1 1, latency-monitor-threshold 0 0, lfu-decay-time 1 0, lfu-log-factor 10 0,
    list-compress-depth 0 0, list-max-listpack-size -2 -5, maxclients 10000 1,
    maxmemory-eviction-tenacity 10 0, maxmemory-samples 5 1, min-replicas-max-lag 10 0,
    min-replicas-to-write 0 0, port 6379 0, repl-backlog-ttl 3600 0, repl-diskless-sync-delay 5 0,
    repl-ping-replica-period 10 1, repl-timeout 60 1, replica-priority 100 0, set-max-intset-entries 512 0,
    shutdown-timeout 10 0, slowlog-log-slower-than 10000 -1, slowlog-max-len 128 0,
    stream-node-max-bytes 4096 0, stream-node-max-entries 100 0, tcp-backlog 511 0, tcp-keepalive 300 0,
    timeout 0 0, tracking-table-max-keys 1000000 0, zset-max-listpack-entries 128 0,
    zset-max-listpack-value 64 0
"""
_SIZES = """
    auto-aof-rewrite-min-size 67108864, client-query-buffer-limit 1073741824, maxmemory 0,
    maxmemory-clients 0, proto-max-bulk-len 536870912, repl-backlog-size 1048576
"""
_SWITCHES = """
    activedefrag no, activerehashing yes, aof-load-truncated yes, aof-use-rdb-preamble yes, appendonly no,
    cluster-enabled no, daemonize no, dynamic-hz yes, latency-tracking yes, lazyfree-lazy-eviction no,
    lazyfree-lazy-expire no, lazyfree-lazy-server-del no, lazyfree-lazy-user-del no,
    lazyfree-lazy-user-flush no, no-appendfsync-on-rewrite no, protected-mode yes, rdbchecksum yes,
    rdbcompression yes, repl-diskless-sync yes, replica-lazy-flush no, replica-read-only yes,
    replica-serve-stale-data yes, stop-writes-on-bgsave-error yes
"""
_TEXTS = {
    b"aclfile": b"",
    b"acl-pubsub-default": b"resetchannels",
    b"appendfsync": b"everysec",
    b"client-output-buffer-limit": b"normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
    b"dbfilename": b"dump.rdb",
    b"logfile": b"",
    b"loglevel": b"notice",
    b"masterauth": b"",
    b"maxmemory-policy": b"noeviction",
    b"notify-keyspace-events": b"",
    b"replicaof": b"",
    b"requirepass": b"",
    b"save": b"",
    b"unixsocket": b"",
}
# Those that a server has for good.
_FIXED = frozenset({b"aclfile", b"cluster-enabled", b"daemonize", b"databases", b"io-threads", b"unixsocket"})
# Two names of one setting; a server shows both.
_ALIASES = {
    b"hash-max-ziplist-entries": b"hash-max-listpack-entries",
    b"hash-max-ziplist-value": b"hash-max-listpack-value",
    b"list-max-ziplist-size": b"list-max-listpack-size",
    b"lua-time-limit": b"busy-reply-threshold",
    b"zset-max-ziplist-entries": b"zset-max-listpack-entries",
    b"zset-max-ziplist-value": b"zset-max-listpack-value",
}
_UNITS = {b"": 1, b"b": 1, b"k": 1000, b"kb": 1024, b"m": 10**6, b"mb": 2**20, b"g": 10**9, b"gb": 2**30}


def _table(text: str) -> dict[bytes, list[bytes]]:
    rows = [row.encode().split() for row in text.split(",")]
    return {name: values for name, *values in rows}


_LOWEST = {name: int(values[1]) for name, values in _table(_NUMBERS).items()}
_SIZED, _SWITCHED = _table(_SIZES), _table(_SWITCHES)
_DEFAULTS = {
    **{name: values[0] for name, values in (*_table(_NUMBERS).items(), *_SIZED.items(), *_SWITCHED.items())},
    **_TEXTS,
}


class Settings:
    """A part of the server's end of a connection: its methods are commands, as `own` has them."""

    _server: Any
    quick: Any

    def config_get(self, *patterns: bytes) -> dict[bytes, bytes]:
        settings = {**_DEFAULTS, **self._server.config}
        settings.update({alias: settings[name] for alias, name in _ALIASES.items()})
        wanted = [each.lower().decode(errors="replace") for each in patterns]
        return {
            name: settings[name]
            for name in sorted(settings)
            if any(fnmatchcase(name.decode(errors="replace"), pattern) for pattern in wanted)
        }

    def config_set(self, *args: bytes) -> Any:
        """Set all of them, or none where one is wrong; what is not known here is kept as it is."""
        new: dict[bytes, bytes] = {}
        for given, value in zip(args[::2], args[1::2], strict=True):
            name = _ALIASES.get(given.lower(), given.lower())
            if name in new:
                raise _wrong(given, "duplicate parameter")
            if name in _FIXED:
                raise _wrong(given, "can't set immutable config")
            new[name] = _checked(given, name, value)
        server = self._server
        server.config.update(new)
        if b"slowlog-log-slower-than" in new:
            server.slow_log.limit = int(new[b"slowlog-log-slower-than"])
        if b"slowlog-max-len" in new:
            server.slow_log.keep(int(new[b"slowlog-max-len"]))
        if b"requirepass" in new:
            user = server.acl.get_user_acl(b"default")
            user.set_nopass()
            if new[b"requirepass"]:
                user.add_password(new[b"requirepass"])
        return OK

    def config_resetstat(self) -> Any:
        server = self._server
        server.executed = 0
        server.executed_by_closed.clear()
        for each in server.sockets:
            if isinstance(each, Settings):
                each.quick.count = 0
        server.connections_before = server._next_client_id - 1
        return OK


def _checked(given: bytes, name: bytes, value: bytes) -> bytes:
    """Return *value* as a server keeps it; raise the error that it has for one that is wrong."""
    if name in _SWITCHED:
        if value.lower() not in (b"yes", b"no"):
            raise _wrong(given, "argument must be 'yes' or 'no'")
        return value.lower()
    if name in _SIZED:
        found = re.fullmatch(rb"(\d+)([a-z]*)", value.lower())
        if found is None or found[2] not in _UNITS:
            raise _wrong(given, "argument must be a memory value")
        return b"%d" % (int(found[1]) * _UNITS[found[2]])
    if name in _LOWEST:
        if re.fullmatch(rb"-?\d+", value) is None:
            raise _wrong(given, "argument couldn't be parsed into an integer")
        if int(value) < _LOWEST[name]:
            raise _wrong(given, f"argument must be at least {_LOWEST[name]}")
        return b"%d" % int(value)
    return value


def _wrong(given: bytes, why: str) -> SimpleError:
    shown = given.decode(errors="replace")
    return SimpleError(f"ERR CONFIG SET failed (possibly related to argument '{shown}') - {why}")
