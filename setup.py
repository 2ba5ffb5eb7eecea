"""Everything is declared in setup.cfg, but for the name of the list of what else an sdist has."""

from setuptools import setup
from setuptools.command.egg_info import manifest_maker

# Among the dot-files, where the other settings are.
manifest_maker.template = ".manifest.in"
setup()
