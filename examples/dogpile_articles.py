"""A news site that keeps articles in a region of dogpile.cache, which is configured when the site starts."""

from __future__ import annotations

from dogpile.cache import make_region

region = make_region()


def start(host: str) -> None:
    """Use the cache on *host*."""
    region.configure("dogpile.cache.memory_pickle", expiration_time=60, arguments={"host": host})


@region.cache_on_arguments()
def article(number: int) -> dict[str, object]:
    """Return an article, which the database is slow to find."""
    return {"number": number, "title": f"Article {number}"}


def rename(number: int, title: str) -> None:
    """Give an article another title."""
    article.invalidate(number)


@region.cache_multi_on_arguments(namespace="reads")
def reads(*numbers: int) -> list[int]:
    """Return how often each of some articles has been read."""
    return [number * 100 for number in numbers]
