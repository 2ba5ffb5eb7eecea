"""`Hook`: one function of torch that is wrapped, and whose wrapper looks on or stands in for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Hook"]


class Hook(NamedTuple):
    """A function that is wrapped: an attribute of a class, or of a module where ``owner`` is empty.

    ``around`` is given the function, and returns the wrapper, or the function where there is nothing to do in
    this release. ``cache`` is the cache whose keys it tells of. One that ``swaps`` stands in for the function
    where `local.mocked` has a cache, and so it serves late callers too; others only look on.
    """

    module: str
    owner: str
    name: str
    around: Callable[[Callable[..., Any]], Callable[..., Any]]
    cache: str | None = None
    swaps: bool = False
