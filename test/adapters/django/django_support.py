"""Helpers of several checks of the Django adapter; imported inside `django_project`."""

import threading

from django.conf import settings
from django.core.cache import CacheHandler


def named(function, number, given):
    return f"{function.__name__}_{given.args[0]}"


def on_a_thread(function):
    """Return what *function* returns on a thread of its own."""
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def kinds(operations):
    return [operation.kind for operation in operations]


def held_by_hand(alias):
    """Return an object like that of *alias* which `caches` does not know of."""
    return CacheHandler(settings.CACHES)[alias]
