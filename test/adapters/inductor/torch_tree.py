"""Writes a stand-in for one release of torch: as much of it as the inductor adapter touches.

Which classes and flags there are comes from ``torch_releases.json``, read from the released wheels. How
they behave follows torch where a patch could notice.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from . import torch_tree_sources as sources

if TYPE_CHECKING:
    from collections.abc import Collection

RELEASES = json.loads(Path(__file__).with_name("torch_releases.json").read_text())

CONFIG = "torch._inductor.config"
REMOTE_CACHE = "torch._inductor.remote_cache"
AUTOGRAD_CACHE = "torch._functorch._aot_autograd.autograd_cache"
AUTOTUNE_CACHE = "torch._inductor.runtime.autotune_cache"
_FB_REMOTE_CACHE = "torch._inductor.fb.remote_cache"
_FB_MEMCACHE = "triton.fb.fb_memcache"

# The facts are of torch._inductor.config only. The last flag of each is no switch of any cache.
OTHER_FLAGS = {
    "torch._functorch.config": ("enable_autograd_cache", "enable_remote_autograd_cache", "debug_partitioner"),
    "torch._dynamo.config": ("automatic_dynamic_local_pgo", "automatic_dynamic_remote_pgo", "verbose"),
}
FORCED_BY = {
    "fx_graph_cache": "TORCHINDUCTOR_FX_GRAPH_CACHE",
    "enable_autograd_cache": "TORCHINDUCTOR_AUTOGRAD_CACHE",
    "automatic_dynamic_local_pgo": "TORCH_DYNAMO_AUTOMATIC_DYNAMIC_LOCAL_PGO",
}


def numbers(version: str) -> tuple[int, ...]:
    """Return a version so that it can be compared."""
    return tuple(int(part) for part in version.split("."))


def overrides_are_per_context(version: str) -> bool:
    """Return whether the release keeps what a flag was set to in a ContextVar."""
    return numbers(version) >= (2, 12)


def lookup_parameters(version: str) -> tuple[str, ...]:
    """Return the parameters of the release's ``AOTAutogradCache._lookup``."""
    more = ("args", "cache_info", "aot_config") if numbers(version) >= (2, 8) else ()
    return ("key", "local", "remote", *more)


def module_of(class_name: str, version: str) -> str:
    """Return the module that the release defines a cache class in."""
    if class_name.startswith("Fb"):
        return _FB_MEMCACHE if class_name == "FbMemcacheRemoteKernelCache" else _FB_REMOTE_CACHE
    classes = RELEASES[version]["classes"]
    return next(module for module, names in classes.items() if class_name in names)


def write_tree(root: Path, version: str, *, fbcode: bool = False, without: Collection[str] = ()) -> None:
    """Write the release into the directory *root*, leaving out the classes and flags in *without*."""
    flags = {CONFIG: RELEASES[version]["config"], **OTHER_FLAGS}
    modules = {
        "torch.utils._config_module": _fill(
            sources.CONFIG_MODULE, per_context=overrides_are_per_context(version)
        ),
        **{module: _config(names, fbcode, without) for module, names in flags.items()},
        **_cache_modules(version, without),
        **(_fb_modules() if fbcode else {}),
        AUTOGRAD_CACHE: _fill(sources.MAKER, owner="AOTAutogradCache", memoised="\n    @functools.cache")
        + _fill(sources.LOOKUP, parameters=", ".join(lookup_parameters(version))),
        "torch.compiler.__init__": "from . import config\n",
        "torch.compiler.config": "cache_key_tag = ''\n",
        "torch._inductor.codecache": _fill(sources.MAKER, owner="FxGraphCache", memoised=""),
        "torch._dynamo.pgo": sources.PGO,
        "torch.version": f"__version__ = {version!r}\n",
    }
    for module, source in modules.items():
        path = root.joinpath(*module.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    for folder in (path for path in root.rglob("*") if path.is_dir()):
        (folder / "__init__.py").touch()
    (root / "torch" / "__init__.py").write_text("from torch.version import __version__\n")


def _fill(template: str, **values: object) -> str:
    return Template(template).substitute(values)


def _config(names: Collection[str], fbcode: bool, without: Collection[str]) -> str:
    on = {*FORCED_BY, "autotune_local_cache"}
    defaults = {name: True if name in on else None if "remote" in name else False for name in names}
    flags = {name: default for name, default in defaults.items() if name not in without}
    return _fill(sources.CONFIG_FILE, fbcode=fbcode, flags=flags, forced_by=FORCED_BY)


def _cache_modules(version: str, without: Collection[str]) -> dict[str, str]:
    name = "LocalAutotuneCache"
    autotune = _fill(sources.AUTOTUNE, knows_id=numbers(version) >= (2, 7))
    found = {REMOTE_CACHE: sources.REMOTE_CACHE_FILE, AUTOTUNE_CACHE: autotune}
    if module_of(name, version) == REMOTE_CACHE:
        found[REMOTE_CACHE] += _fill(
            sources.LOCAL_CACHE, name="LocalCache", backend="LocalCacheBackend", parameters="self, cache_id"
        )
        # Only 2.13 kept the class under its old name.
        if numbers(version)[:2] == (2, 13) and name not in without:
            found[AUTOTUNE_CACHE] += f"from {REMOTE_CACHE} import {name}\n"
    elif name not in without:
        local = _fill(sources.LOCAL_CACHE, name=name, backend="_LocalAutotuneCacheBackend", parameters="self")
        needs = "RemoteCache, RemoteCacheJsonSerde, _RealBackend"
        found[AUTOTUNE_CACHE] += f"from {REMOTE_CACHE} import {needs}\n{local}"
    for module, names in RELEASES[version]["classes"].items():
        written = re.findall(r"^class (\w+)", found[module], re.MULTILINE)
        found[module] += "".join(_empty_class(name) for name in names if name not in {*written, *without})
    return found


def _empty_class(name: str) -> str:
    is_remote = re.fullmatch(r"(Fb)?Remote\w+Cache|FbMemcache\w+", name)
    bases = "(LocalCache)" if name == "LocalAutotuneCache" else "(RedisRemoteCache)" if is_remote else ""
    return _fill(sources.CLASS, name=name, bases=bases)


def _fb_modules() -> dict[str, str]:
    start = f"from {REMOTE_CACHE} import RedisRemoteCache\n"
    kinds = ("Autotune", "BundledAutotune", "FxGraph", "AOTAutograd", "DynamoPGO")
    return {
        _FB_REMOTE_CACHE: start + "".join(_empty_class(f"FbRemote{kind}Cache") for kind in kinds),
        _FB_MEMCACHE: start + _empty_class("FbMemcacheRemoteKernelCache"),
    }
