"""The command ``python -m cachetest run``: any program, with what it did to its caches."""

from __future__ import annotations

import argparse
import atexit
import importlib.util
import os
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from .._patching.patch_caches import again_if_interrupted
from .._patching.session import Session
from .._patching.switches import find_switches
from .._sharing import children
from .._sharing.imports import when_imported
from ..adapters.registry import (
    adapter_for,
    get_adapter,
    known_adapters,
    validate_adapters,
    watched_adapter,
)
from ..errors import CacheTestError, closest_first
from .as_main import module_program, script_program
from .files import GITHUB, validate_report, write_reports
from .plain import printable
from .plain_text import counts_line
from .record import totals
from .recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..adapters.base import Adapter

__all__ = ["run_program"]

_WATCHED = sorted(name for name, known in known_adapters.items() if known.watched)


class _ProgramSession(Session):
    """The session of a program, which has the adapter of each library when that has been imported.

    What is imported earlier than by the program itself may have other names in what it pickles: torch's keys
    depend on the order of the modules.
    """

    def __init__(
        self, label: str, adapters: Sequence[str], enable: Sequence[str], *, watches: bool = False
    ) -> None:
        self.named = adapters
        self.watches = watches
        self.watched = (adapters or _WATCHED) if watches else ()
        self._enabled = enable
        # The adapter of another distribution does not say which library it is for.
        others = [get_adapter(name) for name in adapters if name not in known_adapters]
        super().__init__(others, detects=True, label=label)

    def follow_named(self) -> None:
        """Have those that are not detected added when their libraries are imported.

        They are those that are named. What is only watched need not be.
        """
        for name in self.watched or self.named:
            known = known_adapters.get(name)
            if known is not None and not known.autodetects:
                when_imported(known.library, partial(self._add_named, name))

    def _add_named(self, name: str, _: object) -> None:
        self.add(watched_adapter(name) if self.watches else get_adapter(name))

    def add(self, adapter: Adapter) -> None:
        if self.named and adapter.name not in self.named:
            return
        if self.watches:
            adapter = watched_adapter(adapter.name)
            if adapter in self.adapters:
                return
        super().add(adapter)
        own = {switch.name for switch in adapter.switches}
        if self.scope is not None and (names := [name for name in self._enabled if name in own]):
            self._override(self.scope, find_switches(names, [adapter]), True)


class _Run:
    """One run of a program: its caches are counted until the process exits, and then it is reported."""

    def __init__(self, session: _ProgramSession, paths: Sequence[str]) -> None:
        self._session = session
        # The program may go to another folder.
        self._paths = {path: path if path == GITHUB else os.path.abspath(path) for path in paths}
        self._recorder = Recorder()
        self._process = os.getpid()
        self._began = time.perf_counter()
        self.outcome = "exit code 0"

    def start(self) -> None:
        """Begin to count; when the process exits, that is ended."""
        self._recorder.start()
        self._session.open()
        self._session.follow_named()
        children.last(True)
        # Of what is called at exit the first to be registered is the last: the threads of the program, its
        # children and what it does at exit itself are through.
        atexit.register(self._end)

    def _end(self) -> None:
        # A child that was forked, and ends as its parent does, is part of the parent's run.
        if os.getpid() != self._process:
            return
        seconds = round(time.perf_counter() - self._began, 6)
        result = again_if_interrupted(self._session.close)
        self._recorder.stop()
        label = str(self._session.label)
        self._recorder.add_outcome(label, self.outcome, seconds)
        children.last(False)
        sys.stdout.flush()
        for line in self._lines(label):
            print(line, file=sys.stderr)
        for line in [] if result is None else [*result.problems, *result.warnings]:
            print(f"cachetest: {printable(line)}", file=sys.stderr)
        write_reports(list(self._paths.values()), self._recorder)
        for path in self._paths:
            if path != GITHUB:
                print(f"cachetest: report in {path}", file=sys.stderr)

    def _lines(self, label: str) -> list[str]:
        found = totals(self._recorder.tests)
        used = (
            f"{len(found)} {'cache' if len(found) == 1 else 'caches'}"
            if found
            else "no cache that is counted"
        )
        lines = [f"cachetest: {printable(label)} used {used}"]
        lines += [f"  {printable(name)}: {counts_line(each)}" for name, each in found.items()]
        if not self._session.named and not self._session.watches:
            others = [
                name
                for name, known in known_adapters.items()
                if _can_be_named(name) and not known.autodetects and known.library in sys.modules
            ]
            lines += [f"cachetest: {name} is not counted without --adapter {name}" for name in others]
        return lines


def _can_be_named(name: str) -> bool:
    """Return whether the adapter *name* finds its caches, or has those of its library, without being told."""
    known = known_adapters.get(name)
    return known is None or known.autodetects or bool(known.caches)


def _run(program: Callable[[], object], run: _Run) -> None:
    """Call *program*; what it raises is told as Python would, without the lines of cachetest."""
    try:
        program()
    except SystemExit as end:
        run.outcome = f"exit code {_exit_code(end)}"
        raise
    except BaseException as error:
        run.outcome = (
            "interrupted" if isinstance(error, KeyboardInterrupt) else f"raised {type(error).__name__}"
        )
        # This frame, and that of the function that was called here.
        traceback = error.__traceback__ and error.__traceback__.tb_next
        error.__traceback__ = traceback and traceback.tb_next
        sys.excepthook(type(error), error, error.__traceback__)
        # It was told. How the process ends is for Python to do: after an interrupt it is by its signal.
        sys.excepthook = lambda *_: None
        raise


def _exit_code(end: SystemExit) -> object:
    if end.code is None:
        return 0
    return int(end.code) if isinstance(end.code, int) else 1


def _checked(check: Callable[[str], object]) -> Callable[[str], str]:
    """Return *check* for an argument: what it raises is an error of the command line."""

    def checked(text: str) -> str:
        try:
            check(text)
        except (ValueError, CacheTestError) as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        return text

    return checked


def _check_adapter(name: str) -> None:
    validate_adapters([name])
    if not _can_be_named(name):
        raise ValueError(
            f"the adapter {name!r} has to be told which caches to count, so it can't be named here"
        )
    if name in known_adapters and importlib.util.find_spec(known_adapters[name].library) is None:
        extra = known_adapters[name].extra
        raise ValueError(f"{known_adapters[name].library} is not installed: pip install 'cachetest[{extra}]'")


def _check_switch(name: str) -> None:
    known = [each for info in known_adapters.values() for each in info.switches]
    if name not in known:
        raise ValueError(
            f"no switch {name!r}; known, the closest first: {', '.join(closest_first(name, known))}"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m cachetest run",
        usage="%(prog)s [options] (script.py | -m module) [arguments]",
        description="Run a program with its caches counted, and tell at its end what it did to them. They "
        "are empty when it begins, and gone when it ends; with --watch they are the real ones.",
        allow_abbrev=False,
    )
    several: dict[str, Any] = {"action": "append", "default": []}
    parser.add_argument(
        "--adapter",
        type=_checked(_check_adapter),
        metavar="NAME",
        help="count the caches of this adapter, and of no others but those that are named too; without, "
        "those of each library that finds its caches by itself",
        **several,
    )
    parser.add_argument(
        "--enable",
        type=_checked(_check_switch),
        metavar="SWITCH",
        help="turn this switch on as soon as its library is imported",
        **several,
    )
    parser.add_argument(
        "--report",
        type=_checked(validate_report),
        metavar="FILE",
        help="write a report, as .txt, .json or .html, or github for a summary of the job",
        **several,
    )
    parser.add_argument(
        "--watch",
        action="store_true",
        help="leave the real caches in their places, with what is in them, and count what the program asks "
        f"of those that can be watched: {', '.join(_WATCHED)}",
    )
    parser.add_argument("-m", dest="module", nargs=argparse.REMAINDER, help="run a module, as python -m does")
    parser.add_argument("script", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def run_program(arguments: Sequence[str]) -> int:
    """Run the program that *arguments* name in this process, which is that of the program from then on.

    Returns 0, or raises what the program has raised. Wrong arguments end it with 2.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    named = options.module if options.module is not None else options.script
    if not named:
        parser.error("name a script, or -m and a module")
    for name in options.enable:
        owner = adapter_for(name)
        if options.adapter and owner not in options.adapter:
            parser.error(f"the switch {name!r} is of the adapter {owner!r}, which is not among those named")
    unwatched = [name for name in options.adapter if options.watch and name not in _WATCHED]
    if unwatched:
        parser.error(
            f"the adapter {unwatched[0]!r} can't be watched; those that can are {', '.join(_WATCHED)}"
        )
    try:
        program = script_program(named[0]) if options.module is None else module_program(named[0])
    except OSError as error:
        parser.error(f"{named[0]!r} can't be read: {error.strerror}")
    label = os.path.basename(named[0]) if options.module is None else f"-m {named[0]}"
    session = _ProgramSession(label, options.adapter, options.enable, watches=options.watch)
    run = _Run(session, options.report)
    sys.argv = list(named)
    run.start()
    _run(program, run)
    return 0
