"""cachetools: caches that a program made itself."""

from .adapter import Cachetools

__all__ = ["Cachetools"]
