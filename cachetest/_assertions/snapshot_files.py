"""The files of snapshots: where they are, what they are called, and how they are read and written."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from .._telling.snapshots import plain
from .._telling.volatile import is_volatile
from ..errors import CacheTestError, closest_first

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "FOLDER",
    "VARIABLE",
    "SnapshotFile",
    "file_beside",
    "file_of",
    "mode",
    "name_of_subtest",
    "read",
    "safe",
    "write",
]

FOLDER = "snapshots"
VARIABLE = "CACHETEST_SNAPSHOTS"
_MODES = ("once", "none", "update")
# A file system takes 255 bytes, and a temporary file has some more.
_LONGEST = 180
_ODD = re.compile(r"[^\w.,=+-]")


class SnapshotFile(NamedTuple):
    """The file of a snapshot: its folder, and its name without the suffix."""

    folder: Path
    name: str

    @property
    def path(self) -> Path:
        return self.folder / f"{self.name}.txt"

    def __str__(self) -> str:
        return f"{FOLDER}/{self.name}.txt"


def mode() -> str:
    """Return what is done with snapshots: ``"once"``, ``"none"`` or ``"update"``.

    Raises ``ValueError`` where the environment says anything else.
    """
    given = os.environ.get(VARIABLE, "")
    if given in _MODES:
        return given
    if given:
        closest, *others = closest_first(given, _MODES)
        raise ValueError(
            f"{VARIABLE} must be {closest!r}, the closest, or {' or '.join(map(repr, others))}, not {given!r}"
        )
    return "none" if os.environ.get("CI", "").lower() not in ("", "0", "false") else "once"


def safe(text: str) -> str:
    """Return *text* as a part of a file's name, another one for each."""
    found = _ODD.sub("_", text)
    return found if found == text else f"{found}-{crc32(text.encode('utf-8', 'backslashreplace')):08x}"


def name_of_subtest(msg: object, params: Mapping[str, object]) -> str:
    """Return the part of a name that tells of a subtest; raises ``ValueError`` if it is another each time."""
    told = [] if msg is None else [plain(msg)]
    told += [f"{name}={plain(value)}" for name, value in params.items()]
    text = ",".join(told)
    if is_volatile(text):
        raise ValueError(
            f"the subtest {text} has an address or a uuid in its name, which is another one in each run, so "
            "that its snapshot would never be found again: give it what is the same each time"
        )
    return f"[{safe(text)}]"


def file_of(cls: type, test: str, subtests: Sequence[str] = (), place: int = 1) -> SnapshotFile:
    """Return the file of the snapshot of a *test* of *cls*: in its subtests, and which one in the same place.

    Raises `CacheTestError` where the class is in no file.
    """
    found = getattr(sys.modules.get(cls.__module__), "__file__", None)
    module = None if found is None else Path(found).absolute()
    if module is None or not module.parent.is_dir():
        raise CacheTestError(
            f"there is no place for the snapshots of {cls.__qualname__}: they are kept beside the file of "
            f"its module, and {cls.__module__!r} has none"
        )
    return file_beside(module, (cls.__qualname__, test), subtests, place)


def file_beside(
    module: Path, names: Sequence[str], subtests: Sequence[str] = (), place: int = 1
) -> SnapshotFile:
    """Return the file of the snapshot of the test in *module* that *names* lead to; as `file_of` does.

    Parameters of the test are in square brackets, as its last name.
    """
    stem = module.parent.name if module.stem == "__init__" else module.stem
    parts = [f"[{safe(each[1:-1])}]" if each.startswith("[") else f".{safe(each)}" for each in names]
    name = f"{safe(stem)}{''.join(parts)}{''.join(subtests)}"
    if len(name.encode()) > _LONGEST:
        name = f"{name[: _LONGEST // 2]}-{crc32(name.encode()):08x}"
    return SnapshotFile(module.parent / FOLDER, name if place == 1 else f"{name}-{place}")


def read(file: SnapshotFile) -> list[str] | None:
    """Return the lines of *file*, None where it is not there; raises `CacheTestError` if it can't be read."""
    try:
        return file.path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise CacheTestError(f"{file} can't be read: {error}; delete it, and it is written anew") from error


def write(file: SnapshotFile, lines: Sequence[str]) -> None:
    """Write *lines* into *file*: whoever reads it meanwhile finds all of the old or all of the new ones.

    Raises `CacheTestError` if that can't be done.
    """
    temporary = None
    try:
        file.folder.mkdir(exist_ok=True)
        handle, temporary = tempfile.mkstemp(".tmp", f".{file.name}.", file.folder)
        with open(handle, "w", encoding="utf-8", newline="\n") as opened:
            opened.write("".join(f"{line}\n" for line in lines))
        # It would be readable by its owner alone.
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, file.path)
        temporary = None
    except OSError as error:
        raise CacheTestError(f"{file} can't be written: {error}") from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)


def _umask() -> int:
    # There is no way to ask for it but to set it, which another thread would notice.
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1], 8) for line in status if line.startswith("Umask:"))
    except (OSError, StopIteration):
        return 0o022
