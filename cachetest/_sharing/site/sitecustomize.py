"""Join the test that started this Python, then load the `sitecustomize` that it would have had without us.

It is for a Python in which cachetest is on a path and was not installed, so that it has no ``.pth`` file.
"""

import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != _here]
_left = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != _here]
if _left:
    os.environ["PYTHONPATH"] = os.pathsep.join(_left)
else:
    os.environ.pop("PYTHONPATH", None)

# Older ones can't read the package: their parent says that they have not joined.
if sys.version_info >= (3, 10):  # noqa: UP036
    _folder = os.path.dirname(os.path.dirname(os.path.dirname(_here)))
    sys.path.insert(0, _folder)
    try:
        from cachetest._sharing.join import join
    finally:
        sys.path.remove(_folder)
    join()

for _finder in sys.meta_path:
    _spec = _finder.find_spec("sitecustomize", None) if hasattr(_finder, "find_spec") else None
    if _spec is not None and _spec.loader is not None:
        # Not by an import statement: this module is being imported by that name.
        _module = type(sys)(_spec.name)
        _module.__spec__, _module.__file__ = _spec, _spec.origin
        sys.modules["sitecustomize"] = _module
        _spec.loader.exec_module(_module)
        break
