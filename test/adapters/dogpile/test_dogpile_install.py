"""The regions that the dogpile adapter patches, and those that it refuses."""

import unittest

from .dogpile_support import DogpileTestCase, adapter

# What a test may import by name, as a program's module would have it.
shared = None


class InstallTests(DogpileTestCase):
    def test_by_name(self):
        """A target may be a string, imported when it is patched."""
        global shared
        shared = self.region
        caches = self.patch(region=f"{__name__}:shared")
        shared.set("a", 1)
        self.assertEqual(caches.region.counts(), (1, 0, 0))

    def test_no_region(self):
        """A target that is no region is an error that says what was given, and what is expected."""
        for target in ({}, len, None, self.region.backend):
            with self.assertRaisesRegex(TypeError, r"Dogpile\(region=...\): expected a region .*, not "):
                self.patch(region=target)

    def test_two_names(self):
        """One region by two names is an error that says the other name, and nothing stays patched."""
        before = dict(vars(self.region))
        with self.assertRaisesRegex(ValueError, "is patched already, as 'one'; use one name"):
            self.patch(one=self.region, two=self.region)
        self.assertIs(type(self.region), type(self.make_region()))
        self.assertEqual(vars(self.region), before)

    def test_names_its_places(self):
        """The patched attributes are the class of a region, and the backend under its proxies."""
        from dogpile.cache.proxy import ProxyBackend

        self.region.wrap(ProxyBackend)
        named = adapter(region=self.region)
        before = named.patched_attributes()
        with named.install():
            inside = named.patched_attributes()
        self.assertEqual(len(before), 2)
        self.assertEqual(named.patched_attributes(), before)
        for place in before:
            self.assertIsNot(inside[place], before[place])

    def test_instance(self):
        """A patched region is an instance of its class, and can lose an attribute that it has."""
        self.patch()
        self.assertIs(self.region.__class__, type(self.make_region()))
        self.region.more = 1
        del self.region.more
        with self.assertRaises(AttributeError):
            del self.region.more


if __name__ == "__main__":
    unittest.main()
