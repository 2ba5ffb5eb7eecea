"""Random programs of scopes, threads and operations, checked after each step against a simple model."""

from __future__ import annotations

import unittest
import warnings
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from cachetest import MockBackend, PatchCaches
from cachetest._caches.scope import Scope
from cachetest._recording.uncounted import forget_uncounted, take_uncounted
from cachetest.errors import CacheTestWarning, LateOperationWarning

from ._caches.actors import Actor
from .support import expand, ignore_collected, sample_or_all

PROGRAMS = 2_000
KEYS = 3
RUNNERS = 2


class Runner(Actor):
    """An actor that knows the blocks that it is in, and the mark that it should have."""

    def __init__(self, mark=None):
        super().__init__()
        self.mark = mark
        self.blocks = []


class ModelScope:
    """What a scope should be: its counts, its entries, and its place."""

    def __init__(self, actor):
        self.found = actor.mark
        self.parent = actor.mark if actor.mark is not None and actor.mark.open else None
        self.actor = actor
        self.open = True
        self.counts = [0, 0, 0]
        self.entries = {}

    def around(self):
        """Return this scope and those around it."""
        return [self] if self.parent is None else [self, *self.parent.around()]


class World:
    """Runs a program on cachetest and on the model, and compares."""

    def __init__(self):
        self.backend = MockBackend("c")
        self.pool = ThreadPoolExecutor(1)
        self.pool.submit(int).result()
        self.actors = [Runner() for _ in range(RUNNERS)]
        for actor in self.actors:
            actor.thread.start()
        self.scopes = []
        # Operations that belong to nobody: (scopes that could have caused it, scope that had ended).
        self.strays = []

    # The model.

    def open_scopes(self):
        return [scope for scope, _ in self.scopes if scope.open]

    def innermost(self, scope):
        inner = [s for s in self.open_scopes() if s.parent is scope and s.actor is scope.actor]
        return self.innermost(inner[0]) if len(inner) == 1 else scope

    def owner(self, mark):
        if mark is not None:
            return self.innermost(mark) if mark.open else mark
        still_open = self.open_scopes()
        roots = [scope for scope in still_open if scope.parent not in still_open]
        if len(roots) == 1:
            leaf = self.innermost(roots[0])
            if len([s for s in leaf.around() if s in still_open]) == len(still_open):
                return leaf
        return None

    def mark_for(self, actor):
        """What is handed on by *actor*: hooks are there only while a scope is open.

        A thread that has no mark, since it is from before, hands none on.
        """
        return self.owner(actor.mark) if self.open_scopes() and actor.mark is not None else None

    def expect(self, mark, kind, key):
        """Count an operation on the model, and return the value that a get should have."""
        owner = self.owner(mark)
        if owner is None:
            self.strays.append(([*self.open_scopes()], None))
            event("unattributed" if self.open_scopes() else "outside")
            return ...
        if not owner.open:
            self.strays.append(([], owner))
            event("late")
            return ...
        if kind == "put":
            owner.counts[0] += 1
            owner.entries[key] = key
            return None
        owner.counts[1 if key in owner.entries else 2] += 1
        return owner.entries.get(key)

    # The steps.

    def enter(self, actor, _):
        patch = PatchCaches()
        actor.do(patch.__enter__)
        scope = ModelScope(actor)
        self.scopes.append((scope, patch.caches))
        actor.blocks.append((scope, patch))
        actor.mark = scope
        event(f"nested {len(scope.around())} deep")

    def leave(self, actor, error):
        if not actor.blocks:
            return
        scope, patch = actor.blocks.pop()
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            ignore_collected()
            raised = ""
            try:
                actor.do(lambda: patch.__exit__(error and type(error), error, None))
            except AssertionError as problem:
                raised = str(problem)
        if error is not None:
            raised = "".join(str(each.message) for each in warned if each.category is CacheTestWarning)
        scope.open = False
        if actor.mark is scope:
            around = scope.around()
            actor.mark = next((each for each in around if each.open), around[-1].found)
        unattributed = own = others = 0
        kept = []
        for suspects, ended in self.strays:
            if suspects:
                unattributed += scope in suspects
                suspects = [each for each in suspects if each is not scope]
                if suspects:
                    kept.append((suspects, None))
            elif ended is not None and scope in ended.around():
                own += 1
            else:
                others += 1
        self.strays = kept
        told = sum(1 for each in warned if each.category is LateOperationWarning)
        assert (raised.count("unattributed:"), raised.count("late:"), told) == (unattributed, own, others)

    def exit(self, actor, _):
        self.leave(actor, None)

    def raises(self, actor, _):
        self.leave(actor, ValueError("own"))

    def put(self, actor, key):
        self.expect(actor.mark, "put", key)
        actor.do(lambda: self.backend.put(key, key))

    def get(self, actor, key):
        value = self.expect(actor.mark, "get", key)
        found = actor.do(lambda: self.backend.get(key))
        assert value is ... or found == value

    def reset(self, actor, _):
        if actor.blocks:
            scope, patch = actor.blocks[-1]
            actor.do(patch.caches.reset)
            scope.counts, scope.entries = [0, 0, 0], {}

    def start(self, actor, _):
        child = Runner(self.mark_for(actor))
        actor.do(child.thread.start)
        self.actors.append(child)

    def hand_over(self, actor, key):
        self.expect(self.mark_for(actor), "put", key)
        actor.do(lambda: self.pool.submit(self.backend.put, key, key).result())

    def check(self):
        for scope, caches in self.scopes:
            cache = caches.get("c")
            counts = [0, 0, 0] if cache is None else list(cache.counts())
            assert counts == scope.counts, (counts, scope.counts)
            assert ({} if cache is None else cache.cache) == scope.entries

    def run(self, program):
        try:
            for name, who, key in program:
                getattr(self, name)(self.actors[who % len(self.actors)], key)
                self.check()
            for actor in self.actors:
                while actor.blocks:
                    self.leave(actor, None)
            self.check()
            left = take_uncounted(Scope("nobody"))
            assert len(left.others_late if left else ()) == len(self.strays)
            assert not (left and left.unattributed)
            assert not (left and left.own_late)
        finally:
            self.abandon()

    def abandon(self):
        """Leave nothing open, and nothing to tell, for what comes after a program that failed."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for actor in self.actors:
                for _, patch in reversed(actor.blocks):
                    actor.do(lambda patch=patch: patch.__exit__(ValueError, ValueError(), None))
                actor.stop()
        self.pool.shutdown()
        take_uncounted(Scope("nobody"))
        # What is unattributed is kept for scopes that a broken line has kept from asking for it.
        forget_uncounted()


SETTINGS = settings(
    max_examples=PROGRAMS,
    deadline=None,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
STEPS = ("enter", "exit", "raises", "put", "put", "get", "get", "reset", "start", "hand_over")
programs = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(0, 4), st.integers(0, KEYS - 1)),
    min_size=1,
    max_size=30,
)


class BrokenTests(unittest.TestCase):
    """That the model finds out when a line of what it checks is broken."""

    @expand(
        [
            (
                "threads unmarked",
                "cachetest._caches.thread_hooks.bind_to_scope",
                lambda scope, function, work, **more: function,
            ),
            (
                "blocks not nested",
                "cachetest._caches.attribution._innermost",
                lambda scope, spawner, still_open: [scope],
            ),
            ("late as if in time", "cachetest._caches.uncounted_notes.add_uncounted", lambda stray: None),
            ("nothing told", "cachetest._patching.session.take_uncounted", lambda scope: None),
        ],
        quick=1,
    )
    def test_found_out(self, _, target, broken):
        """A program that shows the break is among the random ones."""
        check = settings(parent=SETTINGS, phases=[Phase.generate])(
            given(programs)(lambda program: World().run(program))
        )
        with mock.patch(target, broken), self.assertRaises(AssertionError):
            check()


class ModelTests(unittest.TestCase):
    @settings(parent=SETTINGS, max_examples=sample_or_all(100, of=PROGRAMS))
    @given(programs)
    def test_programs(self, program):
        """Whatever a program does, each operation is counted once, where it belongs, or told of."""
        World().run(program)


if __name__ == "__main__":
    unittest.main()
