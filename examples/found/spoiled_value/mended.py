"""Receipts, whose lines are kept by a memoised function."""

import functools

prices = {"lamp": 4.0, "chair": 9.0}


@functools.cache
def lines(*items):
    """Return a line for each of *items*."""
    return [f"{item}: {prices[item]:.2f}" for item in items]


def receipt(*items):
    """Return the receipt for *items*."""
    # A new list: the other is everybody's.
    return "\n".join([*lines(*items), "Thank you!"])
