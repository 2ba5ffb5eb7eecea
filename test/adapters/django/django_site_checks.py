"""A Django project's own tests, with pages, fragments and sessions in caches; run inside `django_project`."""

import asyncio
import socket
from threading import Thread
from unittest import mock

from django.contrib.sessions.backends.cache import SessionStore
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.test import SimpleTestCase, TestCase, TransactionTestCase, override_settings

from cachetest import CacheTestMixin
from cachetest.adapters import Django


class SiteTests(CacheTestMixin, TestCase):
    def test_page(self):
        """A cached page: cold, its headers are looked up and two entries put; warm, both are found."""
        with self.assertCacheDelta("pages", puts=2, hits=0, misses=1):
            self.assertEqual(self.client.get("/news").content, b"news")
        with self.assertCacheDelta("pages", puts=0, hits=2, misses=0):
            self.client.get("/news")
        with self.assertCacheDelta("pages", puts=2, hits=0, misses=1):
            self.client.get("/news", {"page": 2})
        self.assertCacheUnused("default", "sessions")

    def test_fragment(self):
        """A fragment of a template is cached for each of what it varies on."""
        for language, counts in [("en", (1, 0, 1)), ("en", (0, 1, 0)), ("de", (1, 0, 1))]:
            puts, hits, misses = counts
            with self.assertCacheDelta("default", puts=puts, hits=hits, misses=misses):
                self.client.get("/menu", {"language": language})

    def test_session(self):
        """A session is put when it is made; the next request finds it twice, to load and to save."""
        with self.assertCacheDelta("sessions", puts=1, hits=0, misses=0):
            self.assertEqual(self.client.get("/visits").content, b"1")
        with self.assertCacheDelta("sessions", puts=1, hits=2, misses=0):
            self.assertEqual(self.client.get("/visits").content, b"2")
        key = self.client.cookies["sessionid"].value
        self.assertCached("sessions", f"django.contrib.sessions.cache{key}", {"visits": 2})
        self.assertCacheUnused("default")

    @override_settings(SESSION_ENGINE="django.contrib.sessions.backends.cached_db")
    def test_session_in_cache_and_database(self):
        """One that is in the database too is read from there only when the cache has lost it."""
        with self.assertCacheDelta("sessions", puts=2, hits=0, misses=0):
            self.client.get("/visits")
        self.assertEqual(Session.objects.count(), 1)
        with self.assertCacheDelta("sessions", puts=1, hits=1, misses=0), self.assertNumQueries(3):
            self.assertEqual(self.client.get("/visits").content, b"2")
        caches["sessions"].clear()
        with self.assertCacheDelta("sessions", hits=0, misses=1):
            self.assertEqual(self.client.get("/visits").content, b"3")

    def test_store_made_before(self):
        """A session store that was made on another thread before is reached as well."""
        STORES[0]["visits"] = 1
        STORES[0].save()
        self.assertCacheStats("sessions", puts=1, hits=0, misses=1)

    def test_get_or_set(self):
        """A value that is computed when it is missing is one miss and one put, and then a hit."""
        for counts in [(1, 0, 1), (0, 1, 0)]:
            puts, hits, misses = counts
            with self.assertCacheDelta("default", puts=puts, hits=hits, misses=misses):
                self.assertEqual(self.client.get("/price").content, b"3")

    async def test_async(self):
        """So it is on an event loop, by Django's asynchronous client."""
        for counts in [(1, 0, 1), (0, 1, 0)]:
            puts, hits, misses = counts
            with self.assertCacheDelta("default", puts=puts, hits=hits, misses=misses):
                self.assertEqual((await self.async_client.get("/aprice")).content, b"3")

    def test_async_view_of_the_plain_client(self):
        """An asynchronous view called by the plain client shares the cache with a plain view."""
        self.client.get("/aprice")
        self.client.get("/price")
        self.assertCacheStats("default", puts=1, hits=1, misses=1)

    async def test_tasks(self):
        """Tasks that run at once share the cache of the test."""
        await caches["default"].aset("a", 1)
        await asyncio.gather(*(caches["default"].aget("a") for _ in range(10)))
        self.assertCacheStats("default", puts=1, hits=10, misses=0)

    def test_cold_again(self):
        """Each test begins cold."""
        self.assertCacheUnused()
        self.client.get("/price")
        self.assertCacheStats("default", puts=1, misses=1)

    def test_no_network(self):
        """A cache whose server is not there is no trouble: nothing connects."""
        refused = mock.Mock(side_effect=OSError)
        with mock.patch.object(socket.socket, "connect", refused):
            self.client.get("/news")
        refused.assert_not_called()


class SomeTests(CacheTestMixin, SimpleTestCase):
    patch_caches = (Django("pages"),)

    def test_some(self):
        """A test case of Django's without a database can have some of the caches patched."""
        self.client.get("/news")
        self.assertCacheStats("pages", puts=2, hits=0, misses=1)
        self.assertEqual(list(self.caches), ["pages"])


class TransactionTests(CacheTestMixin, TransactionTestCase):
    patch_caches = ("django",)

    def test_by_name(self):
        """One that commits, too, and the adapter can be named."""
        self.client.get("/price")
        self.assertCacheStats("default", puts=1, hits=0, misses=1)


@override_settings(CACHES={"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}})
class OverriddenTests(CacheTestMixin, SimpleTestCase):
    def test_override_of_a_class(self):
        """The settings that a class overrides are those that are patched, the dummy cache included."""
        self.assertEqual(list(self.caches), ["default"])
        caches["default"].set("a", 1)
        self.assertEqual(caches["default"].get("a"), 1)
        self.assertCacheStats("default", puts=1, hits=1, misses=0)


STORES = []
maker = Thread(target=lambda: STORES.append(SessionStore("k" * 32)))
maker.start()
maker.join()
