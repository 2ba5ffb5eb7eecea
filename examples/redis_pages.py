"""A shop that renders pages and keeps them, and the visits it counts, in two databases of a Redis server."""

from __future__ import annotations

import redis

# Made when the module is imported, as programs do: a test reaches these all the same.
pages = redis.Redis.from_url("redis://cache.shop.example:6379/0", decode_responses=True)
visits = redis.Redis.from_url("redis://cache.shop.example:6379/1")


def render(name: str) -> str:
    """Return a page; stands for something slow."""
    return f"<h1>{name}</h1>"


def page(name: str) -> str:
    """Return the page *name*, rendered at most once an hour, and count the visit."""
    visits.incr(f"visits:{name}")
    found = pages.get(f"page:{name}")
    if found is None:
        found = render(name)
        pages.set(f"page:{name}", found, ex=3600)
    return found


def change(name: str) -> None:
    """Forget the page *name* because what it shows has changed."""
    pages.delete(f"page:{name}")


def overview(*names: str) -> dict[str, str]:
    """Return those pages that are there, by one call."""
    found = pages.mget([f"page:{name}" for name in names])
    return {name: page for name, page in zip(names, found, strict=True) if page is not None}
