"""A module of tests in a folder of its own, where snapshots are written, and the runs of it."""

import os
import sys
import tempfile
import types
import unittest
from pathlib import Path
from unittest import mock

from cachetest import CacheTestCase, MockBackend
from cachetest._assertions import unused_snapshots

from ..support import run_case

MODULE = "snapshot_shop_tests"
NAME = f"{MODULE}.PriceTests.test_price"
TEXT = "cache prices\n  miss lamp < look_up\n  put lamp < look_up\n"


def look_up(case, cache):
    cache.get("lamp")
    cache.put("lamp", 1)
    case.assertCacheSnapshot()


class SnapshotShop(unittest.TestCase):
    """The base of tests that run other tests, which have snapshots."""

    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = Path(made.name).resolve()
        module = types.ModuleType(MODULE)
        module.__file__ = str(self.folder / f"{MODULE}.py")
        for patched in (
            mock.patch.dict(sys.modules, {MODULE: module}),
            mock.patch.dict(os.environ, {"CI": "", "CACHETEST_SNAPSHOTS": ""}),
            # Not those of the tests that this is one of.
            mock.patch.dict(unused_snapshots._used, clear=True),
            mock.patch.dict(unused_snapshots.passed, clear=True),
            mock.patch.object(unused_snapshots, "_process", os.getpid()),
        ):
            patched.start()
            self.addCleanup(patched.stop)

    def case(self, body, test="test_price", name="PriceTests", **attributes):
        """Return a case whose test is *body*, called with the case and a cache."""

        def method(case):
            body(case, MockBackend("prices"))

        attributes = {"patch_caches": (), "__module__": MODULE, "__qualname__": name, **attributes}
        return type(name, (CacheTestCase,), {test: method, **attributes})(test)

    def outcome(self, body, environment="", **options):
        """Run a test, and return the text of its first failure or error; nothing where it passes."""
        with mock.patch.dict(os.environ, {"CACHETEST_SNAPSHOTS": environment}):
            result = run_case(self.case(body, **options))
        found = [*result.failures, *result.errors]
        return found[0][1].partition("Error: ")[2] if found else ""

    def files(self):
        """Return the text of each snapshot by the name of its file."""
        return {each.name: each.read_text("utf-8") for each in sorted(self.folder.glob("snapshots/*"))}

    def write(self, name, text=""):
        """Write a file below the folder."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path
