"""The server's thread and socket: nobody else's, gone around a fork, and gone with the last child."""

import gc
import os
import pickle
import signal
import socket
import stat
import threading
import time
import unittest
from pathlib import Path
from typing import ClassVar

from cachetest import MockBackend, PatchCaches
from cachetest._behaving import quiet
from cachetest._recording.call_sites import without_thread
from cachetest._sharing import children, server
from cachetest._sharing.links import NEW, TEXT
from cachetest._sharing.telling_forks import wrap_fork

from ..support import run_python, sample_or_all
from .children_support import SECONDS, WithoutOthersCase, counted_in, needs_fork, run_forked, use_mock

FORKS = """
import os, sys, warnings
# An error that this warning was made is dropped, and seen by nobody.
warnings.simplefilter("always")
from cachetest import MockBackend, PatchCaches
with PatchCaches() as patched:
    prices = MockBackend("prices")
    prices.put("lamp", 1)
    for n in range({rounds}):
        child = os.fork()
        if child == 0:
            try:
                os._exit(0 if prices.get("lamp") == 1 else 1)
            finally:
                os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
    print(patched.caches.prices.counts())
"""

COUNT = "print(len(os.listdir('/proc/self/task')))"

needs_proc = unittest.skipUnless(Path("/proc/self/task").is_dir(), "needs /proc")


def connection_to(address):
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(SECONDS)
    made.connect(address)
    return made


def framed(data):
    return len(data).to_bytes(4, "little") + data


@needs_fork
class ThreadTests(WithoutOthersCase):
    def test_no_warning(self):
        """A fork with the server running is one of a process with one thread: Python warns of none."""
        rounds = sample_or_all(40, 300)
        done = run_python("-c", FORKS.format(rounds=rounds))
        self.assertEqual((done.stdout, done.stderr), (f"(1, {rounds}, 0)\n", ""))

    @needs_proc
    def test_gone_before_a_fork(self):
        """The thread is gone before a fork, of the system's too, and there again after it."""
        done = run_python(
            "-c",
            "import os\n"
            "from cachetest import PatchCaches\n"
            "with PatchCaches():\n"
            "    for n in range(2):\n"
            "        child = os.fork()\n"
            "        if child == 0: os._exit(0)\n"
            "        os.waitpid(child, 0)\n"
            f"        {COUNT}\n"
            "    fork = os.fork.__wrapped__\n"
            f"    os.register_at_fork(before=lambda: {COUNT})\n"
            "    child = os.fork()\n"
            "    if child == 0: os._exit(0)\n"
            "    os.waitpid(child, 0)\n"
            # By a name from before our wrapper it is gone as well.
            "    child = fork()\n"
            "    if child == 0: os._exit(0)\n"
            "    os.waitpid(child, 0)\n"
            f"    {COUNT}\n"
            f"{COUNT}\n",
        )
        # What is called before a fork is called the last one first: by the other name it is not gone yet.
        self.assertEqual(done.stdout.split(), ["2", "2", "1", "2", "2", "1"], done.stderr)

    def test_unknown_to_threading(self):
        """No other than the program's own threads are known to `threading`, and none is left."""
        before = threading.enumerate()

        def body(_):
            run_forked(use_mock)
            return threading.enumerate(), dict(quiet.left_out), set(without_thread)

        (during, left_out, ours), _, _ = counted_in(body)
        self.assertEqual((during, threading.enumerate()), (before, before))
        self.assertEqual((len(left_out), set(left_out)), (1, ours))
        self.assertEqual((quiet.left_out, without_thread), ({}, set()))

    def test_quiet(self):
        """That thread is none of those that are waited for to be quiet."""

        def body(_):
            run_forked(use_mock)
            return [quiet.Quiet(lambda: 0, told=told).look() for told in (None, False)]

        self.assertEqual(counted_in(body)[0], [True, True])

    def test_signals(self):
        """A signal interrupts a thread of the program, as without the server."""

        def body(_):
            run_forked(use_mock)
            seen = []
            before = signal.signal(signal.SIGALRM, lambda *_: seen.append(threading.current_thread()))
            try:
                for _ in range(5):
                    signal.setitimer(signal.ITIMER_REAL, 0.005)
                    signal.pause()
            finally:
                signal.signal(signal.SIGALRM, before)
            (native,) = quiet.left_out.values()
            status = Path(f"/proc/self/task/{native}/status")
            blocked = status.read_text(encoding="utf-8") if status.exists() else "SigBlk:\tf"
            return seen, blocked.partition("SigBlk:")[2].split()[0]

        (seen, blocked), _, _ = counted_in(body)
        self.assertEqual(seen, [threading.main_thread()] * 5)
        self.assertNotEqual(int(blocked, 16), 0)

    def test_traced(self):
        """What the thread does is seen by who traces threads, as a measure of coverage does."""
        names = set()

        def trace(frame, event, arg):
            names.add(frame.f_code.co_name)

        found = threading.gettrace()
        threading.settrace(trace)
        try:
            counted_in(lambda _: run_forked(use_mock))
        finally:
            threading.settrace(found)
        self.assertIn("act_as", names)

    def test_fork_that_fails(self):
        """Where a fork fails, the server goes on."""

        def fail():
            raise BlockingIOError("no more processes")

        def body(_):
            run_forked(use_mock)
            with self.assertRaises(BlockingIOError):
                wrap_fork(fail)()
            return run_forked(use_mock)

        self.assertEqual(counted_in(body)[1], (2, 0, 0))


@needs_fork
class SecurityTests(WithoutOthersCase):
    def test_folder(self):
        """Nobody else can enter the folder of the socket; it is gone after the test."""

        def look(parent):
            folder = os.path.dirname(parent.address)
            return folder, stat.S_IMODE(os.stat(folder).st_mode), sorted(os.listdir(folder))

        with PatchCaches():
            run_forked(use_mock)
            folder, mode, names = look(next(iter(children.state.by_serial.values())).parent)
        self.assertEqual((mode, names), (0o700, ["ledger", "socket"]))
        self.assertFalse(os.path.exists(folder))

    def test_wrong_key(self):
        """Whoever does not say the key is dropped, and nothing that it has sent is unpickled."""
        with PatchCaches():
            run_forked(use_mock)
            parent = next(iter(children.state.by_serial.values())).parent
            for hello in (
                parent.key[:-1] + "x",
                "",
                pickle.dumps(_Unpickled()).hex(),
                "x" * 100_000,
            ):
                made = connection_to(parent.address)
                with made:
                    made.sendall(framed(f"{hello}\x1f1\x1fname".encode()))
                    try:
                        made.sendall(framed(pickle.dumps(_Unpickled())))
                        self.assertEqual(made.recv(1), b"")
                    except OSError:
                        # It was dropped before.
                        continue
        self.assertEqual(_Unpickled.seen, [])

    def test_key_alone(self):
        """With it, one is answered, message by message, however they come."""
        with PatchCaches() as patched:
            run_forked(use_mock)
            parent = next(iter(children.state.by_serial.values())).parent
            who = (parent.serial, "MainThread", ("shop.py", 7, "buy", "shop"))
            sent = framed(f"{parent.key}\x1f4711\x1fshop".encode())
            for request, args in (("put", ("desk", 90.0)), ("get", ("lamp",))):
                call = pickle.dumps(((*who, request, "prices"), pickle.dumps(args)))
                sent += framed(bytes([0, 0, 0, 0, NEW]) + call)
            sent += framed(bytes([1, 0, 0, 0, TEXT]) + b"desk")
            with connection_to(parent.address) as made:
                for n in range(len(sent)):
                    made.sendall(sent[n : n + 1])
                answers = b""
                while answers.count(pickle.dumps(90.0)[-9:]) < 1:
                    answers += made.recv(100)
            last = patched.caches.prices.operations[-1]
        self.assertEqual((last.kind, last.process, last.process_name), ("hit", 4711, "shop"))
        self.assertEqual(tuple(last.where), ("shop.py", 7, "buy"))


class _Unpickled:
    """Notes that it was unpickled."""

    seen: ClassVar[list[int]] = []

    def __reduce__(self):
        return _Unpickled.seen.append, (1,)


@needs_fork
class EndTests(WithoutOthersCase):
    def test_closed_with_the_last_child(self):
        """With the last child the server goes; the next test that has one has another."""
        addresses = []
        for _ in range(2):
            with PatchCaches():
                run_forked(use_mock)
                addresses.append(next(iter(children.state.by_serial.values())).parent.address)
            self.assertIsNone(server._server)
            self.assertIsNone(children.state)
        self.assertNotEqual(*addresses)

    def test_no_descriptor_is_left(self):
        """Nothing stays open, however many have asked."""
        folder = Path("/proc/self/fd")
        if not folder.is_dir():
            self.skipTest("needs /proc")
        counted_in(lambda _: run_forked(use_mock))
        # What other tests have left may be closed meanwhile, as garbage.
        gc.collect()
        before = len(list(folder.iterdir()))
        counted_in(lambda _: [run_forked(use_mock) for _ in range(10)])
        gc.collect()
        self.assertLessEqual(len(list(folder.iterdir())), before)

    def test_busy_parent(self):
        """A child is answered while its parent is busy, and asks at its own pace."""

        def body(_):
            stop = threading.Event()
            reading, writing = os.pipe()
            if (child := os.fork()) == 0:
                try:
                    for n in range(50):
                        MockBackend("prices").put(n, n)
                    os.write(writing, b"x")
                finally:
                    os._exit(0)
            os.set_blocking(reading, False)
            until = time.monotonic() + SECONDS
            while not stop.is_set() and time.monotonic() < until:
                try:
                    os.read(reading, 1)
                    stop.set()
                except BlockingIOError:
                    sum(range(1_000))
            os.waitpid(child, 0)
            os.close(reading)
            os.close(writing)

        self.assertEqual(counted_in(body)[1], (50, 0, 0))


if __name__ == "__main__":
    unittest.main()
