"""Libraries that are imported while a guard lasts."""

import tempfile
import unittest

from ..support import expand, is_there, run_python


class ImportedLaterTests(unittest.TestCase):
    @expand([("pymemcache",), ("redis",), ("django",)], quick=1)
    def test_imported_later(self, library):
        """A library that is first imported under a guard is guarded, and its own again afterwards."""
        if not is_there(library):
            self.skipTest(f"needs {library}")
        use = {
            "pymemcache": "import pymemcache; pymemcache.Client(('localhost', 1)).get('k')",
            "redis": "import redis; redis.Redis(port=1).get('k')",
            "django": "import django.core.cache.backends.filebased as f; f.FileBasedCache('.', {}).get('k')",
        }[library]
        lines = [
            "import sys",
            "from cachetest import guard, GuardError",
            "before = list(sys.meta_path)",
            "with guard():",
            f"    assert {library!r} not in sys.modules",
            f"    try: {use.split(';')[0]}; {use.split(';', 1)[1]}",
            "    except GuardError as error: print(str(error).partition(':')[0])",
            "    with guard(): pass",
            f"    for name in [name for name in sys.modules if name.partition('.')[0] == {library!r}]:",
            "        del sys.modules[name]",
            f"    try: {use.split(';')[0]}; {use.split(';', 1)[1]}",
            "    except GuardError as error: print('anew')",
            "print(sys.meta_path == before)",
            f"module = sys.modules[{library!r}]",
            "loader = module.__spec__.loader",
            "print(type(loader).__module__.partition('.')[0], module.__loader__ is loader)",
            "from cachetest._patching import watched_functions",
            "print(watched_functions._watched)",
        ]
        with tempfile.TemporaryDirectory() as folder:
            done = run_python("-c", "\n".join(lines), cwd=folder)
        self.assertEqual(done.stderr, "")
        self.assertEqual(
            done.stdout.split("\n"), [library, "anew", "True", "_frozen_importlib_external True", "{}", ""]
        )


if __name__ == "__main__":
    unittest.main()
