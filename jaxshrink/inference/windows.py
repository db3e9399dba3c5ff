"""Large images as overlapping windows of few sizes, so that few shapes are compiled.

No window leaves the image, none is padded: the last of a row is moved back until it ends where the
image does. What lies at the image's border is so computed with the image's own border.
"""

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

# The sides of windows, in units. Whatever windows share is computed twice, every shape is compiled
# once, which takes most of a second: with finer steps there is less of the one, more of the other.
SIDES = (6, 8, 10, 12, 16, 20, 25, 34, 42, 50, 57, 64)


@dataclasses.dataclass(frozen=True)
class Span:
    """One window along one axis: [start, stop) is looked at, [first, last) is kept."""

    start: int
    stop: int
    first: int
    last: int


@dataclasses.dataclass(frozen=True)
class Units:
    """The sides of a unit in pixels: of the photograph, of an input and of a result."""

    photograph: int
    image: int
    result: int

    def in_image(self, position: int) -> int:
        """Where a pixel of the continued photograph lies in the image."""
        return position * self.image // self.photograph - self.image

    def in_result(self, position: int) -> int:
        """Where it lies in the result."""
        return position * self.result // self.photograph - self.result


def apply(
    run: Callable[[np.ndarray], np.ndarray],
    image: np.ndarray,
    shape: tuple[int, ...],
    units: Units,
    overlap: int,
    largest: int,
    at_once: int = 1,
) -> np.ndarray:
    """Applies a network to an image that is continued by reflection, to a unit beyond it.

    Args:
      run: (n, h, w, C) windows of whole units -> n results of as many.
      image: uint8 (h, w, C).
      shape: of the result, uint8.
      units: of both.
      overlap: of windows, in the photograph's pixels: twice as far as a result depends.
      largest: a window's side in the photograph's pixels.
      at_once: how many windows `run` gets.
    """
    height, width = (units.photograph * (-(-side // units.image) + 2) for side in image.shape[:2])
    out = np.empty(shape, np.uint8)
    for group in _groups(cover((height, width), overlap, largest, units.photograph), at_once):
        pixels = np.stack([_cut(image, window, units) for window in group])
        for window, part in zip(group, np.asarray(run(pixels)), strict=True):
            target, inner = zip(
                *(_kept(span, units, side) for span, side in zip(window, shape, strict=False)),
                strict=True,
            )
            out[target] = part[inner]
    return out


def cover(
    size: tuple[int, int], overlap: int, largest: int = SIDES[-1], unit: int = 1
) -> Iterator[tuple[Span, Span]]:
    """Windows whose kept parts cover an image once, those that cost least.

    Args:
      size: (h, w) of the image in pixels, whole units.
      overlap: of neighbours at least, in pixels; the kept part keeps half of it away from every
        border that is not the image's. A side that is shorter than the smallest window is one
        window.
      largest: a limit on a window's side in pixels, where the overlap allows it.
      unit: that windows begin and end at a multiple of, in pixels.

    Yields:
      (rows, columns) of each window, in pixels. All have one shape.
    """
    along = [_sides(length, overlap, largest, unit) for length in size]
    best = min(itertools.product(*along), key=lambda shape: _cost(size, shape, overlap, unit))
    rows, columns = (
        spans(length, side, overlap, unit) for length, side in zip(size, best, strict=True)
    )
    yield from itertools.product(rows, columns)


def spans(length: int, side: int, overlap: int, unit: int = 1) -> list[Span]:
    """Windows of one side along an axis; one window where the axis is no longer than it."""
    if length <= side:
        return [Span(0, length, 0, length)]
    number = _number(length, side, overlap, unit)
    free = (length - side) // unit
    starts = [unit * round(index * free / (number - 1)) for index in range(number)]
    pairs = itertools.pairwise(starts)
    borders = [0, *((start + side + after) // 2 for start, after in pairs), length]
    return [
        Span(start, start + side, *borders[index : index + 2]) for index, start in enumerate(starts)
    ]


def _sides(length: int, overlap: int, largest: int, unit: int) -> list[int]:
    """The sides that windows along an axis can have; its own where it is too short for them."""
    sides = [side * unit for side in SIDES if overlap < side * unit <= length]
    return [side for side in sides if side <= largest] or sides[:1] or [length]


def _cost(
    size: tuple[int, int], shape: tuple[int, ...], overlap: int, unit: int
) -> tuple[int, int]:
    """The area of all windows of a shape; of two shapes with the same, fewer are better."""
    number = 1
    for length, side in zip(size, shape, strict=True):
        number *= _number(length, side, overlap, unit)
    return number * shape[0] * shape[1], number


def _number(length: int, side: int, overlap: int, unit: int) -> int:
    """How many windows of a side cover an axis, whose starts are rounded to units."""
    if length <= side:
        return 1
    step = (side - overlap) // unit * unit
    return 1 + -(-(length - side) // step)


def _groups(
    windows: Iterator[tuple[Span, Span]], number: int
) -> Iterator[Sequence[tuple[Span, Span]]]:
    """Groups of one size; the last is filled with repetitions, unless it is the only one."""
    group = []
    complete = False
    for window in windows:
        group.append(window)
        if len(group) == number:
            yield group
            group, complete = [], True
    if group:
        yield group + group[-1:] * (number - len(group) if complete else 0)


def _cut(image: np.ndarray, window: tuple[Span, Span], units: Units) -> np.ndarray:
    """A window's pixels, of the image or of its reflections."""
    rows, columns = (
        _reflected(np.arange(units.in_image(span.start), units.in_image(span.stop)), length)
        for span, length in zip(window, image.shape, strict=False)
    )
    return image[rows][:, columns]


def _reflected(positions: np.ndarray, length: int) -> np.ndarray:
    """Where positions in an endlessly reflected side lie in the side itself."""
    positions = positions % (2 * length)
    return np.minimum(positions, 2 * length - 1 - positions)


def _kept(span: Span, units: Units, length: int) -> tuple[slice, slice]:
    """Which pixels of the result a window gives, and where they lie in it."""
    start = units.in_result(span.start)
    first = max(0, units.in_result(span.first))
    last = max(first, min(length, units.in_result(span.last)))
    return slice(first, last), slice(first - start, last - start)
