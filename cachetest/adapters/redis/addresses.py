"""Where connections go: addresses of Redis servers, and which cache of a test is at which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.connection import parse_url

from ...errors import closest_first

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Address", "Directory", "address_in", "address_of", "url_of"]

Address = tuple[object, ...]
"""Host, port and database, or the path of a socket and the database."""


class Directory:
    """The names of caches by address; with no URLs, all addresses are of the one cache ``"redis"``."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        """Check the URLs, by the names of their caches; raises ``ValueError`` for what is none."""
        self.names = tuple(urls) or ("redis",)
        self.has_urls = bool(urls)
        self.urls = urls
        self._names: dict[Address, str] = {}
        self._places: dict[str, frozenset[Address]] = {}
        for name, url in urls.items():
            address = _parse(name, url)
            other = self._names.setdefault(address, name)
            self._places[name] = frozenset({address})
            if other != name:
                raise ValueError(f"{name}={url!r} is what {other!r} is already")

    def cache_at(self, address: Address) -> str | None:
        """Return the name of the cache that is at *address*; None if none is."""
        return self._names.get(address) if self.has_urls else "redis"

    def places_of(self, name: str) -> frozenset[Address] | None:
        """Return the addresses that the cache *name* has; None for all."""
        return self._places.get(name)

    def beside(self, address: Address) -> list[str]:
        """Return the names of the caches that are on the server of *address*, if they have URLs."""
        return [name for each, name in self._names.items() if each[:-1] == address[:-1]]

    def why_none_at(self, address: Address) -> str:
        """Return why nothing connects to *address*, and where one could."""
        url = url_of(address)
        known = [f"{each} ({name})" for name, each in self.urls.items()]
        return (
            f"no cache of this test is at {url}, and nothing connects to a real server; there are caches at, "
            f"the closest first: {', '.join(closest_first(url, known))}"
        )


def _parse(name: str, url: object) -> Address:
    """Return the address that *url* is of, given for the cache *name*; a clear error if it is none."""
    expected = (
        f"{name}={url!r}: expected a URL such as 'redis://localhost:6379/0' or 'unix:///run/redis.sock?db=0'"
    )
    if not isinstance(url, str):
        raise TypeError(expected)
    try:
        return address_in(url)
    except ValueError as error:
        raise ValueError(f"{expected}: {error}") from None


def address_in(url: str) -> Address:
    """Return the address that *url* is of; raises ``ValueError`` if it is of none."""
    found = parse_url(url)
    db = int(found.get("db", 0))
    if url.startswith("unix:"):
        if "path" not in found:
            raise ValueError("it has no path")
        return found["path"], db
    return found.get("host", "localhost"), int(found.get("port", 6379)), db


def url_of(address: Address) -> str:
    """Return the URL of *address*, without names and passwords."""
    if len(address) == 2:
        return "unix://{}?db={}".format(*address)
    return "redis://{}:{}/{}".format(*address)


def address_of(connection: Any) -> Address | None:
    """Return where *connection* connects to; None while it is being made, before it knows."""
    if hasattr(connection, "path"):
        return connection.path, int(connection.db or 0)
    if hasattr(connection, "port"):
        return connection.host, int(connection.port), int(connection.db or 0)
    return None
