"""`assertCacheFresh` of objects of Django's models; run inside `django_project`."""

from django.core.cache import cache
from django.db import IntegrityError, connection, models, transaction
from django.test import TestCase
from django.utils.functional import SimpleLazyObject

from cachetest import CacheTestMixin


class Maker(models.Model):
    name = models.CharField(max_length=9, unique=True)

    class Meta:
        app_label = "sessions"


class Lamp(models.Model):
    name = models.CharField(max_length=9)
    maker = models.ForeignKey(Maker, models.CASCADE, related_name="lamps")

    class Meta:
        app_label = "sessions"


class FreshTests(CacheTestMixin, TestCase):
    patch_caches = ("django",)

    @classmethod
    def setUpClass(cls):
        with connection.schema_editor() as editor:
            editor.create_model(Maker)
            editor.create_model(Lamp)
        cls.addClassCleanup(cls.forget_models)
        super().setUpClass()

    @classmethod
    def forget_models(cls):
        with connection.schema_editor() as editor:
            editor.delete_model(Lamp)
            editor.delete_model(Maker)

    def setUp(self):
        self.maker = Maker.objects.create(name="Ada")
        self.lamp = Lamp.objects.create(name="desk", maker=self.maker)

    def cached(self, make):
        return lambda: cache.get_or_set("found", make)

    def rename(self, name="Bea"):
        Maker.objects.filter(pk=self.maker.pk).update(name=name)

    def fails(self, pattern):
        return self.assertRaisesRegex(self.failureException, pattern)

    def test_field(self):
        """The failure names the field; the same row is equal to Django."""
        read = self.cached(lambda: Maker.objects.get())
        with self.fails(r"\n  they differ in \.name: 'Ada' -> 'Bea'\n"):
            self.assertCacheFresh(read, after=self.rename)

    def test_relation(self):
        """A related object that was cached with an object is part of the answer."""
        read = self.cached(lambda: Lamp.objects.select_related("maker").get())
        with self.fails(r"\n  they differ in \.maker\.name: 'Ada' -> 'Bea'\n"):
            self.assertCacheFresh(read, after=self.rename)

    def test_prefetched(self):
        read = self.cached(lambda: Maker.objects.prefetch_related("lamps").get())
        with self.fails(r"\n  they differ in \.lamps\[0\]: <Lamp.*> -> nothing\n"):
            self.assertCacheFresh(read, after=Lamp.objects.all().delete)

    def test_not_loaded(self):
        """A relation that one of them has not loaded is loaded when it is asked for, as a field is."""

        def write():
            self.rename()
            cache.set("found", Lamp.objects.defer("name").select_related("maker").get())

        self.assertCacheFresh(self.cached(lambda: Lamp.objects.get()), after=write, raises=())

    def test_in_a_set(self):
        read = self.cached(lambda: set(Maker.objects.all()))
        with self.fails(r"\n  they differ in one element\.name: 'Ada' -> 'Bea'\n"):
            self.assertCacheFresh(read, after=self.rename)

    def test_lazy(self):
        """What is loaded when used, as the user of a request, is compared by what it loads."""
        found = self.cached(lambda: Maker.objects.get())
        with self.fails(r"'Ada' -> 'Bea'"):
            self.assertCacheFresh(lambda: SimpleLazyObject(found), after=self.rename)

    def test_broken_transaction(self):
        """What Django refuses after an error in a transaction is no answer, and goes to the test."""

        def read():
            return cache.get_or_set("found", "Ada") and Maker.objects.count()

        def write():
            Maker.objects.create(name="Ada")

        with self.assertRaises(transaction.TransactionManagementError), transaction.atomic():
            self.assertCacheFresh(read, after=write, raises=IntegrityError)
