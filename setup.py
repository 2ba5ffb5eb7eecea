"""Everything is declared in setup.cfg, but for two things.

One is the name of the list of what else an sdist has. The other is a file beside the package in the wheel:
``cachetest.pth``, which the `site` module of each Python reads as it starts. By its one line a process that a
test has started learns of the test.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.egg_info import manifest_maker

# Nearly every process that reads it is of no test, and goes on at once.
LINE = "import os; 'CACHETEST_JOIN' in os.environ and __import__('cachetest').join()\n"


class BuildWithPth(build_py):
    """Builds the package, and the file that has it join."""

    def run(self):
        super().run()
        # An editable install puts the checkout on the path and copies nothing.
        if not self.editable_mode:
            Path(self._pth()).write_text(LINE, encoding="utf-8")

    def get_outputs(self, include_bytecode=True):
        return [*super().get_outputs(include_bytecode), *([] if self.editable_mode else [self._pth()])]

    def _pth(self):
        return str(Path(self.build_lib, "cachetest.pth"))


# Among the dot-files, where the other settings are.
manifest_maker.template = ".manifest.in"
setup(cmdclass={"build_py": BuildWithPth})
