"""A model that a job compiles: it is in the remote cache then, for the servers that import this module."""

import multiprocessing

# Not torch itself: the key of a graph has the name of the first module in it that has that, which is
# `__mp_main__` for a main script that has imported multiprocessing before.
from torch import compile as compiled
from torch import ones


def turned(table):
    """Return *table* with its rows as columns."""
    return table.t()


def answer():
    """Return what the model says, compiled."""
    return compiled(turned)(ones(2, 3)).tolist()


def workers():
    """Return how many processes a server has."""
    return multiprocessing.cpu_count()
