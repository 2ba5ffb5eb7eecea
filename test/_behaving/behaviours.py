"""What the tests put in force, and the test case that they do it in."""

from cachetest import MockBackend
from cachetest._behaving.gate import MISSING
from cachetest._caches.scope import Scope, close_scope, open_scope

from .._caches.scopes import ScopeCase


def refuses(call, proceed):
    raise OSError("down")


def loses(call, proceed):
    """Do the call, and have it find nothing."""
    proceed()
    return MISSING


def put_in_force(scope, *behaviours):
    """Have *behaviours*, the innermost last, and no others act before each call to the caches of *scope*."""
    caches = scope.caches
    for each in caches._in_force:
        caches._end(each)
    for each in behaviours:
        caches._begin(each)


class Records:
    """A behaviour that lets every call go on, and keeps what it was told of it."""

    def __init__(self, name="", order=None):
        self.name = name
        self.calls = []
        self.order = [] if order is None else order

    def __call__(self, call, proceed):
        self.calls.append(call)
        self.order.append(f"{self.name} before")
        result = proceed()
        self.order.append(f"{self.name} after")
        return result


class InForceCase(ScopeCase):
    def setUp(self):
        super().setUp()
        self.scope = Scope("a test", ("c",))
        open_scope(self.scope)
        self.addCleanup(close_scope, self.scope)
        self.cache = self.scope.caches["c"]
        self.backend = MockBackend("c")

    def logged(self, *names):
        return [tuple(getattr(each, name) for name in names) for each in self.cache.operations]
