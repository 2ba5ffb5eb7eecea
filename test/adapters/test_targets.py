import sys
import types
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest._patching.undo import Undo
from cachetest.adapters import Targets


class Own(Targets):
    name = "own"

    def install(self):
        return Undo()


class TargetsTests(unittest.TestCase):
    def setUp(self):
        self.module = types.ModuleType("own_app")
        self.module.cache = types.SimpleNamespace(inner=object())
        patched = mock.patch.dict(sys.modules, {"own_app": self.module})
        patched.start()
        self.addCleanup(patched.stop)

    def test_caches_are_named(self):
        """The names of the arguments are those of the caches, in their order."""
        self.assertEqual(Own(b=1, a=2).caches, ("b", "a"))

    def test_nothing(self):
        """One that is told nothing says how."""
        with self.assertRaisesRegex(TypeError, r"^Own has to be told what to test: Own\(sessions='app.cache"):
            Own()

    @parameterized.expand(["", "module", "module:", ":attribute", "a b:c", "a:b:c", "a..b:c"])
    def test_bad_string(self, target):
        """A string that can name nothing is rejected where it is given."""
        with self.assertRaisesRegex(ValueError, f"^prices={target!r}: expected a string like 'pack"):
            Own(prices=target)

    def test_resolved_when_asked(self):
        """A string is imported when the caches are patched, an object stays what it is."""
        target = object()
        adapter = Own(a="own_app:cache.inner", b=target)
        self.module.cache.inner = "set later"
        self.assertEqual(adapter.resolve(), {"a": "set later", "b": target})

    @parameterized.expand([("no_such_module_here:x",), ("own_app:nothing",)])
    def test_not_importable(self, target):
        """A target that can't be imported is an error that names the argument."""
        with self.assertRaisesRegex(ImportError, rf"Own\(prices={target!r}\): "):
            Own(prices=target).resolve()

    def test_equal(self):
        """Two that name the same are one, by name or by identity; objects need not be hashable."""
        target = []
        self.assertEqual(Own(a="m:x", b=target), Own(a="m:x", b=target))
        self.assertEqual(hash(Own(b=target)), hash(Own(b=target)))
        self.assertNotEqual(Own(a=target), Own(a=[]))
        self.assertNotEqual(Own(a="m:x"), Own(b="m:x"))
        self.assertEqual(repr(Own(a=1, b=2)), "<Own adapter of a, b>")


if __name__ == "__main__":
    unittest.main()
