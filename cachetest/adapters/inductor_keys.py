"""What the keys of torch's compile caches are made of, and why a cache did not take part.

Torch's keys are hashes. While a scope is open whose misses are to be explained, the parts that torch has
hashed are kept: of ``fx_graph`` as torch lists them itself, of ``aot_autograd`` as they are when it makes the
hash, of the autotune caches as they are when it makes the cache object. The key of ``dynamo_pgo`` is legible.
Where a release lacks what is hooked here, its keys stay hashes, and everything is counted all the same.
"""

from __future__ import annotations

import functools
import importlib
import pickle
import re
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ..scope import cache_for, owner
from ..texts import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ..caches import MockCache
    from ..explain import Part
    from ..undo import Undo

__all__ = ["MODULES", "hook_when_loaded", "hooks", "opaque", "places", "take_apart"]

_LIBRARIES = frozenset({"torch", "triton", "functorch"})
_PARTS = "key parts"
_TEXTS = "key part texts"


def _explained(name: str) -> MockCache | None:
    """Return the cache called *name* of the calling context, if its misses are to be explained."""
    scope = owner()
    if scope is None or scope.closed:
        return None
    cache = cache_for(name)
    return None if cache.explainer is None else cache


def _keep(cache: MockCache, key: str, texts: Callable[[], Iterable[str]]) -> None:
    """Keep the parts of *key*; the text of one that other keys have as well is kept once."""
    known = cache.keep(_PARTS, dict)
    if key not in known:
        shared: dict[str, str] = cache.keep(_TEXTS, dict)
        known[key] = tuple(shared.setdefault(text, text) for text in texts())


# Hooks: each takes what it stands for, and returns what calls it and looks on.


def _around_load(load: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the graph cache's lookup, where key, parts and outcome are known together."""

    @functools.wraps(load)
    def load_with_key(key: str, debug_lines: list[str], *args: Any, **kwargs: Any) -> Any:
        cache = _explained("fx_graph")
        if cache is not None:
            _keep(cache, key, lambda: debug_lines)
        result = load(key, debug_lines, *args, **kwargs)
        if cache is not None:
            _note_guards(cache, key, result[1])
        return result

    return load_with_key


def _note_guards(cache: MockCache, key: str, outcome: Mapping[str, Any]) -> None:
    if outcome.get("cache_status_detailed") != "guard_miss":
        return
    log = cache.operations
    guards = str(outcome.get("cache_status_guard_expr") or "torch does not say which")
    operations = log.snapshot()
    for index in reversed(range(len(operations))):
        operation = operations[index]
        if operation.kind == "hit" and _split(operation.key)[1] == key:
            notes: dict[int, str] = cache.keep("notes", dict)
            notes[index + log.dropped + 1] = guards
            return


def _around_lookup(lookup: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the autograd cache's lookup, which is given what to write its outcome to."""

    @functools.wraps(lookup)
    def _lookup(
        key: str, local: bool, remote: bool, args: Any, cache_info: dict[str, Any], *more: Any, **kwargs: Any
    ) -> Any:
        result = lookup(key, local, remote, args, cache_info, *more, **kwargs)
        cache = _explained("aot_autograd") if remote else None
        if cache is not None:
            _note_guards(cache, key, cache_info)
        return result

    return _lookup


def _around_hash(get_hash: Callable[..., str]) -> Callable[..., str]:
    """Wrap the hash of the autograd cache's key: torch lists its parts for its own debug log only."""
    module = sys.modules[_AUTOGRAD]
    details = module.AOTAutogradCacheDetails
    prefix = getattr(module, "AOTAUTOGRAD_CACHE_PREFIX", "a")

    @functools.wraps(get_hash)
    def hash_and_keep(self: Any, obj: Any) -> str:
        made = get_hash(self, obj)
        if isinstance(obj, details):
            cache = _explained("aot_autograd")
            if cache is not None:
                _keep(cache, prefix + made, lambda: _texts_of(self, obj))
        return made

    return hash_and_keep


def _texts_of(pickler: Any, details: Any) -> Iterator[str]:
    """Yield the parts as torch's debug log would, without hashing each of them once more."""
    for name, value in vars(details).items():
        if name == "autograd_config" and isinstance(value, bytes):
            # Made by torch in this process, a moment ago.
            value = pickle.loads(value)
        if isinstance(value, dict):
            for inner, each in value.items():
                yield f"{name}[{inner}]: {_text(pickler, each)}"
        elif isinstance(value, list):
            for n, each in enumerate(value):
                yield f"{name}[{n}]: {_text(pickler, each)}"
        else:
            yield f"{name}: {_text(pickler, value)}"


def _text(pickler: Any, value: Any) -> str:
    if isinstance(value, (str, int, float, type(None))):
        return str(value)
    if isinstance(value, bytes):
        return value[:64].hex()
    if hasattr(value, "graph") and hasattr(value, "code"):
        return str(value.code)
    reduce = pickler.dispatch_table.get(type(value))
    if reduce is None and hasattr(value, "requires_grad"):
        reduce = pickler.dispatch_table.get(importlib.import_module("torch").Tensor)
    if reduce is not None:
        return str(reduce(value)[1])
    # An address is not part of the key.
    return re.sub(r" at 0x[0-9a-f]+", "", str(value))


def _around_create(create: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the maker of the autotune cache of a kernel, which knows both of its keys."""

    @functools.wraps(create)
    def create_and_keep(inductor_meta: Any, filename: str, configs_hash: str) -> Any:
        made = create(inductor_meta, filename, configs_hash)
        if made is not None:
            tag = importlib.import_module("torch.compiler").config.cache_key_tag
            name = filename.replace("\\", "/").rpartition("/")[2]
            parts = (f"kernel (named after the hash of its source): {name}", f"cache_key_tag: {tag}")
            more = (
                f"configs hash: {configs_hash}",
                f"backend hash: {inductor_meta.get('backend_hash')}",
            )
            _keep_of(made, "local_cache", "autotune_local", "", parts)
            _keep_of(
                made,
                "remote_cache",
                "autotune_remote",
                f"{getattr(made, 'remote_cache_full_key', '')}::",
                parts + more,
            )
        return made

    return create_and_keep


def _keep_of(made: Any, attribute: str, name: str, prefix: str, parts: tuple[str, ...]) -> None:
    found = getattr(made, attribute, None)
    cache = _explained(name)
    if cache is not None and found is not None:
        _keep(cache, f"{prefix}{found[1]}", lambda: parts)


_BYPASSED = {"bypass_fx_graph": "fx_graph", "bypass_aot_autograd": "aot_autograd"}


def _around_bypass(log: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap what torch calls, with the reason, where it passes over a remote cache."""

    @functools.wraps(log)
    def log_cache_bypass(name: str, reason: str, *args: Any, **kwargs: Any) -> Any:
        cache = _explained(_BYPASSED[name]) if name in _BYPASSED else None
        if cache is not None:
            cache.record("bypass", Shown(reason), _LIBRARIES)
        return log(name, reason, *args, **kwargs)

    return log_cache_bypass


class _Hook(NamedTuple):
    """What is wrapped: an attribute of a class, or of a module where ``owner`` is empty."""

    module: str
    owner: str
    name: str
    around: Callable[[Callable[..., Any]], Callable[..., Any]]
    cache: str | None = None


_CODECACHE = "torch._inductor.codecache"
_AUTOGRAD = "torch._functorch._aot_autograd.autograd_cache"
_AUTOTUNE = "torch._inductor.runtime.autotune_cache"
_HOOKS = (
    _Hook(_CODECACHE, "FxGraphCache", "load_with_key", _around_load, "fx_graph"),
    _Hook(_CODECACHE, "", "log_cache_bypass", _around_bypass),
    _Hook(_AUTOGRAD, "AOTAutogradCachePickler", "get_hash", _around_hash, "aot_autograd"),
    _Hook(_AUTOGRAD, "AOTAutogradCache", "_lookup", _around_lookup),
    _Hook(_AUTOGRAD, "", "log_cache_bypass", _around_bypass),
    _Hook(_AUTOTUNE, "AutotuneCache", "create", _around_create, "autotune_local"),
)
MODULES = frozenset(each.module for each in _HOOKS)
_MADE_OF = {
    "autotune_local": "the kernel's source, cache_key_tag and torch's own source",
    "autotune_remote": (
        "the kernel's source, cache_key_tag, the hashes of its configs and of the backend, and torch's own "
        "source"
    ),
    "bundled_autotune": "the generated code without its comments, and the hash of the backend",
    "triton": "the kernel's source, its options, and the backend",
}


def _owner_of(hook: _Hook) -> Any:
    """Return the loaded class or module that has what *hook* wraps, None where there is none."""
    module = sys.modules.get(hook.module)
    found = getattr(module, hook.owner, None) if hook.owner else module
    return found if callable(getattr(found, hook.name, None)) else None


# What was made for what was found, since most tests find the same again.
_made: dict[_Hook, tuple[object, object]] = {}


def hook_when_loaded(undo: Undo) -> None:
    """Have each module that is not loaded yet hooked when it is: patching loads no compiler."""
    if not all(map(sys.modules.get, MODULES)):
        finder = _Finder(undo)
        undo.add(finder.remove)
        sys.meta_path.insert(0, finder)


def _hook_module(undo: Undo, module: str) -> None:
    undo.set_attributes([value for each in _HOOKS if each.module == module for value in _swap(each)])


def hooks() -> Iterable[tuple[object, str, object]]:
    """Yield what is to be set, and where, for every hook that the loaded modules have a place for."""
    for each in _HOOKS:
        yield from _swap(each)


def places() -> Iterable[tuple[str, str]]:
    """Yield the module and the name in it that each hook looks its place up by."""
    return ((each.module, each.owner) for each in _HOOKS if each.owner)


def _swap(hook: _Hook) -> Iterator[tuple[object, str, object]]:
    """Yield what is to be set for *hook*: nothing where this torch has no place for it."""
    found = _owner_of(hook)
    if found is None:
        return
    definition = _definition(found, hook.name)
    made = _made.get(hook)
    if made is None or made[0] is not definition:
        wrapped = hook.around(getattr(found, hook.name))
        made = definition, staticmethod(wrapped) if isinstance(definition, staticmethod) else wrapped
        _made[hook] = made
    yield found, hook.name, made[1]


def _definition(found: Any, name: str) -> object:
    if not isinstance(found, type):
        return getattr(found, name)
    return next(vars(cls)[name] for cls in found.__mro__ if name in vars(cls))


class _Finder:
    """Finds the modules to hook as the import system does, and hooks each when it has been loaded."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name not in MODULES:
            return None
        others = (finder for finder in sys.meta_path if not isinstance(finder, _Finder))
        found = (finder.find_spec(name, path, target) for finder in others)
        spec = next((each for each in found if each is not None), None)
        if spec is not None and spec.loader is not None:
            loader: Any = _Loader(spec.loader, partial(_hook_module, self._undo))
            spec.loader = loader
        return spec

    def remove(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)


class _Loader:
    """Loads one module by its own loader, which the module has for good."""

    def __init__(self, loader: Any, loaded: Callable[[str], object]) -> None:
        self._loader = loader
        self._loaded = loaded

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._loaded(module.__name__)


def opaque(cache: MockCache) -> str:
    """Return why the keys of *cache* stay hashes, or nothing where they are taken apart."""
    if cache.keep(_PARTS, dict):
        return ""
    for each in _HOOKS:
        if each.cache == cache.name and each.module in sys.modules and _owner_of(each) is None:
            return (
                f"this release of torch has no {each.owner}.{each.name} to ask what the key is made of, "
                "so only the keys themselves are compared"
            )
    made_of = _MADE_OF.get(cache.name)
    return f"the key is a hash of {made_of}" if made_of else ""


def _split(key: object) -> tuple[str, str, str]:
    """Return cache id, key and version of what torch's Redis caches build: ``pt2:<id>::<key>:c<version>``."""
    head, mark, tail = str(key).partition("::")
    inner, version_mark, version = tail.rpartition(":")
    if not head.startswith("pt2:") or not mark or not version_mark:
        return "", str(key), ""
    return head.removeprefix("pt2:"), inner, version


# Reading what was kept.

_LINE = re.compile(r"(?:\[(\w{40,})\] )?([^:]+): ?(.*)", re.DOTALL)
_INDEXED = re.compile(r"(\w+)\[(.*)\]")

# What a user calls it, or turns it by.
_LABELS = {
    "gm": "graph",
    "inductor_config": "inductor config",
    "inductor_config_comms": "inductor comms config",
    "autograd_config": "functorch config",
    "fx_kwargs": "compile option",
    "cpp_runtime_thread_count": "number of threads (torch.set_num_threads)",
    "deterministic_algorithms": "deterministic mode (torch.use_deterministic_algorithms)",
    "deterministic_algorithms_settings": "deterministic mode (torch.use_deterministic_algorithms)",
    "grad_enabled": "grad mode (torch.no_grad, torch.enable_grad)",
    "autocast_state": "autocast",
    "default_dtype": "default dtype (torch.set_default_dtype)",
    "torch_version": "torch's own source",
    "system_info": "system",
}
_QUOTED = {"cache_key_tag"}
# What follows from other parts comes last.
_LAST = ("graph", "aot_config", "compile option")


def take_apart(cache: MockCache, key: object) -> list[Part] | None:
    """Return the parts of *key* that were kept, None where none were."""
    cache_id, inner, _ = _split(key)
    if cache.name == "dynamo_pgo":
        if inner.count(":") >= 2:
            job, rank, tag = inner.rsplit(":", 2)
            return [("job_id", job), ("rank", rank), ("cache_key_tag", tag)]
        return None
    known: dict[str, tuple[str, ...]] = cache.keep(_PARTS, dict)
    texts = known.get(f"{cache_id}::{inner}") or known.get(inner)
    if texts is None:
        return None
    parts = [part for text in _without_symbols(texts) for part in _named(text)]
    parts.sort(key=lambda part: part[0].startswith(_LAST))
    return parts


def _without_symbols(texts: Iterable[str]) -> Iterator[str]:
    """Yield *texts*, the symbolic sizes as one part, so that the tensors keep their numbers."""
    sizes: list[str] = []
    tensors = 0
    for text in texts:
        match = _LINE.fullmatch(text)
        if match is None or not match[2].startswith("example_inputs["):
            yield text
        elif "TensorMetadata(" in match[3]:
            yield f"example_inputs[{tensors}]: {match[3]}"
            tensors += 1
        else:
            sizes.append(match[3].strip("(),'"))
    yield f"sizes that are not fixed (dynamic shapes): {', '.join(sizes) or 'none'}"


def _named(text: str) -> Iterator[Part]:
    match = _LINE.fullmatch(text)
    if match is None:
        yield text, Shown(text)
        return
    digest, name, value = match.groups()
    indexed = _INDEXED.fullmatch(name)
    base, inside = (indexed[1], indexed[2]) if indexed else (name, "")
    label = _LABELS.get(base, base)
    if base == "example_inputs" and "TensorMetadata(" in value:
        for field, each in _fields(value):
            yield f"example_inputs[{inside}] {field}", Shown(each)
    elif base == "gm":
        yield label, Shown(_legible(value), digest)
    elif label in _QUOTED:
        yield label, value
    elif indexed and base in _LABELS:
        yield f"{label} {inside}", Shown(value, digest)
    else:
        yield f"{label}[{inside}]" if indexed else label, Shown(value, digest)


def _legible(code: str) -> str:
    """Return the lines of generated code that say what is computed."""
    lines = (line.partition(";  ")[0].strip() for line in code.splitlines())
    return "\n".join(
        re.sub(r"torch\.ops\.(?:aten|prims)\.(\w+)(?:\.default)?", r"\1", line)
        for line in lines
        if line and not line.startswith(("#", "def ", "<lambda>", "GraphModule"))
    )


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Yield the fields of the repr of a tensor's metadata, by name."""
    inside = text[text.index("TensorMetadata(") + len("TensorMetadata(") :]
    depth, start = 0, 0
    for at, character in enumerate(inside):
        depth += (character in "([{") - (character in ")]}")
        if depth < 0 or (depth == 0 and character == ","):
            name, _, value = inside[start:at].strip().partition("=")
            yield name, re.sub(r"torch\.Size\((.*)\)", r"\1", value)
            start = at + 1
        if depth < 0:
            return
