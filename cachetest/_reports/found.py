"""The caches in the source of a package that a test could count."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .sources import Module, Sources

__all__ = ["Found", "find_caches"]

_BACKENDS = "no adapter: where Redis is behind it, Redis() counts that; else see writing-an-adapter"
_NO_ADAPTER = "no adapter: see writing-an-adapter"


class _Kind(NamedTuple):
    """What a name of a library makes: a cache (``what``), for an ``adapter``, or with a ``note``."""

    what: str
    adapter: str = ""
    note: str = ""


def _kinds(library: str, names: str, adapter: str = "", note: str = "") -> dict[str, _Kind]:
    return {f"{library}.{each}": _Kind(f"{library}.{each}", adapter, note) for each in names.split()}


# What decorates a function that is a cache from then on.
_DECORATORS = {
    **_kinds("functools", "lru_cache cache", "Functools"),
    **_kinds("functools", "cached_property", note="no adapter: each object keeps its one value itself"),
    **_kinds("cachetools", "cached", "Cachetools"),
    **_kinds("cachetools.func", "fifo_cache lfu_cache lru_cache mru_cache rr_cache ttl_cache", "Cachetools"),
    **_kinds("cachetools", "cachedmethod", note="name the cache that the method asks its object for"),
    **_kinds("aiocache", "cached cached_stampede multi_cached", note=_BACKENDS),
    **_kinds("aiocache.decorators", "cached cached_stampede multi_cached", note=_BACKENDS),
}
# What makes a cache.
_MAKERS = {
    **_kinds(
        "cachetools", "Cache FIFOCache LFUCache LRUCache MRUCache RRCache TTLCache TLRUCache", "Cachetools"
    ),
    **_kinds("dogpile.cache", "make_region", "Dogpile"),
    **_kinds("dogpile.cache.region", "make_region", "Dogpile"),
    **_kinds("flask_caching", "Cache", note=_BACKENDS),
    **_kinds("aiocache", "Cache SimpleMemoryCache RedisCache MemcachedCache", note=_BACKENDS),
    **_kinds("aiocache.caches", "get create", note=_BACKENDS),
    **_kinds("diskcache", "Cache FanoutCache DjangoCache Index", note=_NO_ADAPTER),
    **_kinds("joblib", "Memory", note=_NO_ADAPTER),
    **_kinds("joblib.memory", "Memory", note=_NO_ADAPTER),
    **_kinds("requests_cache", "CachedSession install_cache", note=_BACKENDS),
}
# Methods of a cache that make one of a function.
_METHODS = {"flask_caching.Cache": ("cached", "memoize"), "joblib.Memory": ("cache",)}
_METHODS |= {"joblib.memory.Memory": _METHODS["joblib.Memory"]}
_METHODS |= {f"diskcache.{each}": ("memoize",) for each in ("Cache", "FanoutCache")}
# What stands around a function of a class, and how to get to that; of others nobody knows.
_AROUND = {"staticmethod": "", "classmethod": "", "property": ".fget"}


class Found(NamedTuple):
    """One cache: in *file*, at *line*, made by *what*.

    ``target`` is where it can be reached, as ``"shop.catalog:price_of"``; for ``adapter``, if there is one.
    Where it can't be counted ``note`` says why.
    """

    file: str
    line: int
    what: str
    target: str
    adapter: str
    note: str


def find_caches(sources: Sources) -> list[Found]:
    """Return the caches that the modules of *sources* make, in the order of files and lines."""
    makers = dict(_MAKERS)
    # A class that is one of these is known when its base is, whichever is read first.
    while found := {name: kind for name, kind in _subclasses(sources, makers) if name not in makers}:
        makers |= found
    instances = dict(_instances(sources, makers))
    return sorted(
        each
        for module in sources.modules.values()
        for each in _Reading(sources, module, makers, instances).read()
    )


def _subclasses(sources: Sources, makers: dict[str, _Kind]) -> Iterator[tuple[str, _Kind]]:
    for module in sources.modules.values():
        for node in ast.walk(module.tree):
            for base in node.bases if isinstance(node, ast.ClassDef) else ():
                if isinstance(node, ast.ClassDef) and (kind := makers.get(sources.meant(module, base))):
                    yield f"{module.name}.{node.name}", kind


def _instances(sources: Sources, makers: dict[str, _Kind]) -> Iterator[tuple[str, _Kind]]:
    """Yield each cache at the top of a module by its full name."""
    for module in sources.modules.values():
        for node in module.tree.body:
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Call):
                kind = makers.get(sources.meant(module, _made_by(node.value).func))
                for name in _names(node) if kind else ():
                    yield f"{module.name}.{name}", kind  # type: ignore[misc]


def _names(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets: Sequence[ast.expr] = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [each.id for each in targets if isinstance(each, ast.Name)]


def _made_by(call: ast.Call) -> ast.Call:
    """Return what makes the cache: of ``make_region().configure()`` the call inside."""
    inner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return inner if isinstance(inner, ast.Call) else call


def _mangled(name: str, owner: ast.AST) -> str:
    """Return the *name* that an attribute of *owner* has: one of a class may be private to it."""
    is_private = isinstance(owner, ast.ClassDef) and name.startswith("__") and not name.endswith("__")
    return f"_{owner.name.lstrip('_')}{name}" if is_private and isinstance(owner, ast.ClassDef) else name


class _Reading:
    """Reads one module."""

    def __init__(
        self, sources: Sources, module: Module, makers: dict[str, _Kind], instances: dict[str, _Kind]
    ) -> None:
        self._sources = sources
        self._module = module
        self._makers = makers
        self._instances = instances
        self._found: list[Found] = []
        # Calls whose cache has been told of: of a decorator, or as what a name stands for.
        self._told: set[ast.AST] = set()

    def read(self) -> list[Found]:
        self._body(self._module.tree, (), reachable=True)
        return self._found

    def _body(self, node: ast.AST, path: tuple[str, ...], *, reachable: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                name = _mangled(child.name, node)
                self._function(child, (*path, name), reachable)
                self._body(child, (*path, name), reachable=False)
            elif isinstance(child, ast.ClassDef):
                self._body(child, (*path, child.name), reachable=reachable)
            else:
                if isinstance(child, (ast.Assign, ast.AnnAssign)):
                    self._assigned(child, path, reachable)
                kind = self._makers.get(self._meant(child.func)) if isinstance(child, ast.Call) else None
                if kind is not None and isinstance(child, ast.Call) and child not in self._told:
                    self._add(child, kind, (), "made where no name of a module stands for it")
                self._body(child, path, reachable=reachable)

    def _function(
        self, function: ast.FunctionDef | ast.AsyncFunctionDef, path: tuple[str, ...], reachable: bool
    ) -> None:
        around = ""
        others = 0
        for decorator in function.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            kind = self._decorator(called)
            if kind is None:
                name = called.id if isinstance(called, ast.Name) else ""
                around += _AROUND.get(name, ".__wrapped__")
                others += name not in _AROUND
                continue
            given = self._given(decorator) if kind.what == "cachetools.cached" else None
            if given is not None and self._meant(given) in self._instances:
                # That cache is told of where it is made.
                return
            self._told.update(ast.walk(decorator))
            why = "" if reachable else "inside a function: its module has no name for it"
            made = given.func if isinstance(given, ast.Call) else None
            if isinstance(given, ast.Dict) or (isinstance(made, ast.Name) and made.id == "dict"):
                why = "in a plain dict: give it a cache of cachetools"
            elif others > 1:
                why = "inside several decorators: name what has cache_info()"
            self._add(decorator, kind, path, why, around)
            return

    def _decorator(self, called: ast.expr) -> _Kind | None:
        meant = self._meant(called)
        kind = _DECORATORS.get(meant)
        owner, _, method = meant.rpartition(".")
        cache = self._instances.get(owner)
        if kind is None and cache is not None and method in _METHODS.get(cache.what, ()):
            return _Kind(f"{cache.what}.{method}", note=cache.note)
        return kind

    def _assigned(self, node: ast.Assign | ast.AnnAssign, path: tuple[str, ...], reachable: bool) -> None:
        if not isinstance(node.value, ast.Call):
            return
        call = _made_by(node.value)
        kind = self._makers.get(self._meant(call.func))
        # lru_cache(100)(function), or cache(function).
        inner = call.func.func if isinstance(call.func, ast.Call) else call.func
        kind = kind or (_DECORATORS.get(self._meant(inner)) if call.args or inner is not call.func else None)
        if kind is None:
            return
        self._told.add(call)
        names = _names(node)
        why = (
            ""
            if names and reachable
            else "an attribute, or a name inside a function: no module has a name for it"
        )
        self._add(node, kind, (*path, *names[:1]), why)

    def _given(self, decorator: ast.expr) -> ast.expr | None:
        """Return what a decorator is given as its cache."""
        if not isinstance(decorator, ast.Call):
            return None
        named = [each.value for each in decorator.keywords if each.arg == "cache"]
        found = (*decorator.args[:1], *named)
        return next(iter(found), None)

    def _meant(self, node: ast.AST | None) -> str:
        return self._sources.meant(self._module, node)

    def _add(
        self, node: ast.stmt | ast.expr, kind: _Kind, path: tuple[str, ...], why: str, around: str = ""
    ) -> None:
        target = f"{self._module.name}:{'.'.join(path)}{around}" if path and not why else ""
        note = kind.note or why
        adapter = "" if note else kind.adapter
        self._found.append(Found(str(self._module.path), node.lineno, kind.what, target, adapter, note))
