"""gevent and eventlet, which patch the standard library: each in processes of its own."""

import functools
import json
import unittest

from .support import EXHAUSTIVE, is_there, needs, run_python, takes_long

PATCH = {
    "gevent": (
        "from gevent import monkey; monkey.patch_all()\nfrom gevent import spawn, sleep, joinall as join"
    ),
    "eventlet": (
        "import eventlet; eventlet.monkey_patch()\nfrom eventlet import spawn, sleep\n"
        "join = lambda greenlets: [each.wait() for each in greenlets]"
    ),
}
CONTRACTS = {
    "cachetools": "test.adapters.cachetools.test_cachetools_contract",
    "dogpile": "test.adapters.dogpile.test_dogpile_contract",
    "functools": "test.adapters.test_functools_contract",
    "pymemcache": "test.adapters.pymemcache.test_pymemcache_contract",
    # That of asyncio needs loops on several threads, and all greenlets are of one.
    "redis": "test.adapters.redis.test_redis_contract.RedisContract",
}

# Each is a program of its own: what goes wrong in one is that one's.
IN_TURN = """
import json, sys, traceback
problems = {}
for name, program in json.loads(sys.argv[1]).items():
    try:
        exec(compile(program, name, "exec"), dict(globals()))
    except BaseException:
        problems[name] = traceback.format_exc()
print(json.dumps(problems))
"""

OF_CONTRACTS = """
import unittest
suite = unittest.defaultTestLoader.loadTestsFromNames({names!r})
result = unittest.TextTestRunner(verbosity=0).run(suite)
assert result.testsRun > 10 * {count} and result.wasSuccessful(), result
"""

TWO_SCOPES = """
from threading import Thread
from cachetest import MockBackend, PatchCaches

backend = MockBackend("c")
found = {}

def child(key):
    sleep(0.001)
    backend.get(key)
    grandchild = spawn(backend.get, key)
    join([grandchild])

def test(name):
    with PatchCaches() as patch:
        sleep(0.01)
        join([spawn(child, (name, n)) for n in range(5)])
        thread = Thread(target=backend.get, args=((name, "thread"),))
        thread.start()
        thread.join()
        sleep(0.01)
    found[name] = [each.key for each in patch.caches.c.operations]

join([spawn(test, name) for name in "ab"])
assert sorted(found) == ["a", "b"], found
for name, keys in found.items():
    assert len(keys) == 11 and {key[0] for key in keys} == {name}, found
"""

FROM_BEFORE = """
from cachetest import MockBackend, PatchCaches

backend = MockBackend("c")
go = []

def old():
    while not go:
        sleep(0)
    backend.get("old")

worker = spawn(old)
sleep(0)
with PatchCaches() as patch:
    go.append(1)
    join([worker])
    # A greenlet whose function is the backend's own has no line that calls it.
    join([spawn(backend.get, n) for n in range(3)])
assert patch.caches.c.counts() == (0, 0, 4), patch.caches.report()

# Of a block that a greenlet is in another sees no frame, and leaves it open all the same.
def hold():
    with PatchCaches() as patch:
        inside.append(patch)
        while len(inside) < 2:
            sleep(0)
        backend.get("held")
    assert patch.caches.c.counts() == (0, 0, 1)

inside = []
holding = spawn(hold)
while not inside:
    sleep(0)
with PatchCaches():
    inside.append(1)
join([holding])
"""

CALLERS = """
import unittest
from cachetest import CacheTestCase, MockBackend

class Tests(CacheTestCase):
    def runTest(self):
        backend = MockBackend("c")
        for check in (self.assertCacheSingleFlight, self.assertCacheAtomic):
            with self.assertRaisesRegex(RuntimeError, "has put greenlets in their place"):
                check("c", lambda: backend.get("a"))

result = unittest.TestResult()
Tests().run(result)
assert result.wasSuccessful(), result.errors + result.failures
"""


@functools.cache
def problems_of(library, **programs):
    """Return the tracebacks of the *programs* that have failed where *library* is in force, by their names.

    One process runs all of them: to start one takes longer than most of this.
    """
    child = run_python("-W", "ignore", "-c", PATCH[library] + IN_TURN, json.dumps(programs))
    if child.returncode:
        raise AssertionError(child.stdout + child.stderr)
    return {name: told + child.stderr for name, told in json.loads(child.stdout.splitlines()[-1]).items()}


class GreenletCase:
    """What holds with each library."""

    library = ""

    def check(self, name):
        some = CONTRACTS if EXHAUSTIVE or self.library == "gevent" else ("cachetools", "redis")
        modules = [CONTRACTS[each] for each in some if is_there(each)]
        contracts = OF_CONTRACTS.format(names=modules, count=len(modules))
        problems = problems_of(
            self.library, scopes=TWO_SCOPES, before=FROM_BEFORE, contracts=contracts, callers=CALLERS
        )
        if name in problems:
            self.fail(problems[name])

    def test_callers_at_once(self):
        """What has threads for callers is refused: a greenlet that is held would hold all of them."""
        self.check("callers")

    def test_contracts(self):
        """Every case of each contract holds where its threads are greenlets, in one scope and in two."""
        self.check("contracts")

    @needs("django", "Django")
    @takes_long
    def test_contract_of_django(self):
        """So does that of Django, whose project has a process to itself."""
        names = "django_contract_checks"
        program = (
            "import io, json, contextlib",
            "from test.adapters.django.django_project import run_checks",
            "with contextlib.redirect_stdout(io.StringIO()) as printed:",
            f"    run_checks({names!r})",
            f"problems = json.loads(printed.getvalue())[{names!r}]",
            # Callers at once are refused: see `test_callers_at_once`.
            "found = [each for told in problems.values() for each in told]",
            "left = [each for each in found if 'greenlets in their place' not in each]",
            "assert problems and not left, left",
        )
        self.assertEqual(problems_of(self.library, django="\n".join(program)), {})

    def test_scopes(self):
        """Of two tests at once each has what its own greenlets do, and those that these spawn."""
        self.check("scopes")

    def test_from_before(self):
        """One scope has what any greenlet does; a block belongs to the greenlet that is in it."""
        self.check("before")


@needs("gevent", "gevent")
class GeventTests(GreenletCase, unittest.TestCase):
    library = "gevent"


@needs("eventlet", "eventlet")
class EventletTests(GreenletCase, unittest.TestCase):
    library = "eventlet"


if __name__ == "__main__":
    unittest.main()
