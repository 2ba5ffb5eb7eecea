"""The commands about positions, GEOADD and the others, over those of fakeredis, which keeps other digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakeredis._command_args_parsing import Float, Int
from fakeredis._commands import CommandItem
from fakeredis._helpers import SimpleError
from fakeredis.model import ZSet

from . import geo

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Positions"]

# In metres.
_UNITS = {b"M": 1.0, b"KM": 1000.0, b"FT": 0.3048, b"MI": 1609.34}
_SYNTAX = "ERR syntax error"
# Of the words that say where a search looks, the one that each can't be with.
_OTHERS = {
    b"FROMMEMBER": b"FROMLONLAT",
    b"FROMLONLAT": b"FROMMEMBER",
    b"BYRADIUS": b"BYBOX",
    b"BYBOX": b"BYRADIUS",
}


@dataclass
class _Search:
    """The options of a search; lengths are in metres, and shown in *unit*."""

    name: str
    center: geo.Point | None = None
    # One of a circle, its radius; two of a box.
    extent: tuple[float, ...] = ()
    unit: float = 1.0
    count: int = 0
    takes_any: bool = False
    # 1 for the nearest first, -1 for the farthest first.
    order: int = 0
    shows: frozenset[bytes] = frozenset()
    destination: bytes | None = None
    stores_distance: bool = False
    # The words that say where it looks.
    places: frozenset[bytes] = frozenset()

    def take(self, word: bytes, words: list[bytes]) -> bool:
        """Take the option *word*, which any search has, with its arguments; return whether it is one."""
        if word in (b"WITHDIST", b"WITHHASH", b"WITHCOORD"):
            self.shows |= {word}
        elif word == b"ANY":
            self.takes_any = True
        elif word in (b"ASC", b"DESC"):
            self.order = 1 if word == b"ASC" else -1
        elif word == b"COUNT" and words:
            self.count = Int.decode(words.pop(0))
            if self.count <= 0:
                raise SimpleError("ERR COUNT must be > 0")
        else:
            return False
        return True

    def take_place(self, key: Any, word: bytes, words: list[bytes]) -> bool:
        """Take what says where GEOSEARCH looks, if *word* does, and return whether it did."""
        needed = {b"FROMMEMBER": 1, b"FROMLONLAT": 2, b"BYRADIUS": 2, b"BYBOX": 3}.get(word)
        if needed is None or needed > len(words) or _OTHERS[word] in self.places:
            return False
        self.places |= {word}
        args = [words.pop(0) for _ in range(needed)]
        if word == b"FROMMEMBER":
            self.center = _point_of(key, args[0])
        elif word == b"FROMLONLAT":
            self.center = _point(*args)
        else:
            self.take_extent(args)
        return True

    def take_extent(self, args: Sequence[bytes]) -> None:
        """Take a radius, or a width and a height, and their unit."""
        if len(args) == 2:
            lengths = [_number(args[0], "radius")]
            wrong = "radius"
        else:
            lengths = [_number(args[0], "width"), _number(args[1], "height")]
            wrong = "height or width"
        if min(lengths) < 0:
            raise SimpleError(f"ERR {wrong} cannot be negative")
        self.unit = _unit(args[-1])
        self.extent = tuple(length * self.unit for length in lengths)

    def check(self) -> None:
        """Raise the error that Redis has for options that don't go together, or lack another."""
        is_new = self.name.startswith("GEOSEARCH")
        if self.destination is not None and self.shows:
            who = self.name if is_new else "STORE option in GEORADIUS"
            raise SimpleError(f"ERR {who} is not compatible with WITHDIST, WITHHASH and WITHCOORD options")
        for words, joint in (((b"FROMMEMBER", b"FROMLONLAT"), "or"), ((b"BYRADIUS", b"BYBOX"), "and")):
            if is_new and not self.places.intersection(words):
                named = f" {joint} ".join(word.decode() for word in words)
                raise SimpleError(f"ERR exactly one of {named} can be specified for {self.name}")
        if self.takes_any and not self.count:
            raise SimpleError("ERR the ANY argument requires COUNT argument")

    def find(self, scores: Any) -> list[tuple[bytes, float, float]]:
        """Return member, score and distance of what is found in the sorted set *scores*."""
        if not scores or self.center is None:
            return []
        shape = (geo.Circle if len(self.extent) == 1 else geo.Box)(self.center, *self.extent)
        entries = [(scores.get(member), member) for member in scores]
        found = list(geo.near(entries, shape, self.count if self.takes_any else 0))
        # The nearest of all, unless any will do.
        order = self.order or (1 if self.count and not self.takes_any else 0)
        if order:
            found.sort(key=lambda each: order * each[2])
        return found[: self.count or None]


class Positions:
    """A part of the server's end of a connection: its methods are commands, named in `POSITIONS`."""

    _db: Any
    _client_info: Any

    def geoadd(self, key: Any, *args: bytes) -> Any:
        words = list(args)
        options = set()
        while words and words[0].upper() in (b"NX", b"XX", b"CH"):
            options.add(words.pop(0).upper())
        if len(words) % 3 or not words or options >= {b"NX", b"XX"}:
            raise SimpleError(_SYNTAX)
        # All are looked at before any is written.
        added = [(words[n + 2], geo.encode(_point(words[n], words[n + 1]))) for n in range(0, len(words), 3)]
        before, changed = len(key.value), 0
        for member, score in added:
            if (b"XX" if member not in key.value else b"NX") not in options:
                changed += key.value.add(member, float(score))
        if changed:
            key.updated()
        return changed if b"CH" in options else len(key.value) - before

    def geohash(self, key: Any, *members: bytes) -> list[Any]:
        scores = map(key.value.get, members)
        return [None if score is None else geo.text_of(score) for score in scores]

    def geopos(self, key: Any, *members: bytes) -> list[Any]:
        scores = map(key.value.get, members)
        return [None if score is None else self._coordinates(geo.decode(score)) for score in scores]

    def geodist(self, key: Any, one: bytes, other: bytes, *args: bytes) -> bytes | None:
        unit = _unit(args[0]) if args else 1.0
        if len(args) > 1:
            raise SimpleError(_SYNTAX)
        scores = key.value.get(one), key.value.get(other)
        if None in scores:
            return None
        return b"%.4f" % (geo.distance(geo.decode(scores[0]), geo.decode(scores[1])) / unit)

    def georadius(self, key: Any, longitude: bytes, latitude: bytes, *args: bytes) -> Any:
        return self._around(key, _point(longitude, latitude), args, stores=True)

    def georadius_ro(self, key: Any, longitude: bytes, latitude: bytes, *args: bytes) -> Any:
        return self._around(key, _point(longitude, latitude), args, stores=False)

    def georadiusbymember(self, key: Any, member: bytes, *args: bytes) -> Any:
        return self._around(key, _point_of(key, member), args, stores=True)

    def georadiusbymember_ro(self, key: Any, member: bytes, *args: bytes) -> Any:
        return self._around(key, _point_of(key, member), args, stores=False)

    def geosearch(self, key: Any, *args: bytes) -> Any:
        return self._search(key, _Search("GEOSEARCH"), args, stores=False)

    def geosearchstore(self, destination: bytes, key: Any, *args: bytes) -> Any:
        return self._search(key, _Search("GEOSEARCHSTORE", destination=destination), args, stores=True)

    def _around(self, key: Any, center: geo.Point | None, args: Sequence[bytes], *, stores: bool) -> Any:
        search = _Search("GEORADIUS", center)
        # Where there is no key, there is no member that could be its center, and nothing is looked at.
        if center is not None:
            search.take_extent(args[:2])
        return self._search(key, search, args[2:], stores=stores)

    def _search(self, key: Any, search: _Search, args: Sequence[bytes], *, stores: bool) -> Any:
        words = list(args)
        is_new = search.name != "GEORADIUS"
        while words:
            word = words.pop(0).upper()
            if search.take(word, words) or (is_new and search.take_place(key, word, words)):
                continue
            if is_new and stores and word == b"STOREDIST":
                search.stores_distance = True
            elif not is_new and stores and word in (b"STORE", b"STOREDIST") and words:
                search.destination, search.stores_distance = words.pop(0), word == b"STOREDIST"
            else:
                raise SimpleError(_SYNTAX)
        search.check()
        found = search.find(key.value)
        if search.destination is not None:
            return self._store(search.destination, search, found)
        return [self._row(search, *each) for each in found]

    def _store(self, destination: bytes, search: _Search, found: list[tuple[bytes, float, float]]) -> int:
        item = CommandItem(destination, self._db, self._db.get(destination))
        item.value = made = ZSet()
        for member, score, metres in found:
            made.add(member, metres / search.unit if search.stores_distance else score)
        item.writeback()
        return len(found)

    def _row(self, search: _Search, member: bytes, score: float, metres: float) -> Any:
        row: list[Any] = [member]
        if b"WITHDIST" in search.shows:
            row.append(b"%.4f" % (metres / search.unit))
        if b"WITHHASH" in search.shows:
            row.append(int(score))
        if b"WITHCOORD" in search.shows:
            row.append(self._coordinates(geo.decode(score)))
        return row if search.shows else member

    def _coordinates(self, point: geo.Point) -> list[Any]:
        # As many digits as Redis shows; RESP3 has a type of its own for numbers.
        texts = [f"{each:.17f}".rstrip("0").rstrip(".") for each in point]
        if self._client_info.protocol_version == 3:
            return list(map(float, texts))
        return [text.encode() for text in texts]


def _unit(name: bytes) -> float:
    unit = _UNITS.get(name.upper())
    if unit is None:
        raise SimpleError("ERR unsupported unit provided. please use M, KM, FT, MI")
    return unit


def _number(text: bytes, what: str) -> float:
    return Float.decode(text, decode_error=f"ERR need numeric {what}")  # type: ignore[no-any-return]


def _point(*texts: bytes) -> geo.Point:
    longitude, latitude = map(Float.decode, texts)
    for value, (low, high) in ((longitude, geo.LONGITUDES), (latitude, geo.LATITUDES)):
        if not low <= value <= high:
            raise SimpleError(f"ERR invalid longitude,latitude pair {longitude:f},{latitude:f}")
    return longitude, latitude


def _point_of(key: Any, member: bytes) -> geo.Point | None:
    """Return where *member* is; None where there is nothing at all."""
    if not key.value:
        return None
    score = key.value.get(member)
    if score is None:
        raise SimpleError("ERR could not decode requested zset member")
    return geo.decode(score)
