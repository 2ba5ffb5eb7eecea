"""What is pickled for another process: it joins there, and in this one it does nothing."""

import os
import pickle
import unittest

from cachetest._sharing import jobs
from cachetest._sharing.joined import Parent, current_parent

from .children_support import counted_in, needs_fork, run_forked, use_mock


def parent_of(process):
    return Parent(process, "a test", "", 1, "given work")


class Named:
    """A callable object with a name of its own."""

    kind = "named"

    def __call__(self):
        return 7


class JobTests(unittest.TestCase):
    def test_here(self):
        """In the process that it was made in, a job is its function."""
        job = jobs.JoiningJob(os.getpid, parent_of(os.getpid()))
        self.assertEqual(job(), os.getpid())
        self.assertIs(job.__wrapped__, os.getpid)

    def test_looks_like_it(self):
        """It has the attributes of its function, but for those that say how it is pickled or copied."""
        job = jobs.JoiningJob(Named(), parent_of(1))
        self.assertEqual(job.kind, "named")
        for name in ("other", "__deepcopy__"):
            with self.assertRaises(AttributeError):
                getattr(job, name)

    def test_pickled(self):
        job = pickle.loads(pickle.dumps(jobs.JoiningJob(os.getpid, parent_of(os.getpid()))))
        self.assertEqual(job(), os.getpid())

    @needs_fork
    def test_there(self):
        """In another process it works for the test while it is called, and no longer."""

        def body(_):
            there = _told_by_fork()
            return run_forked(_do_job, there)

        (before, within, after), counts, _ = counted_in(body)
        self.assertEqual((before, within, after, counts), (None, "done", None, (1, 0, 0)))


class NameTests(unittest.TestCase):
    def test_here(self):
        """Where it was made, a name is read as a name, and nobody waits for it."""
        name = jobs.JoiningName("test_a", parent_of(os.getpid()))
        self.assertEqual((name, name.done()), ("test_a", True))
        found = pickle.loads(pickle.dumps(name))
        self.assertEqual((found, type(found)), ("test_a", str))

    @needs_fork
    def test_there(self):
        """Who reads it in another process works for its test, until the next one is read."""

        def body(_):
            return run_forked(_read_names, _told_by_fork())

        told, counts, _ = counted_in(body)
        self.assertEqual((told, counts), ([["first", 1, "done"], ["second", 1, "done"]], (2, 0, 0)))


def _told_by_fork():
    """Return what a child that is forked here is told, as a text."""
    return run_forked(lambda: current_parent().as_text())


def _do_job(text):
    from cachetest._sharing import joined

    joined.enter(None)
    before = current_parent()
    job = jobs.JoiningJob(use_mock, Parent.from_text(text))
    return before, job(), current_parent()


def _read_names(text):
    from cachetest._sharing import joined

    joined.enter(None)
    told = []
    for each in ("first", "second"):
        name = pickle.loads(pickle.dumps(jobs.JoiningName(each, Parent.from_text(text))))
        told.append([name, len(joined._jobs), use_mock()])
    return told


if __name__ == "__main__":
    unittest.main()
