"""The titles on a shelf, kept in Django's cache, and forgotten when a book is saved or deleted."""

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()

from django.core.cache import cache  # noqa: E402
from django.db import models  # noqa: E402
from django.db.models.signals import post_delete, post_save  # noqa: E402
from django.dispatch import receiver  # noqa: E402


class Shelf(models.Model):
    """A shelf."""

    class Meta:
        app_label = "library"


class Book(models.Model):
    """A book, on a shelf or on none."""

    title = models.CharField(max_length=50)
    shelf = models.ForeignKey(Shelf, models.CASCADE, null=True, related_name="books")

    class Meta:
        app_label = "library"


def titles(shelf):
    """Return the titles on *shelf*, sorted."""
    return cache.get_or_set(f"titles:{shelf.pk}", lambda: sorted(shelf.books.values_list("title", flat=True)))


@receiver([post_save, post_delete], sender=Book)
def forget(sender, instance, **more):
    """Forget the titles on all shelves."""
    cache.delete_many([f"titles:{pk}" for pk in Shelf.objects.values_list("pk", flat=True)])


def clear(shelf):
    """Take all books from *shelf*."""
    shelf.books.clear()
