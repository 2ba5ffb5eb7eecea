"""Regions, as a program has them in a module."""

import atexit
import os
import shutil
import tempfile

from dogpile.cache import make_region

# It goes with the process. No entry of a test is ever in there.
_folder = tempfile.mkdtemp()
atexit.register(shutil.rmtree, _folder)

in_memory = make_region().configure("dogpile.cache.memory")
on_file = make_region().configure(
    "dogpile.cache.dbm", arguments={"filename": os.path.join(_folder, "entries.dbm")}
)
