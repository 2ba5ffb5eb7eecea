"""Run Python with the arguments given, and fail if anything tried to reach a store's usual port meanwhile.

In each Python that is started, an attempt raises an error and is noted with its stack. Somebody listens at
the ports themselves, for programs that are not Python or that were started without our environment.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

PORTS = {"redis": 6379, "memcached": 11211}


class Doors:
    """Listens at each port, and counts who comes."""

    def __init__(self) -> None:
        self.came: list[str] = []

    def watch(self, name: str, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # it is closed when the run is over
            while True:
                listener.accept()[0].close()
                self.came.append(f"somebody came to the port of {name}\n")


def main(arguments: list[str]) -> int:
    doors = Doors()
    with contextlib.ExitStack() as stack:
        attempts = Path(stack.enter_context(tempfile.TemporaryDirectory()), "attempts")
        for name, port in PORTS.items():
            listener = stack.enter_context(socket.create_server(("127.0.0.1", port)))
            threading.Thread(target=doors.watch, args=(name, listener), daemon=True).start()
        here = str(Path(__file__).parent)
        environ = os.environ | {
            "CACHETEST_ATTEMPTS": str(attempts),
            "CACHETEST_STORES": " ".join(map(str, PORTS.values())),
            "PYTHONPATH": os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH")))),
        }
        code = subprocess.call([sys.executable, *arguments], env=environ)
        noted = attempts.read_text(encoding="utf-8") if attempts.exists() else ""
    found = "".join(doors.came) + noted
    print(found or "nothing tried to reach a store", file=sys.stderr)
    return code or bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
