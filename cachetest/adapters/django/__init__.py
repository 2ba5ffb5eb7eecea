"""Django's cache framework: one cache for each alias."""

from .adapter import Django

__all__ = ["Django"]
