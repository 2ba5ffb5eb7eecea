"""The Django adapter: checks that run inside a project, in a child, and what holds without one."""

import json
import unittest

from ..support import needs, run_python

needs_django = needs("django", "Django")


@needs_django
class DjangoTests(unittest.TestCase):
    def check(self, name):
        """Run the checks of a module in the project; each of its tests is a subtest here."""
        child = run_python("-c", f"from test.adapters.django_project import run_checks; run_checks({name!r})")
        self.assertEqual(child.returncode, 0, child.stderr)
        reported = json.loads(child.stdout)
        self.assertGreater(len(reported["problems"]), 0)
        for test, problems in reported["problems"].items():
            with self.subTest(test):
                if problems:
                    self.fail("\n".join(problems))
        return reported

    def test_calls(self):
        """Each call counts what it should, and each cache is reached."""
        self.check("django_calls_checks")

    def test_contract(self):
        """The adapter does what every adapter has to."""
        self.check("django_contract_checks")

    @needs_redis_server
    @needs_memcached
    @needs("redis", "redis")
    @needs("pymemcache", "pymemcache")
    def test_replay(self):
        """Calls come to the same on the real in-memory, Redis and memcached back ends and on ours."""
        self.check("django_replay_checks")
