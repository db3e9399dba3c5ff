"""Large images as overlapping square windows of few sizes, so that few shapes are compiled.

No window leaves the image, none is padded: the last of a row is moved back until it ends where the
image does. What lies at the image's border is so computed with the image's own border.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

# A window's cost grows with its area, a compilation takes most of a second: few sizes, in steps
# of 1.5 or less.
SIZES = (24, 32, 48, 64, 96, 128, 192, 256, 384, 512)


@dataclasses.dataclass(frozen=True)
class Span:
    """One window along one axis: [start, stop) is looked at, [first, last) is kept."""

    start: int
    stop: int
    first: int
    last: int


def cover(
    size: tuple[int, int],
    overlap: int,
    largest: int = SIZES[-1],
    choice: Sequence[int] = SIZES,
) -> Iterator[tuple[Span, Span]]:
    """Windows whose kept parts cover an image once.

    Args:
      size: (h, w) of the image.
      overlap: of neighbours at least; the kept part keeps half of it away from every border that
        is not the image's. A side that is shorter than the smallest window is one window.
      largest: a limit on a window's side.
      choice: of sides.

    Yields:
      (rows, columns) of each window. All have one shape.
    """
    shortest = min(size)
    sizes = [side for side in choice if overlap < side <= min(shortest, largest)]
    if sizes:
        best = min(sizes, key=lambda side: (_area(size, side, overlap), -side))
        rows, columns = spans(size[0], best, overlap), spans(size[1], best, overlap)
    else:
        along = [_side(length, overlap, largest, choice) for length in size]
        rows, columns = (
            spans(length, side, overlap) for length, side in zip(size, along, strict=True)
        )
    for row in rows:
        for column in columns:
            yield row, column


def spans(length: int, side: int, overlap: int) -> list[Span]:
    """Windows of one side along an axis; one window where the axis is no longer than it."""
    if length <= side:
        return [Span(0, length, 0, length)]
    number = _number(length, side, overlap)
    starts = [round(index * (length - side) / (number - 1)) for index in range(number)]
    pairs = itertools.pairwise(starts)
    borders = [0, *((start + side + after) // 2 for start, after in pairs), length]
    return [
        Span(start, start + side, *borders[index : index + 2]) for index, start in enumerate(starts)
    ]


def _side(length: int, overlap: int, largest: int, choice: Sequence[int]) -> int:
    """Of a window along one axis of an image that is too narrow for square ones."""
    sizes = [side for side in choice if overlap < side <= min(length, largest)]
    cost = {side: _number(length, side, overlap) * side for side in sizes}
    return min(sizes, key=lambda side: (cost[side], -side)) if sizes else length


def _number(length: int, side: int, overlap: int) -> int:
    return -(-(length - overlap) // (side - overlap))


def _area(size: tuple[int, int], side: int, overlap: int) -> int:
    return _number(size[0], side, overlap) * _number(size[1], side, overlap) * side**2
