"""Check what is in the wheel and the sdist of a folder: all of the package, and nothing beside it."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUN_TIME = {"parameterized", "typing_extensions"}


def package_files() -> set[str]:
    """Return the files of the package in the checkout."""
    return {
        str(path.relative_to(ROOT))
        for path in (ROOT / "cachetest").rglob("*")
        if path.suffix in (".py", ".css", ".js") or path.name == "py.typed"
    }


def check_wheel(path: Path) -> None:
    """Assert that the wheel has the package and its .pth only, and needs its two dependencies only."""
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        needs = Parser().parsestr(wheel.read(metadata).decode()).get_all("Requires-Dist", [])
    code = {name for name in names if ".dist-info/" not in name}
    # By the file beside it a Python joins the test that has started it.
    expected = package_files() | {"cachetest.pth"}
    assert code == expected, code ^ expected
    unconditional = {
        need.partition(">")[0].strip().replace("-", "_") for need in needs if "extra ==" not in need
    }
    assert unconditional == RUN_TIME, unconditional


def check_sdist(path: Path) -> None:
    """Assert that the sdist has the package, its tests and examples, and what they are run with."""
    with tarfile.open(path) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    wanted = package_files() | {"LICENSE", "CHANGELOG.rst", "CONTRIBUTING.rst", "README.rst"}
    wanted |= {"setup.cfg", "setup.py", "tox.ini"}
    for folder in ("test", "examples", ".ci", "bench", "docs"):
        found = (path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix != ".pyc")
        wanted |= {str(path.relative_to(ROOT)) for path in found}
    assert wanted <= names, wanted - names


def main() -> None:
    """Check the one wheel and the one sdist of the folder that is named."""
    folder = Path(sys.argv[1])
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    check_wheel(wheel)
    check_sdist(sdist)
    print(f"{wheel.name} and {sdist.name}: all of the package, and nothing beside it")


if __name__ == "__main__":
    main()
