"""A small cache library, an adapter for it, and adapters that each have one thing wrong.

It is loaded as a top-level module of its own, once for each test: its lines are not those of the program. It
is long because all of the adapters are for the one library.
"""

import socket
import sys
import threading
import time
from contextlib import contextmanager

from cachetest import MockCache
from cachetest.adapters import MISSING, Adapter, Storage, Undo, cache_for, clock_offset, own_attribute

LIBRARIES = frozenset({__name__})
tinylib = sys.modules[__name__]


class Store:
    """Where clients keep things: by the name of the cache and the key, the value and the time it ends."""

    def __init__(self):
        self.kept = {}

    def get(self, name, key):
        value, until = self.kept.get((name, key), (MISSING, None))
        return MISSING if until is not None and clock() >= until else value

    def set(self, name, key, value, until=None):
        self.kept[name, key] = value, until

    def remove(self, name, key):
        self.kept.pop((name, key), None)


store = Store()
clock = time.time


class Client:
    """What a program holds."""

    def __init__(self, name):
        self.name = name

    @property
    def store(self):
        return store

    def get(self, key, default=None):
        found = self.store.get(self.name, key)
        return default if found is MISSING else found

    def get_many(self, keys):
        found = {key: self.store.get(self.name, key) for key in keys}
        return {key: value for key, value in found.items() if value is not MISSING}

    def set(self, key, value, ttl=None):
        self.store.set(self.name, key, value, None if ttl is None else clock() + ttl)

    def remove(self, key):
        self.store.remove(self.name, key)


class CountedStore:
    """Ours: it keeps the entries in the scope, and their times beside them."""

    libraries = LIBRARIES

    def cache(self, name):
        return cache_for(name)

    def get(self, name, key):
        cache = self.cache(name)
        if clock() >= self.times(cache).get(key, float("inf")):
            del self.times(cache)[key], cache.cache[key]
            self.expired(cache, key)
        return self.found(cache.get(key, self.libraries))

    def found(self, value):
        return value

    def times(self, cache):
        return cache.adapter_state("times", dict)

    def expired(self, cache, key):
        cache.record("expiration", key, LIBRARIES)

    def set(self, name, key, value, until=None):
        cache = self.cache(name)
        if until is not None:
            self.times(cache)[key] = until
        cache.put(key, value, LIBRARIES)

    def remove(self, name, key):
        self.cache(name).delete(key, LIBRARIES)


class TinyAdapter(Adapter):
    name = "tiny"
    caches = ("pages", "users")
    Store = CountedStore

    def install(self):
        return Undo(self.swap)

    def swap(self, undo):
        undo.set_attribute(tinylib, "store", self.Store())
        undo.set_attribute(tinylib, "patched", True)
        self.swap_clock(undo)

    def swap_clock(self, undo):
        found = tinylib.clock
        undo.set_attribute(tinylib, "clock", lambda: found() + clock_offset())

    def patched_attributes(self):
        return {name: own_attribute(tinylib, name) for name in ("store", "patched")}

    def storage(self, cache):
        return Storage(cache.cache)

    def too_large(self, cache, key, size, limit):
        return ValueError("too large")


class CountsPutsTwice(TinyAdapter):
    class Store(CountedStore):
        def set(self, name, key, value, until=None):
            super().set(name, key, value, until)
            self.cache(name).record("put", key, LIBRARIES)


class FalsyIsMissing(TinyAdapter):
    class Store(CountedStore):
        def found(self, value):
            return value or MISSING


class NoneIsMissing(TinyAdapter):
    class Store(CountedStore):
        def found(self, value):
            return MISSING if value is None else value


class BytesForText(TinyAdapter):
    class Store(CountedStore):
        def set(self, name, key, value, until=None):
            super().set(name, key, value.encode() if value == "" else value, until)


class NeverOverwrites(TinyAdapter):
    class Store(CountedStore):
        def set(self, name, key, value, until=None):
            kept = self.cache(name).cache
            super().set(name, key, kept.get(key, value), until)


class DeleteIsNotLogged(TinyAdapter):
    class Store(CountedStore):
        def remove(self, name, key):
            self.cache(name).cache.pop(key, None)


class ManyIsOne(TinyAdapter):
    """One lookup is counted for a call that looks several keys up."""

    def swap(self, undo):
        super().swap(undo)

        def get_many(client, keys):
            cache = cache_for(client.name)
            cache.record("hit", tuple(keys), LIBRARIES)
            return {key: cache.cache[key] for key in keys if key in cache.cache}

        undo.set_attribute(Client, "get_many", get_many)


class NeverExpires(TinyAdapter):
    class Store(CountedStore):
        def set(self, name, key, value, until=None):
            super().set(name, key, value)


class ExpirationIsNotLogged(TinyAdapter):
    class Store(CountedStore):
        def expired(self, cache, key):
            pass


class OneCacheForAll(TinyAdapter):
    class Store(CountedStore):
        def cache(self, name):
            return cache_for("pages")


class EntriesOfTheProcess(TinyAdapter):
    """Each scope has counts of its own, but all share the entries."""

    class Store(CountedStore):
        def __init__(self):
            self.kept = {}

        def cache(self, name):
            cache = cache_for(name)
            cache.cache = self.kept.setdefault(name, {})
            return cache


class KeysOfItsOwn(TinyAdapter):
    """Entries are kept under a key that nobody is told of."""

    class Store(CountedStore):
        def get(self, name, key):
            return super().get(name, f"v1:{key}")

        def set(self, name, key, value, until=None):
            super().set(name, f"v1:{key}", value, until)

        def remove(self, name, key):
            super().remove(name, f"v1:{key}")


class HidesItsEntries(TinyAdapter):
    """They are kept where nobody else sees them."""

    class Store(CountedStore):
        def cache(self, name):
            cache = cache_for(name)
            return cache.adapter_state("hidden", lambda: MockCache(name, cache.operations))


class OfTheFirstScope(TinyAdapter):
    """It keeps what is of a scope for as long as it is installed."""

    class Store(CountedStore):
        def __init__(self):
            self.caches = {}

        def cache(self, name):
            return self.caches.setdefault(name, cache_for(name))


class OfTheThread(TinyAdapter):
    """What other threads do is not seen."""

    class Store(CountedStore):
        def __init__(self):
            self.others = threading.local()

        def cache(self, name):
            if threading.current_thread() is threading.main_thread():
                return super().cache(name)
            return vars(self.others).setdefault(name, MockCache(name))


class NewClientsOnly(TinyAdapter):
    """A client that is there already keeps its store."""

    def swap(self, undo):
        undo.set_attribute(tinylib, "Client", type("Counted", (Client,), {"store": self.Store()}))
        self.swap_clock(undo)


class LeavesSomething(TinyAdapter):
    def swap(self, undo):
        super().swap(undo)
        tinylib.left = True


class LeavesSomethingWhereItFails(TinyAdapter):
    """It is restored as long as nothing fails."""

    def swap(self, undo):
        tinylib.left = True
        undo.set_attribute(tinylib, "store", self.Store())
        undo.add(lambda: vars(tinylib).pop("left", None))
        self.swap_clock(undo)


class ConnectsToSomething(TinyAdapter):
    class Store(CountedStore):
        def get(self, name, key):
            with socket.socket() as connection:
                connection.settimeout(0.01)
                connection.connect_ex(("127.0.0.1", 9))
            return super().get(name, key)


class ItsOwnLines(TinyAdapter):
    """Who looks something up is said to be the library."""

    class Store(CountedStore):
        libraries = frozenset()


class PatchesByHand(TinyAdapter):
    @contextmanager
    def install(self):
        real, found = tinylib.store, tinylib.clock
        try:
            tinylib.store = self.Store()
            tinylib.clock = lambda: found() + clock_offset()
            yield
        finally:
            tinylib.store, tinylib.clock = real, found
