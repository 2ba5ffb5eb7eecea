"""The source of the modules of a package, which is read and not imported: what the names in it stand for."""

from __future__ import annotations

import ast
import importlib.util
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Module", "Sources"]

# A name may be imported from module to module; round a circle it leads nowhere.
_STEPS = 20


class Module:
    """One module: its *name*, its *path*, its tree, and what is imported under each name in it."""

    def __init__(self, name: str, path: Path, is_package: bool) -> None:
        """Read it; raises ``OSError``, ``SyntaxError`` or ``ValueError`` for what is no source of Python."""
        self.name = name
        self.path = path
        with tokenize.open(path) as file:
            self.tree = ast.parse(file.read(), str(path))
        package = name if is_package else name.rpartition(".")[0]
        self.imported: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for each in node.names:
                    bound = each.asname or each.name.partition(".")[0]
                    self.imported[bound] = each.name if each.asname else bound
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    parts = package.split(".")
                    base = ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [base])])
                for each in node.names:
                    self.imported[each.asname or each.name] = f"{base}.{each.name}"


class Sources:
    """The modules of a package by name, and ``unread``: a line for each file that can't be read."""

    def __init__(self, package: str) -> None:
        """Read all that is in *package*, or that one module; raises ``ModuleNotFoundError`` if there is none.

        A package above it is not imported either.
        """
        self.modules: dict[str, Module] = {}
        self.unread: list[str] = []
        for name, path in _files(package):
            is_package = path.name == "__init__.py"
            try:
                self.modules[name] = Module(name, path, is_package)
            except (OSError, SyntaxError, ValueError) as error:
                self.unread.append(f"{path}: {type(error).__name__}: {error}")

    def meant(self, module: Module, node: ast.AST | None) -> str:
        """Return what a name in *module* stands for, as ``functools.cache``; nothing if it is no name."""
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        first = module.imported.get(node.id, f"{module.name}.{node.id}")
        return self._followed(".".join([first, *names[::-1]]))

    def _followed(self, name: str) -> str:
        """Return what *name* stands for, where modules of the package import it from each other."""
        for _ in range(_STEPS):
            owner, _, rest = name.rpartition(".")
            below = [rest]
            while owner and owner not in self.modules:
                owner, _, rest = owner.rpartition(".")
                below.insert(0, rest)
            if not owner or (found := self.modules[owner].imported.get(below[0])) is None:
                return name
            name = ".".join([found, *below[1:]])
        return name


def _files(package: str) -> Iterator[tuple[str, Path]]:
    """Yield each module that is in *package*, or is it, with its file."""
    top, *below = package.split(".")
    spec = importlib.util.find_spec(top) if all(part.isidentifier() for part in (top, *below)) else None
    if spec is None:
        raise ModuleNotFoundError(f"no module named {package!r}")
    folders = [Path(each) for each in spec.submodule_search_locations or ()]
    file = None if folders or spec.origin is None else Path(spec.origin)
    for part in below:
        file = next((each / f"{part}.py" for each in folders if (each / f"{part}.py").is_file()), None)
        folders = [each / part for each in folders if (each / part).is_dir()]
    if not folders and file is None:
        raise ModuleNotFoundError(f"no module named {package!r}")
    if not folders and file is not None:
        if file.suffix != ".py":
            raise ModuleNotFoundError(f"{package!r} has no source that could be read: it is {str(file)!r}")
        yield package, file
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            if all(part.isidentifier() for part in parts):
                parts = parts[:-1] if parts[-1] == "__init__" else parts
                yield ".".join([package, *parts]), path
