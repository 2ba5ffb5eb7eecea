"""What it costs a compile that its misses can be explained: real torch, with the hooks and without.

    python bench/explain_cost.py [--runs N]

Each run compiles one function cold and once more warm, on a new machine each, through the mocked remote
caches of the graph and of AOTAutograd. Runs with the hooks and without alternate, so that a busy machine
slows both. Printed are the medians, and the median of the ratios of neighbours.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from pathlib import Path

# What is measured is the checkout that this is in.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cachetest import PatchCaches

SWITCHES = ("fx_graph_remote_cache", "enable_remote_autograd_cache")


def model(x, weight):
    """Stands for a model: several layers, with kernels that torch has ready."""
    for _ in range(8):
        x = (x @ weight).view(-1, 8) @ weight
    return x


def compile_once(torch, fresh_cache) -> float:
    """Return the seconds that one compile takes on a new machine."""
    torch.compiler.reset()
    with fresh_cache():
        begun = time.perf_counter()
        torch.compile(model)(torch.ones(8, 8), torch.ones(8, 8))
        return time.perf_counter() - begun


def run(torch, fresh_cache, *, explain: bool) -> tuple[float, float]:
    """Return the seconds of a cold and of a warm compile."""
    with PatchCaches("inductor", enable=SWITCHES, explain_misses=explain) as patch:
        cold = compile_once(torch, fresh_cache)
        warm = compile_once(torch, fresh_cache)
    if patch.caches.fx_graph.num_get_hit + patch.caches.aot_autograd.num_get_hit == 0:
        raise RuntimeError("the second compile was not warm")
    return cold, warm


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=10, help="how often each is measured (10)")
    runs = parser.parse_args().runs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import torch
        from torch._inductor.utils import fresh_cache
    run(torch, fresh_cache, explain=True)
    run(torch, fresh_cache, explain=False)
    with_hooks, without = [], []
    for n in range(runs):
        # Whoever goes second finds warmer processor caches.
        for explain in (True, False) if n % 2 else (False, True):
            (with_hooks if explain else without).append(run(torch, fresh_cache, explain=explain))
    print(f"torch {torch.__version__}, {runs} alternating runs")
    for n, name in enumerate(("cold", "warm")):
        on = [each[n] for each in with_hooks]
        off = [each[n] for each in without]
        ratios = [one / other for one, other in zip(on, off, strict=True)]
        print(
            f"{name}: {statistics.median(off) * 1000:.1f} ms without the hooks, "
            f"{statistics.median(on) * 1000:.1f} ms with them; median ratio {statistics.median(ratios):.3f}"
        )


if __name__ == "__main__":
    main()
