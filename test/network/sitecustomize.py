"""Each Python with this folder on its path loads this: an attempt to reach a store is an error, and noted."""

from __future__ import annotations

import os
import sys
import traceback

# Where tests start servers of their own, which they have to reach.
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_ATTEMPTS = os.environ.get("CACHETEST_ATTEMPTS")
_STORES = [int(port) for port in os.environ.get("CACHETEST_STORES", "").split()]


def _leaves(event: str, args: tuple[object, ...]) -> str | None:
    """Return where *event* would lead to, or None if a test may go there."""
    if event == "socket.getaddrinfo":
        host, port = args[:2]
    elif event in ("socket.connect", "socket.sendto") and isinstance(args[1], tuple):
        host, port = args[1][:2]
    else:
        return None
    if isinstance(host, bytes):
        host = host.decode()
    if host is None or (host in _LOOPBACK and port not in _STORES):
        return None
    return f"{host}:{port}"


def _refuse(event: str, args: tuple[object, ...]) -> None:
    if (place := _leaves(event, args)) is None:
        return
    # The library may take the error for its server's: the file is what counts.
    with open(str(_ATTEMPTS), "a", encoding="utf-8") as attempts:
        attempts.write(
            f"{event} {place}, by {sys.argv[:3]}\n{''.join(traceback.format_stack(limit=25)[:-2])}\n"
        )
    raise RuntimeError(f"a test would have reached {place}")


if _ATTEMPTS:
    sys.addaudithook(_refuse)
