import unittest
from contextlib import nullcontext

from cachetest import MockCache
from cachetest.adapters import Adapter


class One(Adapter):
    name = "one"

    def install(self):
        return nullcontext()


class Two(One):
    name = "two"


class Configured(One):
    def __init__(self, target):
        self.target = target

    def identity(self):
        return self.target


class AdapterTests(unittest.TestCase):
    def test_one_of_a_class(self):
        """Adapters of one class are the same adapter, of two classes not."""
        self.assertEqual(One(), One())
        self.assertEqual(len({One(), One(), Two()}), 2)
        self.assertNotEqual(One(), Two())
        self.assertNotEqual(One(), 1)

    def test_identity(self):
        """Unless they say what tells them apart."""
        self.assertEqual(Configured("a"), Configured("a"))
        self.assertEqual(len({Configured("a"), Configured("a"), Configured("b")}), 2)

    def test_defaults(self):
        """An adapter need not have attributes to compare, switches or a way to take keys apart."""
        adapter = One()
        self.assertEqual((adapter.patched_attributes(), adapter.switches, adapter.caches), ({}, (), ()))
        self.assertEqual(adapter.components(MockCache("c"), "a:1"), [("part 1", "a"), ("part 2", "1")])
        self.assertEqual(repr(adapter), "<One adapter>")

    def test_install_is_required(self):
        """An adapter without install() is none."""
        with self.assertRaises(TypeError):
            type("Empty", (Adapter,), {})()


if __name__ == "__main__":
    unittest.main()
