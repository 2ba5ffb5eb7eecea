"""What a connection has in a call of a thread from before is of the scope that the call is for."""

import threading
import unittest
from unittest import mock

from cachetest import PatchCaches
from cachetest._caches.scope import open_scopes

from ..._caches.scopes import elsewhere
from ...support import needs


class Other:
    """A scope of another thread, for as long as it is entered."""

    def __enter__(self):
        self._opened, self._done = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._open)
        self._thread.start()
        self._opened.wait()

    def _open(self):
        from cachetest.adapters import Redis

        with PatchCaches(Redis()):
            self._opened.set()
            self._done.wait()

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()


@needs("fakeredis", "cachetest[redis]")
class DecidedTests(unittest.TestCase):
    def decide(self, scope):
        """Have all calls be for *scope*; return what gives the attributes and the cache of a connection."""
        import redis

        from cachetest.adapters.redis import routes

        connection = redis.Connection()
        patched = mock.patch.object(routes.calls, "scope_of", return_value=scope)
        patched.start()
        self.addCleanup(patched.stop)
        return lambda: (
            id(elsewhere(routes.state_of_call, connection)),
            elsewhere(routes.route_of, connection)[0].cache,
        )

    def test_another_opens(self):
        """Another scope that opens meanwhile, of which nothing tells them apart, changes nothing."""
        from cachetest.adapters import Redis

        with PatchCaches(Redis()) as patch:
            (scope,) = open_scopes()
            found = self.decide(scope)
            before = found()
            self.assertIs(before[1], patch.caches["redis"])
            with Other():
                self.assertEqual(found(), before)

    def test_first_used_when_another_is_open(self):
        """So does one that has opened before the call comes to its first connection."""
        from cachetest.adapters import Redis

        with PatchCaches(Redis()) as patch:
            (scope,) = open_scopes()
            with Other():
                found = self.decide(scope)()
            self.assertIs(found[1], patch.caches["redis"])

    def test_closes(self):
        """That it closes does not change it either."""
        from cachetest.adapters import Redis

        with PatchCaches(Redis()) as patch:
            found = self.decide(open_scopes()[0])
            cache = found()[1]
        self.assertIs(cache, patch.caches["redis"])
        self.assertIs(found()[1], cache)

    def test_undecidable(self):
        """Where it can't be told among several, it has the same to the end, when one is left as well."""
        import redis

        from cachetest.adapters import Redis
        from cachetest.adapters.calls_into import Undecidable
        from cachetest.adapters.redis import routes

        call = Undecidable()
        connection = redis.Connection()
        with PatchCaches(Redis()), mock.patch.object(routes.calls, "scope_of", return_value=call):
            with Other():
                before = elsewhere(routes.state_of_call, connection)
            self.assertIs(elsewhere(routes.state_of_call, connection), before)


if __name__ == "__main__":
    unittest.main()
