"""The methods of any class, counted as a named cache."""

from .adapter import Methods

__all__ = ["Methods"]
