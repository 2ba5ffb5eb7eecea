"""What passes on the real store and not through an adapter: found, and kept in ``differences.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from .reasons import REASONS, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .catalogue import Suite
    from .running import Outcome

__all__ = ["FILE", "Found", "differing", "find", "load", "new_ones", "reason_of", "save"]

FILE = Path(__file__).parent / "differences.json"


@dataclass
class Found:
    """What a suite came to.

    *real* is how many tests passed on the real store. *differences* has, for each of them that did not pass
    through the adapter, the name of its reason, empty where nobody has given one yet.
    """

    release: str
    real: int
    differences: dict[str, str]


def differing(real: Mapping[str, Outcome], ours: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """Return what came through the adapter of the tests that passed on the *real* store alone."""
    passed = [test for test, (outcome, _) in real.items() if outcome == "passed"]
    came = {test: ours.get(test, ("absent", "")) for test in passed}
    return {test: outcome for test, outcome in came.items() if outcome[0] != "passed"}


def find(suite: Suite, real: Mapping[str, Outcome], ours: Mapping[str, Outcome]) -> Found:
    """Return what *suite* came to on the *real* store and through ours."""
    passed = sum(outcome == "passed" for outcome, _ in real.values())
    reasons = {test: reason_of(suite, test, text) for test, (_, text) in differing(real, ours).items()}
    return Found(version(suite.project), passed, dict(sorted(reasons.items())))


def new_ones(found: Mapping[str, str], known: Mapping[str, str]) -> list[str]:
    """Return those of the tests *found* that are not *known*, both with their reasons.

    A function that is known is so with other parameters, for the same reason: with hiredis some have others.
    """
    functions = {(test.partition("[")[0], reason) for test, reason in known.items() if reason}
    return [
        test
        for test, reason in found.items()
        if test not in known and (test.partition("[")[0], reason) not in functions
    ]


def reason_of(suite: Suite, test: str, text: str) -> str:
    """Return the name of the first reason for *test* of *suite*, which failed with *text*, or none."""
    for name, reason in REASONS.items():
        if _is_for(reason, suite, test, text):
            return name
    return ""


def _is_for(reason: Reason, suite: Suite, test: str, text: str) -> bool:
    if not suite.name.startswith(reason.suites):
        return False
    return reason.tests.search(test) is not None and reason.text.search(text) is not None


def load() -> dict[str, Found]:
    """Return the table: what each suite came to, by its name."""
    return {name: Found(**found) for name, found in json.loads(FILE.read_text("utf-8")).items()}


def save(table: Mapping[str, Found]) -> None:
    """Write the table."""
    text = json.dumps({name: vars(found) for name, found in sorted(table.items())}, indent=1)
    FILE.write_text(f"{text}\n", "utf-8")
