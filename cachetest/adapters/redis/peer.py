"""The server's end of a connection: that of fakeredis, which never waits, and answers what that can't."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from fakeredis._commands import Signature
from fakeredis._helpers import NoResponse, SimpleError
from fakeredis._socket import FakeSocket
from redis import Redis
from redis.connection import DefaultParser

from ..._recording.operation import SCRIPTS
from .answers import Answers
from .clients import Clients, info_of
from .command_table import CommandTable, help_of
from .corrected import Corrected
from .lua_libraries import LuaLibraries
from .observing import Observing
from .own import OWN_COMMANDS
from .positions import Positions
from .settings import Settings
from .tracking import Tracking
from .users import Users
from .waits import Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from .addresses import Address
    from .waits import Server

__all__ = ["Peer"]

_WRONG_NUMBER = "ERR wrong number of arguments for '"
_WRONG_TIME = "ERR invalid expire time in "
# A parser is asked for the class of an error; one for all, since each has a buffer.
_error_of = DefaultParser(socket_read_size=16).parse_error


class Watcher(Protocol):
    """What is told of scripts: that one begins, and of each command that it calls, before and after."""

    def begin_script(self, name: str) -> None: ...
    def begin_command(self, name: str) -> None: ...
    def end_command(self, name: str, arguments: list[bytes], reply: Any) -> None: ...


class _Own(
    Answers, Clients, CommandTable, Corrected, LuaLibraries, Observing, Positions, Settings, Tracking, Users
):
    """All that is our own of the end of a connection."""


class Peer(_Own, FakeSocket):  # type: ignore[misc]
    """The end of one connection on *server*, which is at *address*, without a database.

    *send* is called with each reply, and with what comes unasked.

    ``scripts`` is told of what scripts do, under the lock of the server.
    """

    scripts: Watcher | None = None

    def __init__(self, server: Server, send: Callable[[Any], None], address: Address) -> None:
        super().__init__(server, 0, client_class=Redis, client_info=info_of(server, address))
        self.be_at(address)
        self.put_response = send
        self.wait: Wait | None = None

    def _name_to_func(self, cmd_name: str) -> Any:
        own = OWN_COMMANDS.get(cmd_name)
        if cmd_name.endswith(" help") and own is None:
            return partial(help_of, cmd_name.partition(" ")[0]), Signature(cmd_name, "", (), (), (), "")
        return super()._name_to_func(cmd_name) if own is None else (getattr(self, own.func_name), own)

    def run(self, func: Any, sig: Any, args: list[Any], from_script: bool) -> Any:
        """Execute a command, of which nobody is told but Lua."""
        if from_script:
            return self._run_scripted(func, sig, args)
        if self.scripts is not None and sig.name.upper() in SCRIPTS:
            self.scripts.begin_script(sig.name.upper())
        try:
            result = FakeSocket._run_command(self, func, sig, args, from_script)
        except SimpleError:
            raise
        except Exception as error:
            return _broken(sig.name, error)
        if self.tracks:
            self.track(sig.name, args)
        return result

    def _run_scripted(self, func: Any, sig: Any, args: list[Any]) -> Any:
        self.check_writes(sig.name)
        if self.scripts is not None:
            self.scripts.begin_command(sig.name.upper())
        try:
            result = FakeSocket._run_command(self, func, sig, args, True)
        except SimpleError as error:
            result = error
        except Exception as error:
            result = _broken(sig.name, error)
        if self.scripts is not None:
            self.scripts.end_command(sig.name.upper(), args, self._decode_result(result))
        return result

    def _blocking(self, timeout: float | None, func: Callable[[bool], Any], shape: Any = None) -> Any:
        found = func(True)
        if found is not None or self._in_transaction or self._script_resp is not None:
            return found if shape is None else shape(found)
        self._server.begin(Wait(self, lambda: func(False), shape, timeout))
        return NoResponse()

    def _decode_error(self, error: SimpleError) -> Any:
        # Without the traceback of Lua, which real servers don't send.
        text = error.value.partition("\nstack traceback")[0]
        if text.startswith(_WRONG_NUMBER):
            # Redis has another mark between a command and its subcommand.
            name, *rest = text.removeprefix(_WRONG_NUMBER).split("'")
            text = "'".join([_WRONG_NUMBER + name.replace(" ", "|"), *rest])
        if text.startswith(_WRONG_TIME) and not text.endswith(" command"):
            # As releases before 7 had it.
            text = f"{_WRONG_TIME}'{text.removeprefix(_WRONG_TIME)}' command"
        return _error_of(text.replace("\r", " ").replace("\n", " "))


def _broken(name: str, error: Exception) -> SimpleError:
    return SimpleError(
        f"ERR fakeredis, the server of a test, can't do {name}: {type(error).__name__}: {error}"
    )
