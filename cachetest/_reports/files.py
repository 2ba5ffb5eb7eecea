"""The files that a report is written to, by their endings."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from .html import write_html
from .layout import write_json
from .plain_text import write_text
from .record import merge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from .record import Recorded

    Write = Callable[[Recorded, TextIO], None]

__all__ = ["GITHUB", "merge", "validate_report", "write_reports"]

GITHUB = "github"
"""In place of a path: a summary in Markdown, for the page that GitHub Actions shows of a job."""

_WRITERS: dict[str, Write] = {".txt": write_text, ".json": write_json, ".html": write_html}


def validate_report(path: str) -> str:
    """Return *path*; raise ``ValueError`` where its ending is unknown or its folder is missing."""
    if path == GITHUB:
        return path
    if os.path.splitext(path)[1].lower() not in _WRITERS:
        known = ", ".join(_WRITERS)
        raise ValueError(f"a report ends in {known}, or is the word {GITHUB!r}, and not {path!r}")
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise ValueError(f"the report {path!r} can't be written: there is no folder {folder!r}")
    return path


def write_reports(paths: Sequence[str], record: Recorded) -> None:
    """Write *record* to each of *paths*; raises what `validate_report` does before any is written.

    A file that is there already is replaced when the new one is complete.
    """
    for path in paths:
        validate_report(path)
    for path in paths:
        if path == GITHUB:
            _write_github(record)
        else:
            _replace(path, _WRITERS[os.path.splitext(path)[1].lower()], record)


def _replace(path: str, write: Write, record: Recorded) -> None:
    partial = f"{path}.{os.getpid()}.part"
    try:
        # Half of a surrogate pair is in no encoding.
        with open(partial, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            write(record, file)
        os.replace(partial, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.remove(partial)
        raise


def _write_github(record: Recorded) -> None:
    from .markdown import write_markdown

    # GitHub Actions names the file to add to; elsewhere it is printed.
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if not summary:
        write_markdown(record, sys.stdout)
        return
    with open(summary, "a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        write_markdown(record, file)
