"""A Django project for the tests of its adapter, and what runs checks inside it.

Django takes its settings once in a process, and `PatchCaches()` finds it from then on. So `test_django` has
the checks run in a child, and the tests of everything else never see it.
"""

import importlib
import io
import json
import sys
import tempfile
import unittest
from contextlib import redirect_stdout

LOCMEM = "django.core.cache.backends.locmem.LocMemCache"
DUMMY = "django.core.cache.backends.dummy.DummyCache"

# A port that nobody listens on: to connect would be an error.
NOWHERE = "redis://127.0.0.1:1"

CACHES = {
    "default": {"BACKEND": LOCMEM},
    "sessions": {"BACKEND": LOCMEM, "LOCATION": "sessions", "KEY_PREFIX": "site", "VERSION": 2},
    "pages": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": NOWHERE},
    "small": {"BACKEND": LOCMEM, "LOCATION": "small", "TIMEOUT": None, "OPTIONS": {"MAX_ENTRIES": 3}},
    "lower": {"BACKEND": "test.adapters.django.django_backends.LowerCaseCache", "LOCATION": "lower"},
    "files": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": "set by run_checks",
    },
    "table": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cached"},
    "backwards": {"BACKEND": DUMMY, "KEY_FUNCTION": "test.adapters.django.django_backends.backwards"},
    "strict": {"BACKEND": "test.adapters.django.django_backends.StrictCache", "LOCATION": "strict"},
    "first": {"BACKEND": DUMMY},
    "second": {"BACKEND": DUMMY},
}


def configure():
    """Give Django its settings, and let it set up what the checks use."""
    import django
    from django.conf import settings

    settings.configure(
        ALLOWED_HOSTS=["testserver"],
        CACHES=CACHES,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib.sessions"],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
        ROOT_URLCONF="test.adapters.django.django_views",
        SECRET_KEY="for tests",
        SESSION_CACHE_ALIAS="sessions",
        SESSION_ENGINE="django.contrib.sessions.backends.cache",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    )
    django.setup()


class _Result(unittest.TestResult):
    """Keeps what came of each test by its name, subtests as part of theirs."""

    def __init__(self):
        super().__init__()
        self.problems = {}

    def startTest(self, test):
        super().startTest(test)
        self.problems[test.id()] = []

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        # The parent decides what is left out, and does not run it. A case of the contract that is declared
        # has been run, and has failed as it should.
        if reason not in getattr(test, "exceptions", {}).values():
            self.problems[test.id()].append(f"skipped: {reason}")

    def note(self, test, error):
        # setUpClass is a test of its own here.
        self.problems.setdefault(test.id(), []).append(self._exc_info_to_string(error, test))

    def addError(self, test, error):
        super().addError(test, error)
        self.note(test, error)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.note(test, error)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.problems[test.id()].append(f"{subtest}\n{self._exc_info_to_string(error, test)}")


def run_checks(*names):
    """Run the tests of the modules *names* beside this one, and print what came of each, as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        CACHES["files"]["LOCATION"] = folder
        configure()
        with redirect_stdout(io.StringIO()):
            reported = {name: _run(name).problems for name in names}
    json.dump(reported, sys.stdout)


def _run(name):
    from django.test.runner import DiscoverRunner

    runner = DiscoverRunner(verbosity=0, interactive=False)
    result = _Result()
    runner.setup_test_environment()
    databases = runner.setup_databases()
    try:
        module = importlib.import_module(f"{__package__}.{name}")
        unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
    finally:
        runner.teardown_databases(databases)
        runner.teardown_test_environment()
    return result
