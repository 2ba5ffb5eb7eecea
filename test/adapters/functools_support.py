"""A memoised function for the tests of the functools adapter."""

import functools


def squares(decorate=functools.cache):
    """Return a memoised function that nobody else has."""

    @decorate
    def square(number):
        if number < 0:
            raise ValueError("negative")
        return number * number

    return square
