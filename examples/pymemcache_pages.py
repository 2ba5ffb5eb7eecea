"""Pages of a site, each rendered once and kept in memcached: a program that uses pymemcache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymemcache import HashClient, serde
from pymemcache.client.retrying import RetryingClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SECONDS = 600

client = RetryingClient(
    HashClient(
        ["cache-1:11211", "cache-2:11211"],
        key_prefix=b"site:",
        serde=serde.pickle_serde,
        use_pooling=True,
        timeout=0.5,
    ),
    attempts=2,
)


def page(path: str, render: Callable[[str], str]) -> str:
    """Return the page at *path*, rendered if it is not kept."""
    found: str | None = client.get(path)
    if found is None:
        found = render(path)
        client.set(path, found, expire=SECONDS)
    client.add(f"views:{path}", 0)
    client.incr(f"views:{path}", 1)
    return found


def changed(paths: Iterable[str]) -> None:
    """Forget the pages at *paths*."""
    client.delete_many(list(paths))
