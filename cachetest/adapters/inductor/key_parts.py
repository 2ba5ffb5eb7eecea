"""The named parts of torch's keys, read from the texts that the observers have kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..._telling.formatting import Shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..._caches.cache import MockCache
    from ..._telling.key_parts import Part

__all__ = ["PARTS", "keep_parts", "kept_parts", "known_parts", "split_key"]

PARTS = "key parts"
"""The adapter's state of a cache that has, for each key, the texts of its parts."""

_TEXTS = "key part texts"


def split_key(key: object) -> tuple[str, str, str]:
    """Return cache id, key and version of a key of torch's Redis caches: ``pt2:<id>::<key>:c<version>``."""
    head, mark, tail = str(key).partition("::")
    inner, version_mark, version = tail.rpartition(":")
    if not head.startswith("pt2:") or not mark or not version_mark:
        return "", str(key), ""
    return head.removeprefix("pt2:"), inner, version


_LINE = re.compile(r"(?:\[(\w{40,})\] )?([^:]+): ?(.*)", re.DOTALL)
# The symbol of a size, and since torch 2.14 the number that it stands for where the graph was made.
_SIZE = re.compile(r"\('([^']*)',(?: (.+))?\)")
_INDEXED = re.compile(r"(\w+)\[(.*)\]")

# The words that a user has for it, with the function that sets it.
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
# Parts that follow from others come last.
_LAST = ("graph", "aot_config", "compile option")


def known_parts(cache: MockCache) -> dict[str, tuple[str, ...]]:
    """Return the parts of each key of *cache* that were kept, to be added to."""
    known: dict[str, tuple[str, ...]] = cache.adapter_state(PARTS, dict, _begin_as)
    return known


def keep_parts(cache: MockCache, key: str, texts: Iterable[str]) -> None:
    """Keep the *texts* of the parts of *key*; one that other keys have as well is kept once."""
    shared: dict[str, str] = cache.adapter_state(_TEXTS, dict)
    known_parts(cache)[key] = tuple(shared.setdefault(text, text) for text in texts)


def _begin_as(known: dict[str, Any], other: dict[str, Any], _copy: object) -> tuple[()]:
    known.update(other)
    return ()


def kept_parts(cache: MockCache, key: object) -> list[Part] | None:
    """Return the parts of *key* that were kept, None where none were."""
    cache_id, inner, _ = split_key(key)
    if cache.name == "dynamo_pgo":
        if inner.count(":") >= 2:
            job, rank, tag = inner.rsplit(":", 2)
            return [("job_id", job), ("rank", rank), ("cache_key_tag", tag)]
        return None
    known = known_parts(cache)
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
            size = _SIZE.fullmatch(match[3])
            sizes.append(" = ".join(filter(None, size.groups())) if size else match[3])
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
