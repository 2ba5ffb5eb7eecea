"""Commands that start a Python, as far as that can be told from them."""

from __future__ import annotations

import os
import re
import sys
from typing import Any, NamedTuple

__all__ = ["Command", "python_command"]

_NAME = re.compile(r"(python|pypy)[\d.]*[a-z]*(\.exe)?")
# Where a command begins in a line for a shell, and whether it is Python.
_IN_SHELL = re.compile(
    r"(?:^|[;&|(\n]|\b(?:exec|env|nohup|time|nice)\s)\s*(?:\w+=\S*\s+)*['\"]?(?:[^\s'\"]*/)?"
    r"(?:python|pypy)[\d.]*['\"]?(?:\s|$)"
)
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash"})
# Commands that run the one which follows.
_RUNNERS = frozenset({"env", "exec", "nice", "nohup", "setsid", "stdbuf", "time", "timeout", "xvfb-run"})
# With these Python says something, and runs nothing.
_ONLY_SAYS = frozenset({"-V", "-VV", "--version", "-h", "--help", "-?", "--help-all", "--help-env"})
_SHOWN = 120


class Command(NamedTuple):
    """A command that starts a Python: how it reads, and whether that is the one that runs here."""

    shown: str
    is_this_python: bool


def python_command(args: Any, executable: Any, shell: bool) -> Command | None:
    """Return the command of these arguments of ``Popen``; None where it starts no Python, or none is seen."""
    given: list[Any] = [args] if isinstance(args, (str, bytes, os.PathLike)) else list(args)
    try:
        words = [os.fsdecode(word) for word in given]
        program = None if executable is None else os.fsdecode(executable)
    except TypeError:
        # Popen will say what is wrong with them.
        return None
    if not words:
        return None
    shown = " ".join(words)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
    if shell:
        return Command(shown, is_this_python=False) if _IN_SHELL.search(words[0]) else None
    while words and os.path.basename(words[0]) in _RUNNERS and program is None:
        words.pop(0)
        while words and (words[0].startswith("-") or "=" in words[0] or words[0][:1].isdigit()):
            words.pop(0)
    if not words:
        return None
    if os.path.basename(words[0]) in _SHELLS and "-c" in words[:-1]:
        line = words[words.index("-c") + 1]
        return Command(shown, is_this_python=False) if _IN_SHELL.search(line) else None
    path = _found(program or words[0])
    if _NAME.fullmatch(os.path.basename(path)) or _NAME.fullmatch(os.path.basename(os.path.realpath(path))):
        if _ONLY_SAYS.intersection(words[1:2]):
            return None
        # By its own name a Python finds out which environment it is of.
        return Command(shown, is_this_python=path == sys.executable == _found(words[0]))
    interpreter = _interpreter_of(path)
    if interpreter is None or not _NAME.fullmatch(os.path.basename(interpreter)):
        return None
    return Command(shown, is_this_python=interpreter == sys.executable)


def _found(program: str) -> str:
    """Return the path of *program*, which may be but a name."""
    if os.path.dirname(program):
        return program
    for folder in os.get_exec_path():
        path = os.path.join(folder, program)
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
    return program


def _interpreter_of(path: str) -> str | None:
    """Return the interpreter that the first line of a script names."""
    try:
        with open(path, "rb") as file:
            line = file.readline(200) if file.read(2) == b"#!" else b""
    except OSError:
        return None
    words = line.decode(errors="replace").split()
    if words and os.path.basename(words[0]) == "env":
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    return words[0] if words else None
