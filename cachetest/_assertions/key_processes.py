"""The fresh processes in which a function is called to see whether it looks up the same keys there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from .._sharing import children
from .key_texts import KeyText

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["FACTORS", "Outcome", "Processes", "Setting", "settings_of"]

# Nothing but sys is imported before the path is that of the test: the working directory is another.
_BOOT = (
    "import sys; sys.path[:] = sys.argv[3:]; from cachetest._assertions.key_child import main; "
    "main(*sys.argv[1:3])"
)
_ZONES = (
    ("Asia/Kolkata", "IST-05:30"),
    ("America/St_Johns", "NST03:30"),
    ("Pacific/Chatham", "CHAST-12:45"),
)
_LOCALES = (("de_DE.UTF-8", "fr_FR.UTF-8", "it_IT.UTF-8"), ("tr_TR.UTF-8", "sv_SE.UTF-8", "es_ES.UTF-8"))
_OUTPUT = 2_000

FACTORS = {
    "seed": "the seed of hash()",
    "folder": "the working directory",
    "zone": "the time zone",
    "locales": "the locale",
}
"""What is another in each process, by the field of `Setting`, as texts call it."""


class Setting(NamedTuple):
    """What a process has for itself."""

    seed: int
    folder: str
    zone: str | None
    locales: tuple[str, ...]
    ballast: int


class Outcome(NamedTuple):
    """What came of one process: its ``keys``, some ``facts``, or why there is none, and its output."""

    keys: Sequence[KeyText]
    facts: Mapping[str, Any]
    used: Sequence[str] = ()
    failed: str = ""
    output: str = ""


def settings_of(runs: int, folder: str) -> list[Setting]:
    """Return the settings of so many *runs*, all different; those after the first are below *folder*."""
    here = os.environ.get("TZ")
    try:
        first = os.getcwd()
    except OSError:
        # It is gone.
        first = folder
    zones = [each for each in map(_zone, _ZONES) if each != here]
    found = [Setting(1, first, here, (), 0)]
    for n in range(1, runs):
        inner = os.path.join(folder, *(["another"] * n))
        os.makedirs(inner, exist_ok=True)
        locales = _LOCALES[(n - 1) % len(_LOCALES)]
        found.append(Setting(n + 1, inner, zones[(n - 1) % len(zones)], locales, n * 10_000))
    return found


def _zone(names: tuple[str, str]) -> str:
    return names[0] if os.path.exists(os.path.join("/usr/share/zoneinfo", names[0])) else names[1]


class _Started(NamedTuple):
    process: subprocess.Popen[bytes]
    result: str
    output: str


class Processes:
    """The fresh processes of one assertion, which end with the block at the latest."""

    def __init__(self, task: Mapping[str, Any], timeout: float) -> None:
        self._task = task
        self._timeout = timeout
        self._started: list[_Started] = []
        self.folder = ""

    @contextmanager
    def opened(self) -> Iterator[Processes]:
        """Have a folder for the processes; whatever happens, none is left running."""
        with tempfile.TemporaryDirectory(prefix="cachetest-keys-", ignore_cleanup_errors=True) as folder:
            self.folder = os.path.realpath(folder)
            try:
                yield self
            finally:
                for each in self._started:
                    _end(each.process)

    def run(self, settings: Sequence[Setting]) -> list[Outcome]:
        """Call the function once in each of *settings*, all at a time, and return what came of each."""
        started = [self._start(each) for each in settings]
        until = monotonic() + self._timeout
        return [self._wait(each, until) for each in started]

    def _start(self, setting: Setting) -> _Started:
        name = os.path.join(self.folder, f"run-{len(self._started)}")
        task = {**self._task, "ballast": setting.ballast, "locales": setting.locales}
        with open(f"{name}.task", "w", encoding="utf-8") as file:
            json.dump(task, file)
        environment = {**os.environ, "PYTHONHASHSEED": str(setting.seed)}
        environment.pop("TZ", None)
        if setting.zone is not None:
            environment["TZ"] = setting.zone
        command = [sys.executable, "-c", _BOOT, f"{name}.task", f"{name}.result", *_path()]
        with open(f"{name}.output", "wb") as output:
            process = subprocess.Popen(
                command,
                cwd=setting.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Its own children end with it.
                start_new_session=True,
            )
        started = _Started(process, f"{name}.result", f"{name}.output")
        self._started.append(started)
        return started

    def _wait(self, started: _Started, until: float) -> Outcome:
        try:
            status = started.process.wait(max(0.0, until - monotonic()))
        except subprocess.TimeoutExpired:
            _end(started.process)
            failed = f"had not told its keys after {self._timeout:g} s, and was ended"
            return Outcome((), {}, failed=failed, output=_read_end(started.output))
        try:
            with open(started.result, encoding="utf-8") as file:
                result = json.load(file)
        except OSError:
            failed = f"ended {_status(status)} before it had told its keys"
            return Outcome((), {}, failed=failed, output=_read_end(started.output))
        if "error" in result:
            return Outcome((), {}, failed=f"raised {result['error']}", output=result["traceback"])
        keys = [KeyText.of_data(each) for each in result["keys"]]
        return Outcome(keys, result["facts"], result["used"])


def _path() -> list[str]:
    """Return the folders in which this process finds modules, none of them relative."""
    found = [os.path.abspath(each) for each in sys.path]
    own = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return list(dict.fromkeys([*found, own]))


def _status(status: int) -> str:
    if status >= 0:
        return f"with exit status {status}"
    with suppress(ValueError):
        return f"by {signal.Signals(-status).name}"
    return f"by signal {-status}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill *process* and what it has started; harmless where it has ended."""
    if process.returncode is None:
        for child in [] if children.state is None else list(children.state.by_serial.values()):
            if child.process == process.pid:
                # It may not have come to say that it is a child of the test.
                child.awaited = None
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _read_end(path: str) -> str:
    with open(path, "rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - _OUTPUT))
        return file.read().decode(errors="replace")
