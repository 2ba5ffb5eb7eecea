"""PyTorch's compile caches."""

from .adapter import Inductor

__all__ = ["Inductor"]
