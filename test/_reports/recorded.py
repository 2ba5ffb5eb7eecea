"""Runs that are recorded, for the tests of what is written of them."""

import tempfile
import unittest
from pathlib import Path

from cachetest import MockBackend, PatchCaches
from cachetest._reports.files import write_reports
from cachetest._reports.reading import read_report
from cachetest._reports.recorder import Recorder
from cachetest._reports.why import compare

HOSTILE = "</script>\u202e\ud800\x1b[31m\n| `x` <img src=x onerror=alert(1)> " + "x" * 1_000_000


def record(block, label=None):
    """Return a recorder that has one scope: what *block* does there, called with a backend and the scope."""
    recorder = Recorder()
    with recorder, PatchCaches() as patch:
        block(MockBackend("prices"), patch.caches)
    if label is not None:
        recorder.tests[-1].label = label
    return recorder


class ReportCase(unittest.TestCase):
    """A test with a folder for its reports."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, recorder, ending=".json"):
        """Return the path of a new report of *recorder*."""
        path = self.folder / f"report{len(list(self.folder.iterdir()))}{ending}"
        write_reports([str(path)], recorder)
        return path

    def compare(self, before, after):
        """Return how the run of the block *after* differs from that of *before*."""
        paths = [self.write(each if isinstance(each, Recorder) else record(each)) for each in (before, after)]
        return compare(*(read_report(str(path)) for path in paths))
