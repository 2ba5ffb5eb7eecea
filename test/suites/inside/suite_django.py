"""A test runner for Django's own ``runtests.py``: writes the results, in a scope of the adapters."""

from __future__ import annotations

import unittest
from typing import Any

from django.test.runner import DiscoverRunner
from suite_results import LeftOut, Results, open_scope

_results = Results()
_left_out = LeftOut()


class _Result(unittest.TextTestResult):
    def startTest(self, test: unittest.TestCase) -> None:
        _results.start(test.id())
        self._outcome = "passed", ""
        super().startTest(test)

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        super().addError(test, err)
        self._fail(test, self.errors[-1][1])

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addFailure(test, err)
        self._fail(test, self.failures[-1][1])

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._outcome = "failed", self._exc_info_to_string(err, test)

    def _fail(self, test: unittest.TestCase, text: str) -> None:
        self._outcome = "failed", text
        if not isinstance(test, unittest.TestCase):
            # What a class or module sets up.
            _results.end(test.id(), *self._outcome)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        self._outcome = "skipped", ""

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        _results.end(test.id(), *self._outcome)


class Runner(DiscoverRunner):
    """Django's runner, which leaves out what has been run before."""

    def get_resultclass(self) -> type[unittest.TextTestResult]:
        return _Result

    def run_suite(self, suite: Any, **kwargs: Any) -> Any:
        left = [test for test in suite if test.id() not in _left_out]
        scope = open_scope()
        try:
            return super().run_suite(type(suite)(left), **kwargs)
        finally:
            if scope is not None:
                scope.__exit__(None, None, None)
