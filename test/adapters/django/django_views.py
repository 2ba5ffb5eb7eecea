"""The pages of the Django project in the tests."""

from django.core.cache import cache, caches
from django.http import HttpResponse
from django.template import Context, Template
from django.urls import path
from django.views.decorators.cache import cache_page

MENU = Template("{% load cache %}{% cache 60 menu language %}{{ language }}{% endcache %}")


@cache_page(60, cache="pages", key_prefix="news")
def news(request):
    """A page that is cached as a whole."""
    return HttpResponse("news")


def menu(request):
    """A page with a cached fragment."""
    return HttpResponse(MENU.render(Context({"language": request.GET["language"]})))


def visits(request):
    """A page that counts in the session."""
    request.session["visits"] = request.session.get("visits", 0) + 1
    return HttpResponse(str(request.session["visits"]))


def price(request):
    """A page that is computed from a cached value."""
    return HttpResponse(str(cache.get_or_set("price", lambda: 3)))


async def aprice(request):
    """The same, on an event loop."""
    return HttpResponse(str(await caches["default"].aget_or_set("price", lambda: 3)))


urlpatterns = [path(each.__name__, each) for each in (news, menu, visits, price, aprice)]
