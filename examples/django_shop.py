"""A shop in one file: a Django project with a cache for its pages and another for its prices.

``python django_shop.py runserver`` serves it, and needs a Redis server for that; its tests need none.
"""

from __future__ import annotations

import sys

import django
from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.cache import cache_page

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["localhost", "testserver"],
        CACHES={
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": "redis://localhost:6379/0",
            },
            "prices": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": "redis://localhost:6379/1",
                "KEY_PREFIX": "shop",
                "TIMEOUT": 3600,
            },
        },
        ROOT_URLCONF=__name__,
        SECRET_KEY="an example has no secrets",
    )
    django.setup()

# Taken once, when the program starts.
prices = caches["prices"]


def price(article: str) -> int:
    """Return the price of *article* in cents, which takes long to compute."""
    cents: int = prices.get_or_set(f"price:{article}", lambda: 100 * len(article))
    return cents


@cache_page(60)
def show(request: HttpRequest, article: str) -> HttpResponse:
    """Show an article and its price."""
    return HttpResponse(f"{article}: {price(article)} cents")


def forget(request: HttpRequest, article: str) -> HttpResponse:
    """Forget a price that has changed."""
    prices.delete(f"price:{article}")
    return HttpResponse(status=204)


urlpatterns = [path("<slug:article>", show), path("<slug:article>/forget", forget)]


if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
