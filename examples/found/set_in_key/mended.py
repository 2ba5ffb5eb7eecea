"""Articles that have some tags, kept under a key that has all tags in it."""

from cachetools import TTLCache

articles = TTLCache(maxsize=100, ttl=60)


def tagged(tags):
    """Return the articles that have all of *tags*."""
    key = "tagged:" + ",".join(sorted(set(tags)))
    if key not in articles:
        articles[key] = [f"All about {tag}" for tag in sorted(tags)]
    return articles[key]


def about_light():
    """Return the articles about light."""
    return tagged(["lamp", "bulb", "candle", "sun", "lamp"])
