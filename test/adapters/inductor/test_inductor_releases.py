"""The inductor adapter on every release of torch that it is for, each written out by `torch_tree`."""

import functools
import itertools
import json
import unittest

from ...support import EXHAUSTIVE, expand, run_python
from .release_checks import CHECKS, Checks
from .release_checks import __name__ as checks_module
from .torch_tree import RELEASES

# The oldest and the newest.
SAMPLE = ("2.6.0", "2.15.0")


@functools.cache
def reported(version):
    child = run_python("-c", f"from {checks_module} import run_checks; run_checks({version!r})")
    if child.returncode:
        raise AssertionError(f"the checks of torch {version} did not finish:\n{child.stderr}")
    return json.loads(child.stdout)


def _name(function, number, given):
    version, check = given.args
    return f"{check}_torch_{version.replace('.', '_')}"


def _doc(function, number, given):
    version, check = given.args
    return f"torch {version}: {vars(Checks)[check].__doc__}"


class InductorReleaseTests(unittest.TestCase):
    @expand(
        [*itertools.product(RELEASES if EXHAUSTIVE else SAMPLE, CHECKS)],
        quick=4,
        name_func=_name,
        doc_func=_doc,
    )
    def test(self, version, check):
        problems = reported(version)[check]
        if problems:
            self.fail("\n".join(problems))
