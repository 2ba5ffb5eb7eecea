"""What is taken from a shelf is not on it any more."""

import unittest

from django.db import connection
from program import Book, Shelf, clear, titles

from cachetest import CacheTestCase


class ClearTests(CacheTestCase):
    def setUp(self):
        with connection.schema_editor() as editor:
            for model in (Shelf, Book):
                editor.create_model(model)
        self.addCleanup(connection.close)
        self.shelf = Shelf.objects.create()
        Book.objects.create(title="Emma", shelf=self.shelf)

    def test_clear(self):
        """A shelf that was cleared has no titles."""
        self.assertCacheFresh(lambda: titles(self.shelf), after=lambda: clear(self.shelf))


if __name__ == "__main__":
    unittest.main()
