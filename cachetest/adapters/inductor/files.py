"""Entries as the files that torch reads: its own code then finds, decodes, checks and counts them."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["folder_of", "read_file", "write_file"]


@contextmanager
def folder_of(files: Mapping[str, object]) -> Iterator[str]:
    """Make a folder of *files*, by their names in it, for the block; what is no bytes is passed over."""
    with tempfile.TemporaryDirectory(prefix="cachetest-") as folder:
        for name, content in files.items():
            write_file(os.path.join(folder, name), content)
        yield folder


def write_file(path: str, content: object) -> None:
    """Write *content* to a file at *path*, whose folders are made; what is no bytes is passed over."""
    if isinstance(content, bytes):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)


def read_file(*path: str) -> bytes | None:
    """Return the content of the file at *path*, None where there is none."""
    try:
        with open(os.path.join(*path), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
