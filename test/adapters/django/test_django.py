"""The Django adapter: checks that run inside a project, in a child, and what holds without one."""

import functools
import json
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

from ...documents import DOCS, blocks
from ...servers import needs_memcached, needs_redis_server
from ...support import EXHAUSTIVE, QUICK, is_there, needs, run_python, takes_a_while
from ...warm import run_unittest

needs_django = needs("django", "Django")
SERVERS = shutil.which("redis-server") and shutil.which("memcached")

TOGETHER = tuple(
    f"django_{name}_checks"
    for name in (
        "calls",
        "entries",
        "reach",
        "own",
        "places",
        "room",
        "quick",
        "clock",
        "restore",
        "gate",
        "states",
        "memory_faults",
        "contract",
        "interrupts",
        "site",
        "left",
        "many",
        *(() if QUICK else ("busy", "children")),
        *(("redis",) if is_there("django_redis") else ()),
        *(("faults", "replay") if SERVERS else ()),
    )
)


@functools.cache
def checks_of(*names):
    """Return what came of the tests of the modules *names*, which one child has run."""
    arguments = ", ".join(map(repr, names))
    child = run_python(
        "-c", f"from test.adapters.django.django_project import run_checks; run_checks({arguments})"
    )
    if child.returncode:
        raise AssertionError(child.stderr)
    return json.loads(child.stdout)


@needs_django
@needs("fakeredis", "cachetest[redis]")
class DjangoTests(unittest.TestCase):
    def check(self, name):
        """Run the checks of a module in the project; each of its tests is a subtest here."""
        # Each in a child of its own only where all is run: to start one takes longer than most checks. And on
        # CPython 3.10, where a context that has had very many variables may lose some: asgiref makes many.
        in_one = name in TOGETHER and not EXHAUSTIVE and sys.version_info >= (3, 11)
        together = TOGETHER if in_one else (name,)
        reported = checks_of(*together)[name]
        self.assertGreater(len(reported), 0)
        for test, problems in reported.items():
            with self.subTest(test):
                if problems:
                    self.fail("\n".join(problems))

    def test_calls(self):
        """Each call counts what it should."""
        self.check("django_calls_checks")

    def test_entries(self):
        """Keys, lifetimes and the view of the entries are as Django has them."""
        self.check("django_entries_checks")

    def test_clock(self):
        """All back ends keep time by the clock of the scope."""
        self.check("django_clock_checks")

    def test_reach(self):
        """Each cache object of the program is reached, and no other."""
        self.check("django_reach_checks")

    def test_restore(self):
        """Overrides of the settings hold in a test, and everything is as before after it."""
        self.check("django_restore_checks")

    @needs("pymemcache", "pymemcache")
    def test_own(self):
        """The back end of the settings runs, on the entries of the scope."""
        self.check("django_own_checks")

    @needs("pymemcache", "pymemcache")
    def test_places(self):
        """Each call is logged in the server, and database, that it was done on."""
        self.check("django_places_checks")

    def test_room(self):
        """In place of a table is what does as a table does."""
        self.check("django_room_checks")

    @needs("pymemcache", "pymemcache")
    def test_quick(self):
        """The short way of a get and a set comes to what the long way does."""
        self.check("django_quick_checks")

    @needs("django_redis", "django-redis")
    def test_django_redis(self):
        """That of django-redis runs, with all that it adds."""
        self.check("django_redis_checks")

    def test_documented(self):
        """The example in the documentation runs, and its test passes."""
        (block,) = blocks(DOCS / "django.rst", "python")
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_documented.py").write_text(block + "\n", encoding="utf-8")
            child = run_unittest("test_documented", cwd=folder)
        self.assertIn("Ran 1 test", child.stderr)
        self.assertEqual(child.returncode, 0, child.stderr)

    def test_gate(self):
        """A behaviour in force acts on Django's calls, the asynchronous ones too."""
        self.check("django_gate_checks")

    def test_states(self):
        """Caches of every kind can be off, and their puts compared."""
        self.check("django_states_checks")

    def test_memory_faults(self):
        """Faults strike caches of every kind that are inside the process."""
        self.check("django_memory_faults_checks")

    def test_many(self):
        """Callers at once lose updates, and compute values several times."""
        self.check("django_many_checks")

    @takes_a_while
    def test_fresh(self):
        """Objects of models are compared by their fields, and by the relations that they have loaded."""
        # In a child of its own: its models would be looked for in the databases of the others.
        self.check("django_fresh_checks")

    def test_contract(self):
        """The adapter does what every adapter has to."""
        self.check("django_contract_checks")

    @unittest.skipUnless(EXHAUSTIVE, "takes long: CACHETEST_EXHAUSTIVE=1 runs it")
    @needs("cachetools", "cachetools")
    @needs("dogpile", "dogpile.cache")
    @needs("fakeredis", "cachetest[redis]")
    @needs("pymemcache", "pymemcache")
    def test_table(self):
        """The table of the contract in the documentation is right for every adapter."""
        self.check("django_table_checks")

    def test_interrupts(self):
        """Nothing stays patched, whatever interrupts entering or leaving."""
        self.check("django_interrupts_checks")

    @needs_redis_server
    @needs_memcached
    @needs("redis", "redis")
    @needs("pymemcache", "pymemcache")
    def test_replay(self):
        """Calls come to the same on the real in-memory, Redis and memcached back ends and on ours."""
        self.check("django_replay_checks")

    @needs_redis_server
    @needs_memcached
    @needs("redis", "redis")
    @needs("pymemcache", "pymemcache")
    def test_faults(self):
        """A fault on an alias is what the client of its server meets, as it is of a real one."""
        self.check("django_faults_checks")

    @takes_a_while
    def test_busy(self):
        """What threads are in the middle of ends where it began, and nothing of it fails."""
        self.check("django_busy_checks")

    @takes_a_while
    def test_children(self):
        """A child process has the entries of the parent, or its own, by the back end."""
        self.check("django_children_checks")

    def test_site(self):
        """A project's tests of pages, fragments and sessions have exact counts."""
        self.check("django_site_checks")

    def test_left(self):
        """What a class sets up, and what a test has left running."""
        self.check("django_left_checks")


@needs_django
class UnconfiguredTests(unittest.TestCase):
    def run_script(self, *lines, **environment):
        child = run_python("-W", "error", "-c", "\n".join(lines), **environment)
        self.assertEqual(child.returncode, 0, child.stderr)
        return child.stdout.strip()

    def test_passed_over(self):
        """Without settings, Django is passed over where it was not named, and nothing of it is loaded."""
        printed = self.run_script(
            "import sys, django, cachetest",
            "with cachetest.PatchCaches() as patch: print(list(patch.caches))",
            "print(sorted({'django.conf', 'django.core.cache'} & set(sys.modules)))",
            "import django.core.cache",
            "with cachetest.PatchCaches() as patch: print(list(patch.caches))",
        )
        self.assertEqual(printed.splitlines(), ["[]", "[]", "[]"])

    def test_settings_are_not_loaded(self):
        """Settings that were not read yet, and may be broken, are left alone."""
        printed = self.run_script(
            "import django.conf, cachetest",
            "with cachetest.PatchCaches() as patch: print(list(patch.caches))",
            DJANGO_SETTINGS_MODULE="no_such_module",
        )
        self.assertEqual(printed, "[]")

    def test_named(self):
        """Named without settings, it is an error that says what to do, and nothing stays patched."""
        printed = self.run_script(
            "import cachetest",
            "try: cachetest.PatchCaches('django').__enter__()",
            "except Exception as error: print(type(error).__name__, error)",
            "from django.core.cache import caches",
            "print(sorted(vars(caches)))",
        )
        self.assertIn("ImproperlyConfigured the adapter 'django' needs settings.CACHES", printed)
        self.assertIn("DJANGO_SETTINGS_MODULE", printed)
        self.assertIn("['_connections', '_settings']", printed)

    def test_needs_no_setup(self):
        """Settings are enough: neither apps nor django.setup() are needed."""
        printed = self.run_script(
            "import cachetest, django.conf",
            "django.conf.settings.configure()",
            "from django.core.cache import cache",
            "with cachetest.PatchCaches() as patch: print(cache.get('a'), patch.caches)",
        )
        self.assertEqual(printed, "None <MockCaches default: (puts: 0, misses: 1, hits: 0)>")


if __name__ == "__main__":
    unittest.main()
