"""What children of tests of torch's caches do."""

from .torch_support import compile_on_new_machine, load_torch


def compile_square():
    """Compile a function where no file of an earlier compile is."""
    load_torch()
    compile_on_new_machine()
    return "compiled"
