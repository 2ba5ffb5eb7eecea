"""The adapter for JAX's persistent compilation cache."""

from .adapter import Jax

__all__ = ["Jax"]
