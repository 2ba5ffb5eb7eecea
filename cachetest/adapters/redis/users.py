"""Users and passwords: any will do as long as the program sets none, and else those that it has set."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from fakeredis._helpers import OK, SimpleError

from .answers import VERSION
from .command_table import split
from .permissions import LOCKED

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakeredis._commands import Signature

__all__ = ["Users"]

_MOST_BITS = 4096
_NO_HELLO = (
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> "
    "<pass> option can be used to authenticate the client and select the RESP protocol version at the same "
    "time"
)
_WRONG = "WRONGPASS invalid username-password pair or user is disabled."


class Users:
    """A part of the server's end of a connection, over that of fakeredis: its methods are commands."""

    _server: Any
    _client_info: Any
    version: Any
    _name_to_func: Callable[[str], tuple[Any, Signature]]

    def auth(self, *args: bytes) -> Any:
        if len(args) > 2:
            raise SimpleError("ERR syntax error")
        self._log_in(args[0] if len(args) > 1 else b"default", args[-1])
        return OK

    def hello(self, *args: bytes) -> Any:
        kept, words, logs_in = list(args[:1]), list(args[1:]), []
        if args and not args[0].isdigit():
            raise SimpleError("ERR Protocol version is not an integer or out of range")
        if args and args[0] not in (b"2", b"3"):
            raise SimpleError("NOPROTO unsupported protocol version")
        while words:
            option = words.pop(0)
            word = option.upper()
            if word == b"AUTH" and len(words) > 1:
                logs_in.append((words.pop(0), words.pop(0)))
            elif word == b"SETNAME" and words:
                kept += [b"SETNAME", words.pop(0)]
            else:
                raise SimpleError(f"ERR Syntax error in HELLO option '{option.decode(errors='replace')}'")
        if self._client_info.get(LOCKED) and not logs_in:
            raise SimpleError(_NO_HELLO)
        for name, password in logs_in:
            self._log_in(name, password)
        # Without a version it stays what it is.
        kept = kept or [b"%d" % self._client_info.protocol_version]
        answer = super().hello(*kept)  # type: ignore[misc]
        return {**answer, "server": "redis", "version": VERSION}

    def _log_in(self, name: bytes, password: bytes) -> None:
        """Be the user *name* from now on; one that is not known is the default one, if nobody is known."""
        acl, users = self._server.acl, self._server.acl.get_users()
        is_right = acl.has_password(name, password) if name in users else acl.is_open() and len(users) == 1
        if not is_right:
            acl.add_log_record(b"auth", b"toplevel", b"AUTH", name, self._client_info.as_bytes())
            raise SimpleError(_WRONG)
        self._client_info["user"] = name.decode() if name in users else "default"
        self._client_info[LOCKED] = False

    def reset(self) -> Any:
        self._client_info[LOCKED] = not self._server.acl.is_open()
        return super().reset()  # type: ignore[misc]

    def acl_deluser(self, *names: bytes) -> int:
        if b"default" in names:
            raise SimpleError("ERR The 'default' user cannot be removed")
        known = set(self._server.acl.get_users()).intersection(names)
        for name in known:
            self._server.acl.del_user(name)
            for each in list(self._server.sockets):
                if each._client_info.user == name:
                    each.kill()
        return len(known)

    def acl_getuser(self, name: bytes) -> Any:
        if name not in self._server.acl.get_users():
            return None
        found = super().acl_getuser(name)  # type: ignore[misc]
        if self._client_info.protocol_version == 3 and isinstance(found, list):
            return dict(zip(found[::2], found[1::2], strict=True))
        return found

    def acl_genpass(self, *args: bytes) -> bytes:
        bits = args[0] if args else b"256"
        if not bits.removeprefix(b"-").isdigit():
            raise SimpleError("ERR value is not an integer or out of range")
        if not 0 < int(bits) <= _MOST_BITS:
            raise SimpleError(
                "ERR ACL GENPASS argument must be the number of bits for the output password, "
                f"a positive number up to {_MOST_BITS}"
            )
        digits = -(-int(bits) // 4)
        return secrets.token_hex(digits // 2 + 1)[:digits].encode()

    def acl_dryrun(self, name: bytes, *fields: bytes) -> Any:
        acl, shown = self._server.acl, fields[0].decode(errors="replace")
        if name not in acl.get_users():
            raise SimpleError(f"ERR User '{name.decode(errors='replace')}' not found")
        command, arguments = split(fields)
        try:
            _, signature = self._name_to_func(command)
        except SimpleError:
            raise SimpleError(f"ERR Command '{shown}' not found") from None
        signature.check_arity(arguments, self.version)
        refused = acl.refusal(name, fields)
        if refused is None:
            return b"OK"
        reason, what = refused
        use = f"run the '{what.decode(errors='replace')}' command"
        if reason != "command":
            use = f"access the '{what.decode(errors='replace')}' {reason}"
        return f"User {name.decode(errors='replace')} has no permissions to {use}".encode()

    def acl_setuser(self, name: bytes, *rules: bytes) -> Any:
        user, names = self._server.acl.get_user_acl(name), {b"allcommands": b"+@all", b"nocommands": b"-@all"}
        super().acl_setuser(name)  # type: ignore[misc]
        for given in rules:
            rule = names.get(given.lower(), given)
            if rule.lower() == b"resetpass":
                user._passwords.clear()
                user._nopass = False
                continue
            # What is said last counts, also where it was said before.
            if rule[:1] in (b"+", b"-"):
                user._commands.pop(rule[1:], None)
            super().acl_setuser(name, rule)  # type: ignore[misc]
        return OK
