"""A function that is compiled, with PyTorch's profile of shapes kept in a remote cache."""

import functools
import logging

import torch
import torch._dynamo.config
import torch._dynamo.pgo
import torch.compiler.config

torch._dynamo.config.automatic_dynamic_remote_pgo = True
torch.compiler.config.job_id = "serving"


def never_fatal(put):
    """Return *put*, whose exceptions are logged, and raised no more."""

    @functools.wraps(put)
    def put_or_go_on(*args, **kwargs):
        try:
            put(*args, **kwargs)
        except Exception:
            logging.getLogger(__name__).info("the profile was not kept", exc_info=True)

    return put_or_go_on


torch._dynamo.pgo.put_remote_code_state = never_fatal(torch._dynamo.pgo.put_remote_code_state)


@torch.compile(backend="eager")
def double(numbers):
    """Return *numbers* times two."""
    return numbers * 2


def doubled(*numbers):
    """Return a list of *numbers*, each times two."""
    return double(torch.tensor(numbers)).tolist()
