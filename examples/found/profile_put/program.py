"""A function that is compiled, with PyTorch's profile of shapes kept in a remote cache."""

import torch
import torch._dynamo.config
import torch.compiler.config

torch._dynamo.config.automatic_dynamic_remote_pgo = True
torch.compiler.config.job_id = "serving"


@torch.compile(backend="eager")
def double(numbers):
    """Return *numbers* times two."""
    return numbers * 2


def doubled(*numbers):
    """Return a list of *numbers*, each times two."""
    return double(torch.tensor(numbers)).tolist()
