"""Child processes for tests: what they run, and the end that each has in time."""

from __future__ import annotations

import _socket
import base64
import contextlib
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import unittest
from typing import TYPE_CHECKING, Any

from cachetest import ChildOperationError, MockBackend, PatchCaches
from cachetest._sharing import children

from ..support import EXHAUSTIVE, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A child that takes longer hangs, and is ended by a signal.
SECONDS = 60

HAS_FORK = hasattr(os, "fork")
EVERY_START_METHOD = ["fork", "spawn", "forkserver"] if HAS_FORK else ["spawn"]
# How a child starts that has nothing of its parent's. A server of forks has done the imports that take long;
# with CACHETEST_EXHAUSTIVE, and in a few tests always, each such child does its own.
ANEW = "spawn" if EXHAUSTIVE or not HAS_FORK else "forkserver"
LOADED_BEFORE = [__name__, "cachetest.case", "fakeredis"]
if ANEW == "forkserver":
    multiprocessing.set_forkserver_preload(LOADED_BEFORE)
# A sample: one that has a copy of what its parent has, and one that has not.
START_METHODS = EVERY_START_METHOD if EXHAUSTIVE or not HAS_FORK else ["fork", ANEW]

needs_fork = unittest.skipUnless(HAS_FORK, "needs os.fork")


class WithoutOthersCase(unittest.TestCase):
    """A case whose tests begin with no children known: those that other tests have left are forgotten."""

    def setUp(self) -> None:
        super().setUp()
        if children.state is not None:
            children._close(children.state)
            children.state = None


def outcome_of(function: Callable[..., Any], *args: Any) -> Any:
    """Return what *function* returns, or the name and text of what it raises."""
    try:
        return function(*args)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


def run_forked(function: Callable[..., Any], *args: Any) -> Any:
    """Return the outcome of *function* in a forked child."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(SECONDS)
            data = pickle.dumps(outcome_of(function, *args))
            os.write(writing, data)
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        data = file.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        raise AssertionError(f"the child was ended by signal {os.WTERMSIG(status)}")
    return pickle.loads(data)


def run_by(method: str, function: Callable[..., Any], *args: Any) -> Any:
    """Return the outcome of *function* in a process that multiprocessing starts by *method*."""
    context = multiprocessing.get_context(method)
    reading, writing = context.Pipe(duplex=False)
    worker = context.Process(target=_send_outcome, args=(writing, function, *args))
    worker.start()
    writing.close()
    try:
        if not reading.poll(SECONDS):
            raise AssertionError("the child took too long")
        return reading.recv()
    except EOFError:
        raise AssertionError("the child ended without a word") from None
    finally:
        worker.join(SECONDS)
        if worker.is_alive():
            worker.kill()
            worker.join()


def _send_outcome(writing: Any, function: Callable[..., Any], *args: Any) -> None:
    writing.send(outcome_of(function, *args))


def failure_of(body: Callable[..., Any], *adapters: Any) -> tuple[Any, str]:
    """Return what *body* returns in a block with *adapters*, and the failure at the end of the block."""
    result = None
    try:
        with PatchCaches(*adapters) as patched:
            result = body(patched.caches)
    except AssertionError as error:
        return result, str(error)
    return result, ""


def counted_in(body: Callable[..., Any], *adapters: Any) -> tuple[Any, tuple[int, int, int], list[Any]]:
    """Return what *body* returns in a block, and the counts and operations of "prices" at its end."""
    with PatchCaches(*adapters) as patched:
        result = body(patched.caches)
        prices = patched.caches.ensure("prices")
        return result, prices.counts(), list(prices.operations)


def use_mock() -> str:
    """Use a cache that is tested by hand."""
    MockBackend("prices").put("lamp", 4.0)
    return "done"


def put_and_get() -> tuple[Any, int]:
    """Put a price and get it; return that, and the process that has done so."""
    prices = MockBackend("prices")
    prices.put("lamp", 4.0)
    return prices.get("lamp"), os.getpid()


def swallow() -> str:
    """Use a cache, and never tell if it was refused."""
    try:
        return use_mock()
    except ChildOperationError:
        return "swallowed"


def use_own_scope() -> list[int]:
    """Use a cache in a scope of one's own."""
    with PatchCaches() as patched:
        prices = MockBackend("prices")
        prices.get("lamp")
        prices.put("lamp", 4.0)
        prices.get("lamp")
        return list(patched.caches.prices.counts())


def use_neither() -> str:
    """Use no cache."""
    return "done"


def own_scope_then_not() -> list[Any]:
    """Use a cache in a scope of one's own, and then outside it."""
    return [use_own_scope(), outcome_of(use_mock)]


def run_by_subprocess(function: Callable[..., Any], *args: Any) -> Any:
    """Return the outcome of *function*, which is in a module, in a Python that is started anew."""
    given = base64.b64encode(pickle.dumps((function, args))).decode()
    script = (
        "import base64, pickle, sys\n"
        f"sys.path.insert(0, {os.fspath(ROOT)!r})\n"
        "from test._sharing.children_support import outcome_of\n"
        f"function, args = pickle.loads(base64.b64decode({given!r}))\n"
        "print(base64.b64encode(pickle.dumps(outcome_of(function, *args))).decode())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=SECONDS
    )
    if done.returncode:
        raise AssertionError(done.stderr)
    return pickle.loads(base64.b64decode(done.stdout.splitlines()[-1]))


def run_in_child(method: str, function: Callable[..., Any], *args: Any) -> Any:
    """Return the outcome of *function* in a child: forked, of multiprocessing, or of subprocess."""
    if method == "os.fork":
        return run_forked(function, *args)
    return run_by_subprocess(function, *args) if method == "subprocess" else run_by(method, function, *args)


METHODS = (
    [*(["os.fork"] if HAS_FORK else []), *START_METHODS, "subprocess"] if EXHAUSTIVE else ["os.fork", ANEW]
)


@contextlib.contextmanager
def listening_port() -> Iterator[int]:
    """Give a port of this machine at which a socket listens; fail if anything connects to it."""
    # Not by `socket.socket`: a server that a test starts itself is meant to be reached.
    listening = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    listening.bind(("127.0.0.1", 0))
    listening.listen(8)
    try:
        yield listening.getsockname()[1]
        listening.setblocking(False)
        try:
            os.close(listening._accept()[0])
        except BlockingIOError:
            return
        raise AssertionError("something has connected to the real store")
    finally:
        listening.close()


def loaded_adapters() -> list[str]:
    """Return which modules of adapters this process has loaded."""
    return sorted(name for name in sys.modules if name.startswith("cachetest.adapters."))
