"""The settings of the shop: one cache for pages, one for prices, one for rates."""

_BACKEND = "django.core.cache.backends.locmem.LocMemCache"

ALLOWED_HOSTS = ["testserver"]
CACHES = {
    "default": {"BACKEND": _BACKEND, "LOCATION": "pages"},
    "prices": {"BACKEND": _BACKEND, "LOCATION": "prices", "TIMEOUT": 3600},
    "rates": {"BACKEND": _BACKEND, "LOCATION": "rates", "TIMEOUT": None},
}
ROOT_URLCONF = "shop.pages"
SECRET_KEY = "an example has no secrets"
USE_TZ = True
