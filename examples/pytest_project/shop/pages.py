"""The pages of the shop."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.cache import cache_page

from .prices import price


def show(request: HttpRequest, article: str, currency: str) -> HttpResponse:
    """Show what an article costs."""
    return HttpResponse(f"{article}: {price(article, currency)} {currency}".encode())


urlpatterns = [path("<slug:article>/<slug:currency>", cache_page(60)(show))]
