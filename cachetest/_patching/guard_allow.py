"""The places that a guard lets through."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..adapters.registry import known_adapters, validate_name
from ..errors import UnknownAdapterError, closest_first

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Allow", "is_place"]

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Allow:
    """What ``guard(allow=...)`` was *given*: servers, paths, and names of adapters."""

    def __init__(self, given: Iterable[str | os.PathLike[str]]) -> None:
        """Check *given*; raises ``TypeError`` or ``ValueError`` for what can't be told."""
        if isinstance(given, (str, bytes)):
            raise TypeError(f"allow: expected a sequence, not {given!r}: ({given!r},)")
        try:
            each_given = tuple(given)
        except TypeError:
            raise TypeError(f"allow: expected a sequence, not {given!r}") from None
        self._adapters: set[str] = set()
        self._servers: set[tuple[str, str]] = set()
        self._paths: set[str] = set()
        for each in each_given:
            self._add(each)

    def _add(self, given: object) -> None:
        if isinstance(given, os.PathLike):
            self._paths.add(_absolute(os.fspath(given)))
        elif not isinstance(given, str):
            raise TypeError(
                f"allow: expected a server 'host:port', a path or the name of an adapter, not {given!r}"
            )
        elif given in known_adapters:
            self._adapters.add(given)
        elif given.startswith(("/", "./", "../")):
            self._paths.add(_absolute(given))
        elif (server := _server(given)) is not None:
            self._servers.add(server)
        else:
            self._adapters.add(_adapter_of_elsewhere(given))

    def lets_through(self, adapters: Iterable[str], place: str) -> bool:
        """Return whether a call to *place* by the libraries of *adapters* is let through."""
        if not self._adapters.isdisjoint(adapters) or _server(place) in self._servers:
            return True
        if not self._paths or not place.startswith("/"):
            return False
        path = _absolute(place)
        return any(path == each or path.startswith(each.rstrip("/") + "/") for each in self._paths)


def is_place(text: str) -> bool:
    """Return whether *text* may be given: whether it is a server, or a path."""
    return text.startswith("/") or _server(text) is not None


def _adapter_of_elsewhere(given: str) -> str:
    try:
        validate_name(given)
    except UnknownAdapterError:
        known = ", ".join(closest_first(given, known_adapters))
        raise ValueError(
            f"allow: {given!r} is no server ('localhost:6379'), no path ('/var/cache/app') and no name of an "
            f"adapter; these are, the closest first: {known}"
        ) from None
    return given


def _absolute(path: str | bytes) -> str:
    return os.path.realpath(os.fsdecode(path))


def _server(text: str) -> tuple[str, str] | None:
    """Return host and port of *text*, all names of this machine alike; None where it is no server."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or "/" in host or (":" in host and not host.startswith("[")):
        return None
    host = host.strip("[]").lower()
    return ("localhost" if host in _LOOPBACK else host, str(int(port))) if host else None
