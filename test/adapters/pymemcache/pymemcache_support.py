"""The clients and the adapter that the tests of pymemcache share."""

import socket
from unittest import mock

from cachetest import CacheTestCase

from ...support import needs

needs_pymemcache = needs("pymemcache", "pymemcache")


ADDRESS = ("h", 11211)


def pymemcache(**servers):
    """Return an adapter."""
    from cachetest.adapters import Pymemcache

    return Pymemcache(**servers)


def client(address=ADDRESS, **options):
    """Return a client that waits for the answer to what it writes."""
    from pymemcache import Client

    return Client(address, **{"default_noreply": False, **options})


class PymemcacheTestCase(CacheTestCase):
    """With the network cut."""

    patch_caches = ("pymemcache",)

    def setUp(self):
        for owner, name in ((socket.socket, "connect"), (socket, "getaddrinfo")):
            cut = mock.patch.object(owner, name, side_effect=OSError("no network here"))
            cut.start()
            self.addCleanup(cut.stop)
