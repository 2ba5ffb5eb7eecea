"""The test suite that every adapter passes, for authors of adapters.

Say in a `Subject` how a program uses the library, and subclass `AdapterContract`, the mixin in front, to get
the cases::

    import unittest
    from typing import ClassVar

    import library  # the library that the adapter is for
    from cachetest.contract import MISSING, AdapterContract, Subject

    from library_adapter import LibraryAdapter


    class LibrarySubject(Subject):
        adapter = LibraryAdapter()
        caches = ("pages", "users")  # one or two of the adapter's caches

        def open(self, name):  # the object a program holds to use the cache, made before or inside the patch
            return library.Client(name)

        def get(self, client, key):
            return client.get(key, MISSING)

        def put(self, client, key, value):
            client.set(key, value)

        def delete(self, client, key):
            client.remove(key)

        def state(self):  # everything that has to be the same after the patch; compared with ==
            return library.backend, dict(library.settings)


    class LibraryContract(AdapterContract, unittest.TestCase):
        exceptions: ClassVar = {
            "expiry": "the library has no TTL",
            "many": "the library has no call for several keys",
        }

        def make_subject(self):
            return LibrarySubject()

Each test ``test_NAME`` is the case ``NAME``. `make_subject` is called outside any patch, once for each case;
it may use ``self.addCleanup`` and ``self.skipTest``. A method that `Subject` does not have by itself
(``delete``, ``get_many``, ``put_for`` and ``advance``, ...) is needed by the cases that call it only.

A case that does not apply is declared in ``exceptions`` with the reason, which it is then skipped with. It is
run all the same, and fails when it passes: the declaration is out of date. A declared name that is no case,
or an empty reason, is a ``ValueError`` when the class is made. `contract_table` runs suites and returns the
table of adapters and cases.
"""

from .._behaving.gate import MISSING
from .subject import Subject
from .suite import AdapterContract
from .table import contract_table

__all__ = ["MISSING", "AdapterContract", "Subject", "contract_table"]
