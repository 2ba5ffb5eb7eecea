"""The commands that are executed by methods of our own: those that fakeredis has not, or has otherwise."""

from __future__ import annotations

from typing import Any

from fakeredis._command_args_parsing import Int
from fakeredis._commands import Key, Signature
from fakeredis.model import ZSet

__all__ = ["OWN_COMMANDS"]

_KEY, _SCORES = Key(), Key(ZSet)
_TWO, _THREE = (bytes,) * 2, (bytes,) * 3
# For each command: the method, the fixed arguments, and those that may follow.
_OWN: dict[str, tuple[str, tuple[Any, ...], tuple[Any, ...]]] = {
    "acl deluser": ("acl_deluser", (bytes,), (bytes,)),
    "acl dryrun": ("acl_dryrun", (bytes, bytes), (bytes,)),
    "acl genpass": ("acl_genpass", (), (bytes,)),
    "acl getuser": ("acl_getuser", (bytes,), ()),
    "acl setuser": ("acl_setuser", (bytes,), (bytes,)),
    "auth": ("auth", (bytes,), (bytes,)),
    "bitfield_ro": ("bitfield_ro", (Key(bytes),), (bytes,)),
    "cluster": ("cluster", (bytes,), (bytes,)),
    "client caching": ("client_caching", (bytes,), ()),
    "client getredir": ("client_getredir", (), ()),
    "client tracking": ("client_tracking", (bytes,), (bytes,)),
    "client trackinginfo": ("client_trackinginfo", (), ()),
    "command": ("command_info", (), (bytes,)),
    "command count": ("command_count", (), ()),
    "command info": ("command_info", (), (bytes,)),
    "command getkeys": ("command_getkeys", (bytes, bytes), (bytes,)),
    "command getkeysandflags": ("command_getkeysandflags", (bytes, bytes), (bytes,)),
    "command list": ("command_list", (), (bytes,)),
    "config get": ("config_get", (bytes,), (bytes,)),
    "config resetstat": ("config_resetstat", (), ()),
    "config set": ("config_set", (bytes, bytes), (bytes, bytes)),
    "eval_ro": ("eval_ro", (bytes, Int), (bytes,)),
    "evalsha_ro": ("evalsha_ro", (bytes, Int), (bytes,)),
    "geoadd": ("geoadd", (_SCORES, *_THREE), (bytes,)),
    "geodist": ("geodist", (_SCORES, bytes, bytes), (bytes,)),
    "geohash": ("geohash", (_SCORES,), (bytes,)),
    "geopos": ("geopos", (_SCORES,), (bytes,)),
    "georadius": ("georadius", (_SCORES, *_THREE, bytes), (bytes,)),
    "georadius_ro": ("georadius_ro", (_SCORES, *_THREE, bytes), (bytes,)),
    "georadiusbymember": ("georadiusbymember", (_SCORES, *_THREE), (bytes,)),
    "georadiusbymember_ro": ("georadiusbymember_ro", (_SCORES, *_THREE), (bytes,)),
    "geosearch": ("geosearch", (_SCORES, *_THREE, *_TWO), (bytes,)),
    "geosearchstore": ("geosearchstore", (bytes, _SCORES, *_THREE, *_TWO), (bytes,)),
    "hello": ("hello", (), (bytes,)),
    "incrbyfloat": ("incrbyfloat", (Key(bytes), bytes), ()),
    "info": ("info", (), (bytes,)),
    "latency": ("latency", (bytes,), (bytes,)),
    "memory": ("memory", (bytes,), (bytes,)),
    "monitor": ("monitor", (), ()),
    "module": ("module", (bytes,), (bytes,)),
    "object": ("object", (bytes,), (bytes,)),
    "lolwut": ("lolwut", (), (bytes,)),
    "readonly": ("readonly", (), ()),
    "readwrite": ("readonly", (), ()),
    "replicaof": ("replicaof", (bytes, bytes), ()),
    "role": ("role", (), ()),
    "sentinel": ("sentinel", (), (bytes,)),
    "slowlog": ("slowlog", (bytes,), (bytes,)),
    "slaveof": ("replicaof", (bytes, bytes), ()),
    "touch": ("touch", (_KEY,), (_KEY,)),
    # What it is stored in may be anything before.
    "zrangestore": ("zrangestore", (_KEY, _SCORES, bytes, bytes), (bytes,)),
    "wait": ("wait_replicas", (Int, Int), ()),
}
# No script may call them.
_NO_SCRIPT = frozenset(
    {"auth", "eval_ro", "evalsha_ro", "hello", "monitor", "replicaof", "slaveof", "wait"}
    | {name for name in _OWN if name.startswith(("acl ", "client ", "config "))}
)
OWN_COMMANDS: dict[str, Signature] = {
    name: Signature(name, method, fixed, repeat, (), "s" if name in _NO_SCRIPT else "")
    for name, (method, fixed, repeat) in _OWN.items()
}
