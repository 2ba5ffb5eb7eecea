"""The work of a fresh process for an assertion on keys: it calls a function and writes the keys."""

from __future__ import annotations

import importlib.util
import json
import os
import pickle
import sys
import time
import traceback
from contextlib import contextmanager
from importlib import import_module
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from .._patching.session import Session
from .._patching.watched_functions import Watcher, begin_watching, end_watching
from .._telling.facts import components_of
from ..adapters.guarding import LEAVING
from ..adapters.registry import detected_adapters, resolve_adapters
from ..errors import GuardError
from .key_django import begin_django, use_databases
from .key_runs import lookups_in
from .key_texts import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from .._caches.scope import Scope
    from ..adapters.base import Adapter

__all__ = ["main"]

_LOCALE = ("LC_ALL", "LANG")
# The libraries that an adapter serves together with its own: what is below it.
_BELOW = {"django": ("redis", "pymemcache"), "dogpile": ("redis", "pymemcache")}


def main(task_file: str, result_file: str) -> None:
    """Do the task in one file, and write to the other what came of it."""
    with open(task_file, encoding="utf-8") as file:
        task = json.load(file)
    result: dict[str, Any] = {}
    try:
        _run(task, result)
    except BaseException as error:
        result["error"] = "".join(traceback.format_exception_only(type(error), error)).strip()
        result["traceback"] = _traceback(error)
    with open(f"{result_file}.part", "w", encoding="utf-8") as file:
        json.dump(result, file)
    # At once: one that is there is whole.
    os.replace(f"{result_file}.part", result_file)


def _run(task: dict[str, Any], result: dict[str, Any]) -> None:
    # Objects that are kept have those of the program at other addresses, also where the system does not.
    kept = [object() for _ in range(task["ballast"])]
    result["locale"] = _use_locale(task["locales"])
    if task["main"]:
        _load_main(task["main"])
    begin_django(task["django"])
    adapters = [_load_adapter(each) for each in task["adapters"]]
    if task["detects"]:
        adapters = resolve_adapters([*adapters, *detected_adapters()])
    options = {**task["options"], "log_outside": frozenset(task["options"]["log_outside"])}
    session = Session(adapters, label=f"process {os.getpid()} of assertCacheKeyStable", **options)
    with _opened(session) as scope, _refusing(adapters):
        # A module that uses a cache as it is imported reaches no store either.
        function = _load_function(**task["function"])
        use_databases(task["django"])
        before = len(lookups_in(scope.by_name.get(task["cache"])))
        _call(function)
        cache = scope.by_name.get(task["cache"])
        apart = components_of(cache) if cache is not None else lambda _: []
        result["keys"] = [text_of(each, apart) for each in lookups_in(cache)[before:]]
        result["used"] = [name for name, each in scope.by_name.items() if each.operations.total]
    result["facts"] = {
        "process": os.getpid(),
        "folder": os.getcwd(),
        "time": time.time(),
        "address": id(kept),
        "folders": _folders(),
    }


def _folders() -> dict[str, str]:
    """Return a module of each folder that has some and is in no other such, by the path of that folder.

    Of a folder such as ``/app``, in which anything else may be, it is the path of the module.
    """
    found: dict[str, str] = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and name not in ("__main__", "__mp_main__"):
            for path in os.path.abspath(file), os.path.realpath(file):
                folder = os.path.dirname(path)
                found.setdefault(folder if folder.count(os.sep) > 1 else path, name)
    outermost: dict[str, str] = {}
    for folder in sorted(found, key=len):
        if not any(folder.startswith(f"{each}{os.sep}") for each in outermost):
            outermost[folder] = found[folder]
    return outermost


def _traceback(error: BaseException) -> str:
    """Return the traceback of *error*, from where the program begins."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None and at.tb_frame.f_code.co_filename == __file__:
        at = at.tb_next
    return "".join(traceback.format_exception(type(error), error, at))


@contextmanager
def _opened(session: Session) -> Iterator[Scope]:
    problem: BaseException | None = None
    try:
        yield session.open()
    except BaseException as error:
        problem = error
        raise
    finally:
        result = session.close()
        if result is not None and result.problems and problem is None:
            raise AssertionError("\n".join(result.problems))


def _call(function: Callable[[], Any]) -> None:
    result = function()
    if isawaitable(result):
        # Loaded here: most functions need no loop.
        import asyncio

        asyncio.run(_await(result))


async def _await(awaitable: Any) -> None:
    await awaitable


def _use_locale(names: Sequence[str]) -> str:
    """Have the first of *names* that is installed be that of the environment, and return it."""
    # Loaded here: one process in several needs it.
    import locale

    before = locale.setlocale(locale.LC_ALL)
    for name in names:
        try:
            locale.setlocale(locale.LC_ALL, name)
        except locale.Error:
            continue
        os.environ.update(dict.fromkeys(_LOCALE, name))
        # As at the start of a Python: a program sets what it wants.
        locale.setlocale(locale.LC_ALL, before)
        return name
    return ""


def _load_main(path: str) -> None:
    """Load the main script of the test's process as multiprocessing does, by another name."""
    module = _from_file("__mp_main__", path)
    sys.modules["__main__"] = sys.modules["__mp_main__"] = module


def _load_function(place: str, file: str | None) -> Callable[[], Any]:
    module, _, name = place.partition(":")
    try:
        found: Any = import_module(module)
    except ModuleNotFoundError as error:
        # pytest may have loaded it by its file, from a folder that is on no path.
        if file is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        found = _from_file(module, file)
    for each in name.split("."):
        found = getattr(found, each)
    function: Callable[[], Any] = found
    return function


def _from_file(name: str, path: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"no Python module: {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _load_adapter(pickled: str) -> Adapter:
    found = pickle.loads(bytes.fromhex(pickled))
    if isinstance(found, tuple):
        cls, arguments = found
        found = cls(**arguments)
    adapter: Adapter = found
    return adapter


@contextmanager
def _refusing(adapters: Iterable[Adapter]) -> Iterator[None]:
    """Let no library reach a store that none of *adapters* serves: the program may import it only now."""
    served = {adapter.name for adapter in adapters}
    served.update(below for name in list(served) for below in _BELOW.get(name, ()))
    watcher = Watcher(
        (name, each) for name, points in LEAVING.items() if name not in served for each in points
    )

    def refuse(key: tuple[object, str], function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        for name, point in watcher.rules.get(key, ()):
            place = point.place(function, *args, **kwargs)
            if place is not None:
                raise GuardError(
                    f"{name}: {place} was to be used in a fresh process, where the caches of {name} are not "
                    f"patched: name it in patch_caches, as {name!r}"
                )

    begin_watching(watcher, refuse)
    try:
        yield
    finally:
        end_watching(watcher)
