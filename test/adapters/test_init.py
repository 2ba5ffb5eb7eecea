import importlib
import sys
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import adapters
from cachetest.adapters import check_name, known_adapters, load, owner_of, ready_adapters
from cachetest.errors import MissingLibraryError, UnknownAdapterError

from ..support import needs_torch

EVERY = [(name, known) for name, known in known_adapters.items()]


class TableTests(unittest.TestCase):
    def test_unknown(self):
        """A wrong name says which there are."""
        for call in (check_name, load):
            with self.assertRaisesRegex(UnknownAdapterError, "no adapter 'inducter'.*first: inductor"):
                call("inducter")

    @parameterized.expand(EVERY)
    def test_missing_library(self, name, known):
        """An adapter without its library says what to install."""
        for found in (mock.Mock(return_value=None), mock.Mock(side_effect=ValueError)):
            with mock.patch.dict(sys.modules, {known.library: None}):
                with mock.patch("importlib.util.find_spec", found):
                    with self.assertRaisesRegex(
                        MissingLibraryError, f"pip install 'cachetest.{known.extra}.'"
                    ):
                        load(name)

    def test_ready(self):
        """Only adapters whose library was imported are used without being named."""
        with mock.patch.dict(sys.modules, {known.library: None for known in known_adapters.values()}):
            self.assertEqual(ready_adapters(), [])

    @parameterized.expand([("fx_graph", "inductor"), ("fx_graph_remote_cache", "inductor"), ("prices", None)])
    def test_owner(self, name, owner):
        """A cache or a switch is known by name without its library."""
        self.assertEqual(owner_of(name), owner)

    @parameterized.expand(EVERY)
    @needs_torch
    def test_table_is_right(self, name, known):
        """What the table says of an adapter is what the adapter says itself."""
        adapter = load(name)
        self.assertEqual(adapter.name, name)
        self.assertEqual(adapter.caches, known.caches)
        self.assertEqual(tuple(switch.name for switch in adapter.switches), known.switches)
        self.assertEqual(type(adapter).__name__, known.class_name)
        self.assertEqual(adapter, load(name))
        self.assertIs(
            importlib.import_module(f"cachetest.adapters.{name}"), sys.modules[type(adapter).__module__]
        )

    def test_ready_once_imported(self):
        """Once its library is there, an adapter is used."""
        with mock.patch.dict(sys.modules, {"torch": object()}), mock.patch.object(adapters, "load") as loaded:
            self.assertEqual(ready_adapters(), [loaded("inductor")])


if __name__ == "__main__":
    unittest.main()
