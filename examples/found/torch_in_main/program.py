"""A model that a job compiles: it is in the remote cache then, for the servers that import this module."""

import multiprocessing

import torch


def turned(table):
    """Return *table* with its rows as columns."""
    return table.t()


def answer():
    """Return what the model says, compiled."""
    return torch.compile(turned)(torch.ones(2, 3)).tolist()


def workers():
    """Return how many processes a server has."""
    return multiprocessing.cpu_count()
