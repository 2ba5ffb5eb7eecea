"""The source distributions of the libraries, in the releases that are installed: downloaded and unpacked."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import threading
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["unpack"]


_downloading = threading.Lock()


def _plain(name: str) -> str:
    """Return *name* without what projects write in one way or the other."""
    return re.sub(r"[-_.]", "_", name).lower()


def _downloaded(project: str, folder: Path) -> Path:
    """Return the sdist of *project* in *folder*, where pip puts it if it is not there."""
    release = version(project)
    # Both runs of a suite ask for it at once.
    with _downloading:
        return _found_or_downloaded(project, release, folder)


def _found_or_downloaded(project: str, release: str, folder: Path) -> Path:
    wanted = _plain(f"{project}-{release}.tar.gz")
    for is_last in (False, True):
        for path in folder.glob("*.tar.gz"):
            if _plain(path.name) == wanted:
                return path
        if not is_last:
            options = ["--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(folder)]
            command = [sys.executable, "-m", "pip", "download", *options, f"{project}=={release}"]
            subprocess.run(command, check=True)
    raise RuntimeError(f"pip has downloaded no sdist of {project} {release} to {folder}")


def unpack(project: str, sdists: Path, into: Path) -> Path:
    """Unpack the sdist of *project* from the folder *sdists* to the folder *into*, and return its root."""
    with tarfile.open(_downloaded(project, sdists)) as sdist:
        # Since 3.14, and in the later patch releases of the others, "data" is known.
        sdist.extractall(into, filter="data") if hasattr(tarfile, "data_filter") else sdist.extractall(into)
    (root,) = into.iterdir()
    return root
