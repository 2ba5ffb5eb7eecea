"""What the users of a server may do: the rules are kept by fakeredis, and read here as Redis reads them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from fakeredis._helpers import SimpleError
from fakeredis.model import AccessControlList

from .command_table import categories_of, split
from .key_specs import HAS_KEYS, keys_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["LOCKED", "Permissions"]

LOCKED = "-locked"
"""In what is known of a client, whether it has to log in first. No reply shows what begins so."""

# Whoever has connected may send them.
_FREE = frozenset({"auth", "hello", "quit", "reset"})
# Those about channels, with where these begin, and where they end.
_CHANNELS: dict[str, tuple[int, int | None]] = {
    **dict.fromkeys(("subscribe", "ssubscribe", "psubscribe"), (1, None)),
    **dict.fromkeys(("publish", "spublish"), (1, 2)),
}


class Permissions(AccessControlList):  # type: ignore[misc]
    """The users of a server, and what each may do."""

    def validate_command(self, username: bytes, client_info: Any, fields: list[bytes]) -> None:
        """Raise the error that Redis has where a user may not do what *fields* say, and log it."""
        if client_info.get(LOCKED) and split(fields)[0] not in _FREE:
            raise SimpleError("NOAUTH Authentication required.")
        if username not in self.get_users() or self.get_user_acl(username).unrestricted():
            return
        refused = self.refusal(username, fields)
        if refused is None:
            return
        reason, what = refused
        self.add_log_record(reason.encode(), b"toplevel", what, username, client_info.as_bytes())
        if reason == "command":
            user, name = username.decode(errors="replace"), what.decode(errors="replace")
            raise SimpleError(f"NOPERM User {user} has no permissions to run the '{name}' command")
        raise SimpleError(f"NOPERM No permissions to access a {reason}")

    def is_open(self) -> bool:
        """Return whether no client has to log in."""
        return bool(self.get_user_acl(b"default")._nopass)

    def has_password(self, username: bytes, password: bytes) -> bool:
        """Return whether a user that is there may log in by *password*."""
        user = self.get_user_acl(username)
        return bool(user.enabled and (user._nopass or user.check_password(password)))

    def refusal(self, username: bytes, fields: Sequence[bytes]) -> tuple[str, bytes] | None:
        """Return what a user may not use: a command, a key or a channel, and which; None if it may do all."""
        name = split(fields)[0]
        if name in _FREE:
            return None
        user = self.get_user_acl(username)
        refused = _refused(name, fields, user._commands, user._key_patterns, user._channel_patterns)
        for each in user._selectors.values():
            if refused is None:
                break
            rules = {each.command: each.allowed}
            keys, channels = (
                [text.partition(mark)[2]] for text, mark in ((each.keys, b"~"), (each.channels, b"&"))
            )
            # Of those that refuse, the one that has got furthest is told.
            refused = min(refused, _refused(name, fields, rules, keys, channels), key=_how_far)
        return refused


def _how_far(refused: tuple[str, bytes] | None) -> int:
    return -1 if refused is None else ("channel", "key", "command").index(refused[0])


def _refused(
    name: str,
    fields: Sequence[bytes],
    rules: Mapping[bytes, bool],
    patterns: Iterable[bytes],
    channels: Iterable[bytes],
) -> tuple[str, bytes] | None:
    if not _is_allowed(name, rules):
        return "command", name.replace(" ", "|").encode()
    for key in _keys(name, fields):
        if not _matches(key, patterns):
            return "key", key
    if name in _CHANNELS:
        begin, end = _CHANNELS[name]
        for channel in fields[begin:end]:
            # A pattern has to be one of those that are allowed, unless all are.
            is_pattern = name == "psubscribe" and b"*" not in channels
            if channel not in channels if is_pattern else not _matches(channel, channels):
                return "channel", channel
    return None


def _is_allowed(name: str, rules: Mapping[bytes, bool]) -> bool:
    """Return what the last of *rules* says that is about the command *name*."""
    full = name.replace(" ", "|").encode()
    about = {b"@all", full, full.partition(b"|")[0], *categories_of(name)}
    return next((rules[rule] for rule in reversed(list(rules)) if rule.lower() in about), False)


def _keys(name: str, fields: Sequence[bytes]) -> list[bytes]:
    try:
        return [key for key, _ in keys_in(name, fields)] if name in HAS_KEYS else []
    except (IndexError, ValueError):
        # The server will say what is wrong with it.
        return []


def _matches(text: bytes, patterns: Iterable[bytes]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
