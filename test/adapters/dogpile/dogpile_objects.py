"""Regions, as a program has them in a module."""

import os
import tempfile

from dogpile.cache import make_region

# It goes with the module. No entry of a test is ever in there.
_folder = tempfile.TemporaryDirectory()

in_memory = make_region().configure("dogpile.cache.memory")
on_file = make_region().configure(
    "dogpile.cache.dbm", arguments={"filename": os.path.join(_folder.name, "entries.dbm")}
)
