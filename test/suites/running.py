"""Running a suite once: in a process, which is ended where a test hangs; the next goes on after that."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

from ..servers import path_of, server
from .sources import unpack

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from .catalogue import Suite

__all__ = ["Outcome", "is_over", "run"]

INSIDE = Path(__file__).parent / "inside"
# A test that takes longer hangs; so does a process in which nothing starts or ends for so long.
LIMIT_SECONDS = 60.0
# The first begins when all of them have been imported, on a machine that may have other work.
START_SECONDS = 5 * LIMIT_SECONDS
_POLL_SECONDS = 0.05

# Once it is set, whoever runs a suite ends its process and its servers.
is_over = threading.Event()
# What came of a test, and the text of a failure: passed, skipped, failed; unfinished, where it hangs or ends
# its process.
Outcome = tuple[str, str]


@contextlib.contextmanager
def _listener() -> Iterator[int]:
    """Give a port at which a connection is taken, and nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@contextlib.contextmanager
def _nobody() -> Iterator[int]:
    """Give a port at which nobody listens."""
    with socket.socket() as bound:
        # Bound all the time: nobody else is given it meanwhile.
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def run(
    suite: Suite, sdists: Path, *, through_adapters: bool, only: Collection[str] = ()
) -> dict[str, Outcome]:
    """Run *suite*, on real servers or through its adapters, and return what came of each test.

    With *only*, those tests alone are run.
    """
    outcomes: dict[str, Outcome] = {}
    for part in suite.parts:
        with contextlib.ExitStack() as stack:
            ports = {}
            for name, program in (("redis", "redis-server"), ("memcached", "memcached")):
                if through_adapters or program not in suite.servers:
                    made = _listener() if suite.asks_ports else _nobody()
                else:
                    made = server(program)
                ports[name] = str(stack.enter_context(made))
            ports["redis socket"] = path_of(int(ports["redis"]))
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            root = unpack(suite.project, sdists, folder / "sdist")
            process = _Process(suite, part, ports, folder, root, through_adapters, only)
            outcomes |= process.run()
    return outcomes


class _Process:
    """The process of a suite, or of a part of it; and the next, where that was ended."""

    def __init__(
        self,
        suite: Suite,
        part: str,
        ports: dict[str, str],
        folder: Path,
        root: Path,
        through_adapters: bool,
        only: Collection[str],
    ) -> None:
        self._ports = ports
        for pattern, usual, name in suite.ports:
            for path in root.glob(pattern):
                path.write_text(path.read_text("utf-8").replace(usual, ports[name]), "utf-8")
        only_these = folder / "only"
        only_these.write_text(self._with_ports(json.dumps(list(only))), "utf-8")
        self._results = folder / "results"
        self._results.touch()
        self._output = folder / "output"
        self._root = root
        names = {"part": part, **ports}
        self._command = [sys.executable, *(each.format(**names) for each in suite.command)]
        own = {name: value.format(**names) for name, value in suite.variables}
        path = [str(INSIDE), *(str(root / each) for each in own.pop("PYTHONPATH", "").split(":") if each)]
        path += [each for each in (os.environ.get("PYTHONPATH"),) if each]
        self._environment = {
            **os.environ,
            **own,
            "PYTHONPATH": os.pathsep.join(path),
            "CACHETEST_SUITE_RESULTS": str(self._results),
            "CACHETEST_SUITE_ADAPTERS": ",".join(suite.adapters) if through_adapters else "",
            "CACHETEST_SUITE_PART": part,
            "CACHETEST_SUITE_ONLY": str(only_these) if only else "",
        }
        if "CI" not in own:
            self._environment.pop("CI", None)

    def run(self) -> dict[str, Outcome]:
        """Run the tests, in a process after the other while one hangs, and return what came of each."""
        while True:
            before = len(self._lines())
            with self._output.open("ab") as output:
                process = subprocess.Popen(
                    self._command,
                    cwd=self._root,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            try:
                ended = self._wait(process)
            finally:
                # Where this one is interrupted it ends too.
                process.kill()
                process.wait()
            outcomes = self._outcomes()
            if ended or len(self._lines()) == before:
                break
        passed = any(outcome == "passed" for outcome, _ in outcomes.values())
        if not passed and not self._environment["CACHETEST_SUITE_ONLY"]:
            raise RuntimeError(f"no test has passed: {self._output.read_text(errors='replace')[-4000:]}")
        return outcomes

    def _wait(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait for the end of *process*; end it, and return False, where a test hangs in it."""
        size, since = -1, monotonic()
        while process.poll() is None:
            sleep(_POLL_SECONDS)
            if is_over.is_set():
                raise InterruptedError("nobody waits for the tests any more")
            found = self._results.stat().st_size
            if found != size:
                size, since = found, monotonic()
            elif monotonic() - since > (LIMIT_SECONDS if size else START_SECONDS):
                return False
        # It may have ended itself in the middle of a test, which is not to be taken for the end of all.
        lines = self._lines()
        return not lines or lines[-1][1] != "started"

    def _with_ports(self, text: str) -> str:
        for name, port in self._ports.items():
            text = text.replace(f"<{name}>", port)
        return text

    def _lines(self) -> list[list[str]]:
        return [json.loads(line) for line in self._results.read_text("utf-8").splitlines()]

    def _last(self) -> dict[str, Outcome]:
        return {test: (outcome, text) for test, outcome, text in self._lines()}

    def _outcomes(self) -> dict[str, Outcome]:
        """Return what came of each test, under an id without the ports."""
        outcomes = {}
        for test, (outcome, text) in self._last().items():
            for name, port in self._ports.items():
                test = test.replace(port, f"<{name}>")
            outcomes[test] = ("unfinished", text) if outcome == "started" else (outcome, text)
        return outcomes
