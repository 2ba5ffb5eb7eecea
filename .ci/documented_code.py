"""Write the Python examples of README.rst and docs/ into a new folder as modules, to check their types."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from test.documents import PAGES, blocks  # noqa: E402

# An example may be of a library that is not installed where types are checked.
PYRIGHT = {"reportMissingImports": False, "reportMissingModuleSource": False}


def main(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "pyrightconfig.json").write_text(json.dumps(PYRIGHT), encoding="utf-8")
    for page in (ROOT / "README.rst", *PAGES):
        name = "_".join(page.relative_to(ROOT).with_suffix("").parts).replace("-", "_")
        for number, block in enumerate(blocks(page, "python"), 1):
            (folder / f"{name}_{number}.py").write_text(f"{block}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
