"""What makes the tests quicker under pytest."""

import gc
import os
import sys
import tempfile


def pytest_configure(config):
    """Keep the bytecode of a run, in a folder of its own, where Python is told to write none.

    The tests start hundreds of programs, and each would compile the library that it imports.
    """
    if sys.dont_write_bytecode:
        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        config.add_cleanup(folder.cleanup)
        # The workers of pytest-xdist, and the programs, have it from the environment.
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = folder.name
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        sys.dont_write_bytecode = False


def pytest_collection_finish():
    """Have the garbage collector pass over what is there before the first test: it stays."""
    gc.freeze()
