"""Sums of numbers as Redis makes them for INCRBYFLOAT: with the 64 binary digits of C's ``long double``."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

__all__ = ["add"]

_BITS = 64
_DECIMALS = 17


def add(one: bytes, other: bytes) -> bytes:
    """Return the sum of two finite numbers, written with as many decimals as it needs, up to 17."""
    total = _rounded(_parsed(one) + _parsed(other))
    digits = round(abs(total) * 10**_DECIMALS)
    whole, rest = divmod(digits, 10**_DECIMALS)
    text = f"{whole}.{rest:0{_DECIMALS}}".rstrip("0").rstrip(".")
    return f"-{text}".encode() if total < 0 and digits else text.encode()


def _parsed(text: bytes) -> Fraction:
    return _rounded(Fraction(Decimal(text.decode())))


def _rounded(number: Fraction) -> Fraction:
    """Return the nearest that can be written with so many binary digits; of two the even one."""
    if not number:
        return number
    over = abs(number.numerator).bit_length() - number.denominator.bit_length() - _BITS
    unit = Fraction(2) ** over
    if abs(number) >= unit * 2**_BITS:
        unit *= 2
    return round(number / unit) * unit
