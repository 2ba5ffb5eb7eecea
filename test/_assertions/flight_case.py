"""The test case that callers at once are tried on."""

from cachetest import CacheTestCase

from .loaders import Loaders


class FlightCase(CacheTestCase):
    def fails(self, pattern):
        return self.assertRaisesRegex(self.failureException, pattern)

    def check(self, loader, passes, with_load):
        """Have callers use *loader*, and return what they got where that passes."""
        loaders = Loaders()
        function = getattr(loaders, loader)
        load = loaders.load if with_load else None
        if passes:
            results = self.assertCacheSingleFlight("prices", function, load=load)
            self.assertEqual(results, [4.0] * 8)
            self.assertIs(results.waited_out, False)
            return
        with self.fails(
            rf"^8 callers of {loader}\(\) at once (loaded 'lamp'|called load\(\) for 'lamp') 8 times"
        ):
            self.assertCacheSingleFlight("prices", function, load=load)
