"""What was rolled back is nowhere."""

import unittest

from django.db import connection
from program import Item, total, update

from cachetest import CacheTestCase


class UpdateTests(CacheTestCase):
    def setUp(self):
        with connection.schema_editor() as editor:
            editor.create_model(Item)
        self.addCleanup(connection.close)
        Item.objects.create(name="lamp", price=4)

    def test_too_much(self):
        """A price that is refused changes nothing."""
        self.assertCacheFresh(total, after=lambda: update("lamp", 101), raises=ValueError)


if __name__ == "__main__":
    unittest.main()
