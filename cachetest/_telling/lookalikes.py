"""Texts that look alike and are not the same: composed letters, other scripts, what can't be seen."""

# ruff: noqa: RUF001

from __future__ import annotations

import unicodedata

__all__ = ["escaped", "looks_alike"]

# Letters of other scripts, and signs, that look like these. Compatibility forms (full width, ligatures) are
# known to Unicode itself.
_LATIN = {
    "A": "АΑ", "B": "ВΒ", "C": "СϹ", "E": "ЕΕ", "G": "Ԍ", "H": "НΗ", "I": "ІΙӀ", "J": "ЈͿ", "K": "КΚ",
    "M": "МΜ", "N": "Ν", "O": "ОΟՕ", "P": "РΡ", "Q": "Ԛ", "S": "ЅՏ", "T": "ТΤ", "V": "Ѵ", "W": "Ԝ",
    "X": "ХΧ", "Y": "ҮΥ", "Z": "Ζ", "a": "аɑα", "c": "сϲ", "d": "ԁ", "e": "е", "g": "ɡց", "h": "һհ",
    "i": "іɩιı", "j": "јϳ", "k": "κ", "l": "ӏ", "n": "ո", "o": "оοօ", "p": "рρ", "q": "ԛ", "s": "ѕ",
    "u": "υս", "v": "νѵ", "w": "ԝ", "x": "хχ", "y": "уγү", "z": "ᴢ",
    "-": "‐‑‒–—−", "'": "\"‘’ʼ′“”″", ":": "∶։ː", "/": "∕⁄", "*": "∗", ".": "․", ",": "‚", "|": "∣ǀ",
}  # fmt: skip
_LOOKS = str.maketrans({other: latin for latin, others in _LATIN.items() for other in others})
# Format characters, control characters and those that nobody has assigned show nothing of their own.
_UNSEEN = frozenset({"Cf", "Cc", "Cn", "Co", "Cs"})


def looks_alike(one: str, other: str) -> bool:
    """Return whether two texts are not the same, and can't be told apart by looking at them."""
    if one == other or (one.isascii() and other.isascii()):
        return False
    return _look(one) == _look(other)


def _look(text: str) -> str:
    seen = []
    for each in unicodedata.normalize("NFKD", text.translate(_LOOKS)).translate(_LOOKS):
        category = unicodedata.category(each)
        if category not in _UNSEEN:
            seen.append(" " if category == "Zs" else each)
    return "".join(seen).strip()


def escaped(text: str) -> str:
    """Return *text* with an escape for every character that is not ASCII."""
    return text.encode("ascii", "backslashreplace").decode()
