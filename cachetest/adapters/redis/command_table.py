"""What a server tells of the commands that it has: COMMAND, and the HELP of those that have subcommands."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fakeredis._commands import COMMANDS_WITH_SUB, SUPPORTED_COMMANDS
from fakeredis._helpers import SimpleError
from fakeredis.model import get_command_info

from .key_specs import HAS_KEYS, fixed_places, keys_in
from .own import OWN_COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["CommandTable", "categories_of", "help_of", "split"]

# Of these, one method has all the subcommands.
_SUBCOMMANDS = {
    "latency": "history latest reset",
    "memory": "malloc-stats purge stats usage",
    "module": "list",
    "object": "encoding freq idletime refcount",
    "slowlog": "get len reset",
}
# Of those that fakeredis does not know; of the others it is only that they are slow.
_CATEGORIES = {
    "@admin @dangerous @fast": "role",
    "@admin @dangerous @slow": "acl|dryrun config|get config|resetstat latency|history latency|latest "
    "latency|reset module|list monitor replicaof slaveof slowlog|get slowlog|len slowlog|reset",
    "@bitmap @fast @read": "bitfield_ro",
    "@connection @fast": "readonly readwrite",
    "@connection @slow": "client|caching client|getredir client|help client|tracking client|trackinginfo "
    "command|getkeys command|getkeysandflags command|help command|list wait",
    "@dangerous @slow": "info",
    "@fast @keyspace @read": "touch",
    "@fast @read": "lolwut",
    "@keyspace @read @slow": "object|encoding object|freq object|idletime object|refcount",
    "@keyspace @slow": "object|help",
    "@read @slow": "memory|usage",
    "@scripting @slow": "eval_ro evalsha_ro",
    "@slow @stream": "xgroup|help xinfo|help",
}
# Of these, how many words each has, or at least; where it is no 2, and no 3 as for those of OBJECT.
_ARITIES = {"latency|history": 3, "latency|reset": -2, "memory|usage": -3, "slowlog|get": -2}
# What is not a key, and has a place in the table all the same.
_CHANNELS = {name: [1, -1, 1] for name in ("ssubscribe", "sunsubscribe")}
# They may have no keys.
_NO_MANDATORY_KEYS = frozenset({"eval", "eval_ro", "evalsha", "evalsha_ro", "fcall", "fcall_ro"})


def split(fields: Sequence[bytes]) -> tuple[str, Sequence[bytes]]:
    """Return the name of a command, with that of its subcommand, and its arguments."""
    name = fields[0].decode(errors="replace").lower()
    if (name in COMMANDS_WITH_SUB or name in _SUBCOMMANDS) and len(fields) > 1:
        return f"{name} {fields[1].decode(errors='replace').lower()}", fields[2:]
    return name, fields[1:]


@lru_cache(maxsize=1)
def _names() -> dict[str, frozenset[bytes]]:
    """Return the names of all commands, as COMMAND has them, each with its categories."""
    known = {name for name, each in SUPPORTED_COMMANDS.items() if "redis" in each.server_types}
    known |= OWN_COMMANDS.keys()
    known |= {f"{name} {each}" for name, names in _SUBCOMMANDS.items() for each in names.split()}
    containers = {name.partition(" ")[0] for name in known if " " in name}
    known |= containers | {f"{name} help" for name in containers}
    told = {name: words.encode().split() for words, names in _CATEGORIES.items() for name in names.split()}
    found = {}
    for name in sorted(known):
        info, shown = get_command_info(name.encode()), name.replace(" ", "|")
        found[shown] = frozenset((info[6] if info else ()) or told.get(shown, [b"@slow"]))
    return found


def categories_of(name: str) -> frozenset[bytes]:
    """Return the categories of a command, such as ``@read``."""
    return _names().get(name.replace(" ", "|"), frozenset())


def _containers_and_others() -> list[str]:
    return [name for name in _names() if "|" not in name]


def help_of(name: str) -> list[bytes]:
    """Return what HELP says of a command: which subcommands there are."""
    names = sorted(each.partition("|")[2].upper() for each in _names() if each.startswith(f"{name}|"))
    return [f"{name.upper()} <subcommand> [<arg> ...]. Subcommands are:".encode(), *map(str.encode, names)]


def _info_of(name: str) -> list[Any] | None:
    """Return what COMMAND INFO tells of a command, by its name there; None where there is none."""
    if name not in _names():
        return None
    container, _, subcommand = name.partition("|")
    outer = get_command_info(container.encode())
    known = outer if not subcommand else None
    if outer is not None and subcommand:
        known = next((each for each in outer[9] if each[0] == name.encode()), None)
    plain = name.replace("|", " ")
    # Ours may take more words, as those of later releases do.
    info = known if known and plain not in OWN_COMMANDS else _info_of_other(name, known)
    inside = [] if subcommand else [each for each in _names() if each.startswith(f"{name}|")]
    arity = -2 if inside and name != "command" else info[1]
    places = fixed_places(plain) if plain in HAS_KEYS else _CHANNELS.get(name, info[3:6])
    return [info[0], arity, info[2], *places, *info[6:9], list(map(_info_of, inside))]


def _info_of_other(name: str, known: list[Any] | None) -> list[Any]:
    """Return it of a command of our own, or of one that is not *known*, without what is found elsewhere."""
    container, _, subcommand = name.partition("|")
    plain = name.replace("|", " ")
    signature = OWN_COMMANDS.get(plain) or SUPPORTED_COMMANDS.get(plain)
    if signature is not None:
        arity = (2 if subcommand else 1) + len(signature.fixed)
        arity = -arity if signature.repeat else arity
    else:
        is_of_object = container == "object" and subcommand != "help"
        arity = _ARITIES.get(name, 3 if is_of_object else 2)
    if known:
        return [known[0], arity, *known[2:]]
    flags = [b"readonly"] if name.endswith("_ro") else []
    if name.startswith("eval"):
        flags.append(b"movablekeys")
    return [name.encode(), arity, flags, 0, 0, 0, [], [], []]


class CommandTable:
    """A part of the server's end of a connection: its methods are commands, as `own` has them."""

    _name_to_func: Callable[[str], Any]

    def command_info(self, *names: bytes) -> list[Any]:
        asked = [each.decode(errors="replace").lower() for each in names]
        return list(map(_info_of, asked or _containers_and_others()))

    def command_count(self) -> int:
        return len(_containers_and_others())

    def command_list(self, *args: bytes) -> list[bytes]:
        names = _names()
        if not args:
            return [name.encode() for name in names]
        words = [each.upper() for each in args]
        if len(words) != 3 or words[0] != b"FILTERBY":
            raise SimpleError("ERR syntax error")
        if words[1] == b"MODULE":
            # What modules have elsewhere is built in.
            return []
        if words[1] == b"ACLCAT":
            category = b"@" + args[2].lower()
            return [name.encode() for name, categories in names.items() if category in categories]
        if words[1] == b"PATTERN":
            pattern = args[2].decode(errors="replace")
            return [name.encode() for name in names if fnmatchcase(name, pattern)]
        raise SimpleError("ERR syntax error")

    def command_getkeys(self, *fields: bytes) -> list[bytes]:
        return [key for key, _ in self._keys_in(fields)]

    def command_getkeysandflags(self, *fields: bytes) -> list[Any]:
        return [[key, flags] for key, flags in self._keys_in(fields)]

    def _keys_in(self, fields: Sequence[bytes]) -> list[tuple[bytes, list[bytes]]]:
        name, arguments = split(fields)
        if name.replace(" ", "|") not in _names():
            raise SimpleError("ERR Invalid command specified")
        if name not in HAS_KEYS:
            raise SimpleError("ERR The command has no key arguments")
        if not self._is_complete(name, arguments):
            raise SimpleError("ERR Invalid number of arguments specified for command")
        try:
            found = keys_in(name, fields)
        except (IndexError, ValueError):
            found = []
        if not found and name not in _NO_MANDATORY_KEYS:
            raise SimpleError("ERR Invalid arguments specified for command")
        return found

    def _is_complete(self, name: str, arguments: Sequence[bytes]) -> bool:
        """Return whether there are as many arguments as there may be, whatever they are."""
        container = name.partition(" ")[0]
        if container in _SUBCOMMANDS:
            return len(arguments) == 1 if container == "object" else len(arguments) > 0
        signature = self._name_to_func(name)[1]
        given, needed = len(arguments), len(signature.fixed)
        return given >= needed if signature.repeat else given == needed
