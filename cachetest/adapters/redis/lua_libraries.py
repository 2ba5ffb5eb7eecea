"""The libraries that scripts have in Redis, and fakeredis lacks: ``bit`` and ``cmsgpack``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from fakeredis._helpers import SimpleError

from . import lua_msgpack

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LuaLibraries"]

_WORD = 0xFFFFFFFF


def _signed(number: float) -> int:
    """Return the lower 32 bits of *number* as Lua's ``bit`` has them: the highest is that of the sign."""
    word = round(number) & _WORD
    return word - (_WORD + 1) if word >> 31 else word


def _rotated(number: float, by: int) -> int:
    word, by = round(number) & _WORD, by & 31
    return _signed(word << by | word >> (32 - by))


def _folded(fold: Callable[[int, int], int]) -> Callable[..., int]:
    def function(first: float, *others: float) -> int:
        found = _signed(first)
        for each in others:
            found = _signed(fold(found, _signed(each)))
        return found

    return function


def _tohex(number: float, digits: int = 8) -> bytes:
    shown = f"{round(number) & _WORD:08x}"[-min(abs(digits), 8) :] if digits else ""
    return (shown.upper() if digits < 0 else shown).encode()


_BIT: dict[str, Callable[..., Any]] = {
    "tobit": _signed,
    "bnot": lambda number: _signed(~_signed(number)),
    "band": _folded(lambda one, other: one & other),
    "bor": _folded(lambda one, other: one | other),
    "bxor": _folded(lambda one, other: one ^ other),
    "lshift": lambda number, by: _signed(_signed(number) << (by & 31)),
    "rshift": lambda number, by: _signed((_signed(number) & _WORD) >> (by & 31)),
    "arshift": lambda number, by: _signed(_signed(number) >> (by & 31)),
    "rol": _rotated,
    "ror": lambda number, by: _rotated(number, -by),
    "bswap": lambda number: _signed(int.from_bytes((_signed(number) & _WORD).to_bytes(4, "little"), "big")),
    "tohex": _tohex,
}


def _checked(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return *function*, whose errors are those of a script."""

    def checked(*args: Any) -> Any:
        try:
            return function(*args)
        except (TypeError, ValueError, OverflowError) as error:
            raise SimpleError(f"ERR bad argument to '{name}' ({error})") from None

    return checked


class LuaLibraries:
    """A part of the server's end of a connection, over that of fakeredis: what its scripts can call."""

    def _get_server_runtime(self, server: Any) -> Any:
        is_new = getattr(server, "_lua_runtime", None) is None
        runtime: Any = super()._get_server_runtime(server)  # type: ignore[misc]
        if is_new:
            for name, functions in _libraries(runtime.table_from).items():
                table = {key.encode(): _checked(key, function) for key, function in functions.items()}
                runtime.globals()[name] = runtime.table_from(table)
                # What a script may not add.
                server._lua_expected_globals.add(name)
        return runtime


def _libraries(make_table: Callable[[Any], Any]) -> dict[bytes, dict[str, Callable[..., Any]]]:
    unpacking = (lua_msgpack.unpack, lua_msgpack.unpack_one, lua_msgpack.unpack_limit)
    packing = {each.__name__: partial(each, make_table) for each in unpacking}
    return {b"bit": _BIT, b"cmsgpack": {"pack": lua_msgpack.pack, **packing}}
