"""dogpile.cache: regions."""

from .adapter import Dogpile

__all__ = ["Dogpile"]
