"""Prices in a table, kept in Django's cache; an update is checked before it is committed."""

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()

from django.core.cache import cache  # noqa: E402
from django.db import models, transaction  # noqa: E402


class Item(models.Model):
    """An item that is sold."""

    name = models.CharField(max_length=50)
    price = models.IntegerField()

    class Meta:
        app_label = "shop"


def total():
    """Return the price of all items together."""
    return cache.get_or_set("total", total_now)


def total_now():
    """Return what it is in the table, and in the transaction that is open."""
    return sum(Item.objects.values_list("price", flat=True))


def update(name, price):
    """Change the price of the item *name*; raises ``ValueError`` where all together would be too much."""
    with transaction.atomic():
        Item.objects.filter(name=name).update(price=price)
        if total_now() > 100:
            raise ValueError("too much")
        transaction.on_commit(lambda: cache.delete("total"))
