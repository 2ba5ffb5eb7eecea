"""The adapters and options of a scope, by the marks nearest to it and the ini file."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

from .._patching.options import OPTIONS
from .._patching.validation import validate_names
from ..adapters.registry import validate_adapters
from ..errors import CacheTestError, closest_first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ..adapters.base import Adapter

__all__ = ["Given", "given_for", "validate_ini", "validate_marks"]

# The options of `PatchCaches`, each with its check.
_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "enable": functools.partial(validate_names, what="enable"),
    **{name: check for name, check in OPTIONS.items() if not name.endswith("_caches")},
}


class Given:
    """What marks and the ini file give: ``adapters``, none where they are to be found, and ``options``."""

    def __init__(self, adapters: Sequence[str | Adapter], options: dict[str, Any]) -> None:
        self.adapters = adapters
        self.options = options


def given_for(node: pytest.Item | pytest.Collector) -> Given:
    """Return what is given for *node*: each option, and the adapters, by the nearest mark that has them."""
    adapters: Sequence[Any] = ()
    options: dict[str, Any] = {}
    for mark in node.iter_markers("caches"):
        adapters = adapters or mark.args
        options = {**mark.kwargs, **options}
    if not adapters:
        adapters = node.config.getini("cachetest_adapters")
    return Given(validate_adapters(adapters), {name: _check(name, each) for name, each in options.items()})


def validate_ini(config: pytest.Config) -> None:
    """Raise ``UsageError`` where the adapters of the ini file can't be used."""
    try:
        validate_adapters(config.getini("cachetest_adapters"))
    except CacheTestError as error:
        raise pytest.UsageError(f"the ini option cachetest_adapters: {error}") from None


def _check(name: str, value: Any) -> Any:
    if name not in _CHECKS:
        raise TypeError(
            f"there is no option {name!r}; there are, the closest first: "
            f"{', '.join(closest_first(name, _CHECKS))}"
        )
    return _CHECKS[name](value)


def validate_marks(items: Iterable[pytest.Item]) -> None:
    """Raise ``UsageError`` for the first of *items* whose marks can't be used: no test is run then."""
    for item in items:
        try:
            given_for(item)
        except (TypeError, ValueError, CacheTestError) as error:
            raise pytest.UsageError(f"{item.nodeid}: pytest.mark.caches: {error}") from None
