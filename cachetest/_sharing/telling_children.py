"""How a process that is started, and a job for one that was, is told of the test: one wrapper for each way.

A forked child needs none. The environment of this process is never changed: each call's own is.
"""

from __future__ import annotations

import os
import sys
from _thread import get_ident
from os import getpid

from .joined import JOIN, Parent, current_parent, is_text_of, report

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from typing import Any

__all__ = [
    "LOKY",
    "add_token",
    "wrap_exec",
    "wrap_pool",
    "wrap_popen",
    "wrap_posix_spawn",
    "wrap_preparation_data",
    "wrap_rank_test",
    "wrap_submit",
    "wrap_system",
]

LOKY = ("loky.process_executor", "joblib.externals.loky.process_executor")
"""The modules of loky's pools."""

# Of the arguments of Popen after the first.
_ENV = 9
# The folder of the package, and the one with the `sitecustomize` of a Python that has no .pth of ours.
_SITE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "site")


def _new_child(how: str) -> tuple[Any, Parent | None]:
    """Return the child of this process that is about to be made, and what it is to be told.

    In a process that is itself a child, and has no scope of its own, that is what this one was told.
    """
    # In a child that has no scopes nobody has loaded it.
    children = sys.modules.get("cachetest._sharing.children")
    child = None if children is None else children.new_child(how)
    return child, current_parent() if child is None else child.parent


def wrap_popen(init: Callable[..., Any]) -> Callable[..., Any]:
    def joining_init(self: Any, args: Any, *rest: Any, **kwargs: Any) -> None:
        child, parent = (None, None) if _is_told_by_each_job(args) else _new_child("started")
        if parent is None:
            init(self, args, *rest, **kwargs)
            return
        env = rest[_ENV] if len(rest) > _ENV else kwargs.get("env")
        executable = rest[1] if len(rest) > 1 else kwargs.get("executable")
        shell = rest[7] if len(rest) > 7 else kwargs.get("shell", False)
        # Loaded here, as below, when a process is started: many processes start none.
        from .commands import python_command

        command = python_command(args, executable, bool(shell))
        joined = dict(os.environ if env is None else env)
        add_token(joined, parent, command)
        if len(rest) > _ENV:
            rest = (*rest[:_ENV], joined, *rest[_ENV + 1 :])
        else:
            kwargs["env"] = joined
        try:
            init(self, args, *rest, **kwargs)
        except BaseException:
            if child is not None:
                sys.modules["cachetest._sharing.children"].forget(child)
            raise
        if child is not None:
            child.process = self.pid
            child.awaited = None if command is None else command.shown

    return joining_init


def _is_told_by_each_job(args: Any) -> bool:
    """Return whether *args* start the workers of torch's compiler: they outlive it, and only do jobs."""
    return isinstance(args, list) and any("compile_worker" in str(word) for word in args[:2])


def add_token(env: MutableMapping[Any, Any], parent: Parent, command: Any) -> None:
    if env is not os.environ:
        # Bytes are allowed for the names and values of the environment that a call gives.
        env.pop(JOIN.encode(), None)
    env[JOIN] = parent.as_text()
    if _has_pth() and (command is None or command.is_this_python):
        return
    found = env.pop("PYTHONPATH", None)
    if not found and env is not os.environ:
        found = env.pop(b"PYTHONPATH", None)
    found = os.fsdecode(found) if found else ""
    env["PYTHONPATH"] = os.pathsep.join([_SITE, found] if found else [_SITE])


def _has_pth() -> bool:
    """Return whether this Python joins by itself: the package was installed, and not put on a path."""
    return any(os.path.isfile(os.path.join(path, "cachetest.pth")) for path in sys.path)


def wrap_posix_spawn(spawn: Callable[..., Any]) -> Callable[..., Any]:
    def joining_spawn(path: Any, argv: Any, env: Any, **kwargs: Any) -> Any:
        if is_text_of(getpid(), env.get(JOIN)):
            # It is called by Popen.
            return spawn(path, argv, env, **kwargs)
        child, parent = _new_child("started")
        if parent is None:
            return spawn(path, argv, env, **kwargs)
        from .commands import python_command

        command = python_command(list(argv), path, shell=False)
        joined = dict(env)
        add_token(joined, parent, command)
        process = spawn(path, argv, joined, **kwargs)
        if child is not None:
            child.process = process
            child.awaited = None if command is None else command.shown
        return process

    return joining_spawn


def wrap_system(system: Callable[[Any], int]) -> Callable[[Any], int]:
    def joining_system(command: Any) -> int:
        child, parent = _new_child("started") if os.name == "posix" else (None, None)
        if parent is None or not parent.ledger:
            return system(command)
        from shlex import quote

        from .commands import python_command

        found = python_command(command, None, shell=True)
        if child is not None:
            child.awaited = None if found is None else found.shown
        path = _write_environment(parent, found)
        try:
            # By a file that nobody else can read: a command is seen by everybody.
            return system(f". {quote(path)}; {os.fsdecode(command)}")
        finally:
            os.unlink(path)

    return joining_system


def _write_environment(parent: Parent, command: Any) -> str:
    """Return the path of a file by which a shell has in its environment what a child of *parent* is told."""
    from shlex import quote

    env = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    add_token(env, parent, command)
    folder = os.path.dirname(parent.ledger)
    path = os.path.join(folder, f"environment-{getpid()}-{get_ident()}")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.writelines(os.fsencode(f"export {name}={quote(value)}\n") for name, value in env.items())
    return path


def wrap_exec(execute: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``execv`` or ``execve``, by which a child that has joined becomes another program."""

    def joining_execute(path: Any, argv: Any, *env: Any) -> Any:
        parent = current_parent()
        if parent is None:
            return execute(path, argv, *env)
        from .commands import python_command

        command = python_command(list(argv), path, shell=False)
        if env:
            joined = dict(env[0])
            add_token(joined, parent, command)
            env = (joined,)
        if command is None:
            return execute(path, argv, *env)
        report(parent, "became", command.shown)
        try:
            return execute(path, argv, *env)
        except BaseException:
            report(parent, "joined", "")
            raise

    return joining_execute


def wrap_preparation_data(get: Callable[..., Any]) -> Callable[..., Any]:
    def get_joining(name: Any, *args: Any) -> Any:
        data = get(name, *args)
        # By that name it is for the fork server, which does nothing itself.
        parent = None if name == "ignore" else _new_child("spawned")[1]
        if parent is not None:
            from .jobs import JoiningToken

            data["cachetest"] = JoiningToken(parent)
        return data

    return get_joining


def wrap_submit(submit: Callable[..., Any]) -> Callable[..., Any]:
    def joining_submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        job, child = _job(fn)
        return _followed(child, lambda: submit(self, job, *args, **kwargs))

    return joining_submit


def wrap_pool(method: Callable[..., Any]) -> Callable[..., Any]:
    def joining(self: Any, func: Any, *args: Any, **kwargs: Any) -> Any:
        pool = sys.modules["multiprocessing.pool"]
        job, child = (func, None) if isinstance(self, pool.ThreadPool) else _job(func)
        return _followed(child, lambda: method(self, job, *args, **kwargs))

    return joining


def wrap_rank_test(set_up: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the method by which torch's MultiProcContinuousTest has its ranks do a test, by the name of it."""

    def joining_set_up(self: Any) -> Any:
        child, parent = _new_child("given work")
        if parent is None:
            return set_up(self)
        from .jobs import JoiningName

        name = JoiningName(self.id(), parent)
        if child is not None:
            child.is_job, child.handle = True, name
        self.id = lambda: name
        try:
            return set_up(self)
        finally:
            del self.id

    return joining_set_up


def _job(function: Any) -> tuple[Any, Any]:
    """Return *function* as a job that joins, and the child that it is; itself where there is none."""
    from .jobs import JoiningJob

    if not callable(function) or isinstance(function, JoiningJob):
        return function, None
    child, parent = _new_child("given work")
    if child is not None:
        child.is_job = True
    return function if parent is None else JoiningJob(function, parent), child


def _followed(child: Any, give: Callable[[], Any]) -> Any:
    """Return what *give* does, by which *child*, a job, is given to a worker: it tells when that is done."""
    try:
        handle = give()
    except BaseException:
        if child is not None:
            sys.modules["cachetest._sharing.children"].forget(child)
        raise
    if child is not None:
        child.handle = handle
    return handle
