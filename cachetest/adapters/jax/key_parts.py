"""The named parts of JAX's keys, read from what it has hashed for them."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from ..._telling.formatting import Shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..._caches.cache import MockCache
    from ..._telling.key_parts import Part

__all__ = ["Detail", "details_of", "keep_details", "kept_parts"]

Detail = tuple[str, str, str]
"""The name of a part, how it is written, and what it is compared by."""

_STATE = "key parts"
_MAIN = re.compile(r"func\.func public @main\((.*?)\)\s*->\s*(.*?) \{\n", re.DOTALL)
_ARGUMENT = re.compile(r"%arg(\d+): tensor<([^>]*)>")
_OPTIONS = ("executable_build_options", "debug_options")
_NO_VALUES = ("ParseFromString", "SerializeAsString")
# Its own names for the parts, and ours where they differ.
_LABELS = {
    "jax_lib version": "jaxlib version",
    "accelerator_config": "devices",
    "compile_options": "other compile options",
    "custom_hook": "custom hook (jax._src.cache_key.custom_hook)",
}


def keep_details(cache: MockCache, key: object, details: Sequence[Detail]) -> None:
    known: dict[object, Sequence[Detail]] = cache.adapter_state(_STATE, dict, _begin_as)
    known[key] = details


def _begin_as(known: dict[object, Any], other: dict[object, Any], _copy: object) -> tuple[()]:
    known.update(other)
    return ()


def kept_parts(cache: MockCache, key: object) -> list[Part] | None:
    """Return the parts of *key* that were kept, None where none were."""
    known: dict[object, Sequence[Detail]] = cache.adapter_state(_STATE, dict, _begin_as)
    if key not in known:
        return None
    return [(name, Shown(text, identity)) for name, text, identity in known[key]]


def details_of(
    key: str, module: Any, devices: Any, options: Any, hashed: Iterable[tuple[str, Sequence[bytes]]]
) -> list[Detail]:
    """Return the parts of *key*, those that others follow from first."""
    first: list[Detail] = [("function", key.rpartition("-")[0], key.rpartition("-")[0])]
    last: list[Detail] = []
    for name, pieces in hashed:
        digest = hashlib.sha256(b"".join(pieces)).hexdigest()
        label = _LABELS.get(name, name)
        if name == "computation":
            text = _text_of(module)
            first += _signature(text)
            last.append((label, text, digest))
        elif name == "compile_options":
            first += _options(options, pieces)
            last.append((label, f"a digest: {digest[:16]}", digest))
        elif name == "XLA flags":
            first += [("XLA flags", _joined(pieces) or "none", digest)]
        elif name == "accelerator_config":
            kinds = [str(getattr(each, "device_kind", each)) for each in devices.flat]
            first.append((label, ", ".join(kinds), digest))
        else:
            first.append((label, _joined(pieces) or "none", digest))
    return first + last


def _joined(pieces: Iterable[bytes]) -> str:
    return " ".join(piece.decode("utf-8", "backslashreplace") for piece in pieces if piece)


def _text_of(module: Any) -> str:
    """Return the lines of the program that say what is computed."""
    text: str = module.operation.get_asm(enable_debug_info=False, large_elements_limit=64)
    return text.strip()


def _signature(text: str) -> Iterator[Detail]:
    """Yield the shape and the dtype of each argument."""
    main = _MAIN.search(text)
    for number, kind in _ARGUMENT.findall(main[1] if main else ""):
        *sizes, dtype = kind.split(",")[0].split("x")
        shape = f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
        yield f"argument {number} shape", shape, shape
        yield f"argument {number} dtype", dtype, dtype


def _options(options: Any, pieces: Sequence[bytes]) -> Iterator[Detail]:
    """Yield the options that have been hashed, which are not all that were given."""
    parse = getattr(type(options), "ParseFromString", None)
    if parse is None:
        return
    parsed = parse(b"".join(pieces))
    for name, value in sorted(parsed.env_option_overrides):
        yield f"compile option {name}", repr(value), repr(value)
    yield from _values(parsed)


def _values(options: Any) -> Iterator[Detail]:
    for name in dir(options):
        if name.startswith("_") or name in _NO_VALUES:
            continue
        try:
            value = getattr(options, name)
        except Exception:
            # Some have no value until they are set, and raise.
            continue
        if name in _OPTIONS:
            yield from _values(value)
        elif isinstance(value, (bool, int, float, str, bytes)):
            yield f"compile option {name}", repr(value), repr(value)
