"""Positions on the earth as Redis keeps them: a geohash of 52 bits, which is the score in a sorted set."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "LATITUDES",
    "LONGITUDES",
    "Box",
    "Circle",
    "Shape",
    "decode",
    "distance",
    "encode",
    "near",
    "text_of",
]

Point = tuple[float, float]
"""Longitude and latitude, in degrees."""

LONGITUDES = -180.0, 180.0
LATITUDES = -85.05112878, 85.05112878
# In metres: of the earth, and half the circumference that the steps of a geohash halve.
_RADIUS = 6372797.560856
_HALF_ROUND = 20037726.37
# Bits of each of the two coordinates.
_STEPS = 26
_ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"


class _Cell(NamedTuple):
    """An area: the first *step* bits of both coordinates."""

    x: int
    y: int
    step: int

    def beside(self, right: int, up: int) -> _Cell:
        """Return the one that lies so many cells to the east and to the north, around the earth."""
        size = 1 << self.step
        # The last meridian has a number of its own, which it keeps where it is not left.
        x, y = (self.x + right) % size if right else self.x, (self.y + up) % size if up else self.y
        return _Cell(x, y, self.step)

    def bounds(self) -> tuple[Point, Point]:
        """Return the corners in the south-west and the north-east."""
        size = 1 << self.step
        (west, east), (south, north) = _of_range(self.x, size, LONGITUDES), _of_range(self.y, size, LATITUDES)
        return (west, south), (east, north)

    def scores(self) -> tuple[int, int]:
        """Return the lowest score of a position in it, and the first above all of them."""
        bits, shift = _interleaved(self.x, self.y), 2 * (_STEPS - self.step)
        return bits << shift, (bits + 1) << shift


def _of_range(part: int, size: int, limits: tuple[float, float]) -> tuple[float, float]:
    low, scale = limits[0], limits[1] - limits[0]
    return low + part / size * scale, low + (part + 1) / size * scale


def _interleaved(x: int, y: int) -> int:
    return sum(((y >> n & 1) | (x >> n & 1) << 1) << 2 * n for n in range(32))


def _separated(bits: int) -> tuple[int, int]:
    # All that there are: of the last meridian and parallel, there is one more than in others.
    return (
        sum((bits >> 2 * n + 1 & 1) << n for n in range(32)),
        sum((bits >> 2 * n & 1) << n for n in range(32)),
    )


def _cell_of(point: Point, step: int, latitudes: tuple[float, float] = LATITUDES) -> _Cell:
    x, y = (
        int((value - low) / (high - low) * (1 << step))
        for value, (low, high) in zip(point, (LONGITUDES, latitudes), strict=True)
    )
    return _Cell(x, y, step)


def encode(point: Point) -> int:
    """Return the score of *point*."""
    cell = _cell_of(point, _STEPS)
    return _interleaved(cell.x, cell.y)


def decode(score: float) -> Point:
    """Return the point that *score* stands for: the middle of a cell."""
    x, y = _separated(int(score)) if math.isfinite(score) else (0, 0)
    (west, south), (east, north) = _Cell(x, y, _STEPS).bounds()
    longitude, latitude = (west + east) / 2, (south + north) / 2
    return (
        min(max(longitude, LONGITUDES[0]), LONGITUDES[1]),
        min(max(latitude, LATITUDES[0]), LATITUDES[1]),
    )


def text_of(score: float) -> bytes:
    """Return the geohash that other programs know, of 11 characters, the last of which is always 0."""
    cell = _cell_of(decode(score), _STEPS, (-90.0, 90.0))
    bits = _interleaved(cell.x, cell.y)
    return "".join(_ALPHABET[bits >> 52 - 5 * n & 31] for n in range(1, 11)).encode() + b"0"


def _along_meridian(latitude: float, other: float) -> float:
    return _RADIUS * abs(math.radians(other) - math.radians(latitude))


def distance(one: Point, other: Point) -> float:
    """Return how many metres lie between two points."""
    v = math.sin((math.radians(other[0]) - math.radians(one[0])) / 2)
    if v == 0:
        return _along_meridian(one[1], other[1])
    here, there = math.radians(one[1]), math.radians(other[1])
    u = math.sin((there - here) / 2)
    return 2 * _RADIUS * math.asin(math.sqrt(u * u + math.cos(here) * math.cos(there) * v * v))


@dataclass
class Shape:
    """An area around *center*; all lengths are in metres."""

    center: Point

    def reach(self) -> tuple[float, float, float]:
        """Return how far it goes to the east, to the north, and in any direction."""
        raise NotImplementedError

    def find(self, point: Point) -> float | None:
        """Return how far *point* is from the center; None where it is outside."""
        raise NotImplementedError


@dataclass
class Circle(Shape):
    """A circle."""

    radius: float

    def reach(self) -> tuple[float, float, float]:
        return self.radius, self.radius, self.radius

    def find(self, point: Point) -> float | None:
        found = distance(self.center, point)
        return None if found > self.radius else found


@dataclass
class Box(Shape):
    """A rectangle whose sides go along meridians and parallels."""

    width: float
    height: float

    def reach(self) -> tuple[float, float, float]:
        half, up = self.width / 2, self.height / 2
        return half, up, math.sqrt(half * half + up * up)

    def find(self, point: Point) -> float | None:
        if _along_meridian(point[1], self.center[1]) > self.height / 2:
            return None
        if distance(point, (self.center[0], point[1])) > self.width / 2:
            return None
        return distance(self.center, point)


def near(
    entries: Sequence[tuple[float, bytes]], shape: Shape, limit: int
) -> Iterator[tuple[bytes, float, float]]:
    """Yield member, score and distance of what is in *shape*, in the order in which Redis finds it.

    *entries* are score and member, the lowest first. With a *limit*, those beyond it are not looked for.
    """
    done, last = 0, None
    for cell in _cells(shape):
        # Around the whole earth a cell is its own neighbour.
        if cell is None or cell == last:
            continue
        if limit and done >= limit:
            return
        last = cell
        low, high = cell.scores()
        for score, member in entries[bisect_left(entries, (low,)) :]:
            if score >= high or (limit and done >= limit):
                break
            found = shape.find(decode(score))
            if found is not None:
                done += 1
                yield member, score, found


def _cells(shape: Shape) -> list[_Cell | None]:
    """Return the cell of the center and those around it, None for each that *shape* does not reach."""
    west, south, east, north = _bounding_box(shape)
    step = _step_of(shape)
    cell = _cell_of(shape.center, step)
    is_covered = (
        cell.beside(0, 1).bounds()[1][1] >= north
        and cell.beside(0, -1).bounds()[0][1] <= south
        and cell.beside(1, 0).bounds()[1][0] >= east
        and cell.beside(-1, 0).bounds()[0][0] <= west
    )
    if step > 1 and not is_covered:
        step -= 1
        cell = _cell_of(shape.center, step)
    (left, bottom), (right, top) = cell.bounds()
    found: list[_Cell | None] = [cell]
    for x, y in ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)):
        is_beyond = (
            (y < 0 and bottom < south)
            or (y > 0 and top > north)
            or (x < 0 and left < west)
            or (x > 0 and right > east)
        )
        found.append(None if step >= 2 and is_beyond else cell.beside(x, y))
    return found


def _bounding_box(shape: Shape) -> tuple[float, float, float, float]:
    (longitude, latitude), (right, up, _) = shape.center, shape.reach()
    height = math.degrees(up / _RADIUS)
    # The parallel that is the shortest: the nearer to its pole.
    farthest = latitude - height if latitude < 0 else latitude + height
    width = math.degrees(right / _RADIUS / math.cos(math.radians(farthest)))
    return longitude - width, latitude - height, longitude + width, latitude + height


def _step_of(shape: Shape) -> int:
    """Return the number of bits by which a cell is about as large as *shape*."""
    reach, latitude = shape.reach()[2], abs(shape.center[1])
    if reach == 0:
        return _STEPS
    step = 1
    while reach < _HALF_ROUND:
        reach *= 2
        step += 1
    # Towards the poles the cells are narrower.
    step -= 2 + (latitude > 66) + (latitude > 80)
    return min(max(step, 1), _STEPS)
