"""Real servers for the tests of adapters: each on a free loopback port, stopped by its process id."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from typing import TYPE_CHECKING

from .support import _REQUIRED

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["needs_memcached", "needs_redis_server", "path_of", "running", "server"]

_START_SECONDS = 30


def _needs(program: str, package: str) -> object:
    there = shutil.which(program) is not None or program in _REQUIRED
    return unittest.skipUnless(there, f"needs {program}: apt-get install {package}")


needs_redis_server = _needs("redis-server", "redis-server")
needs_memcached = _needs("memcached", "memcached")


def _command(program: str, port: int, folder: str) -> list[str]:
    if program == "redis-server":
        where = ["--bind", "127.0.0.1", "--port", str(port), "--unixsocket", path_of(port), "--dir", folder]
        return [program, *where, "--save", "", "--appendonly", "no"]
    user = ["-u", "root"] if os.geteuid() == 0 else []
    # One thread: with several, a connection may be counted after what was asked on a later one.
    return [program, "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-t", "1", *user]


def path_of(port: int) -> str:
    """Return the path of the Unix socket of the ``redis-server`` at *port*."""
    return os.path.join(tempfile.gettempdir(), f"redis-{port}.sock")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Running:
    """A server that runs at ``port``, and that can be had down, or so slow that it never answers."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self.port = port

    def stop(self) -> None:
        """Have nobody listen there any more."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """Have it accept what connects, and answer nothing."""
        os.kill(self._process.pid, signal.SIGSTOP)
        # It goes on until it has been told.
        os.waitpid(self._process.pid, os.WUNTRACED)

    def thaw(self) -> None:
        """Have it go on; it may be stopped."""
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGCONT)


@contextlib.contextmanager
def running(program: str) -> Iterator[Running]:
    """Run ``redis-server`` or ``memcached`` for the time of the block."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as output:
        process = subprocess.Popen(_command(program, port, folder), stdout=output, stderr=subprocess.STDOUT)
        found = Running(process, port)
        try:
            _wait_until_it_listens(process, port)
            yield found
        finally:
            found.thaw()
            # memcached takes a second to end by itself, and leaves nothing behind.
            (process.kill if program == "memcached" else process.terminate)()
            process.wait()


@contextlib.contextmanager
def server(program: str) -> Iterator[int]:
    """Run ``redis-server`` or ``memcached`` for the time of the block, and give its port."""
    with running(program) as found:
        yield found.port


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    # Polled, because neither server tells when it is ready.
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended at once, with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.01)
    raise TimeoutError(f"{process.args!r} did not listen within {_START_SECONDS} s")
