"""A file that is not worse than any plain one of no more bytes.

On photographs, and on most other pictures, sizes and scores grow with the quality of a plain JPEG,
but for neighbours: it is enough to look where its size crosses the given one. On flat colours,
gradients, stripes, checkerboards and whatever is very small, a hundred qualities have a handful of
sizes, and the closest can be any: there, all are tried. Three files tell which kind a picture is.
"""

import itertools
import math
from collections.abc import Callable, Iterable

from jaxshrink.compression.bracketing import Point, cross
from jaxshrink.compression.candidates import File, Files
from jaxshrink.compression.closeness import PSNR, Rule
from jaxshrink.compression.ways import Way

# Between these qualities a regular picture grows by so much per quality, in the logarithm of bytes
# and in decibels, and the best JPEG of at most so many bytes is at most four qualities away from
# the largest one. Of 108 drawn pictures and six photographs, at all hundred qualities, that held
# for all that are regular by this; photographs have .012 and .05.
_PROBES = (20, 50, 80)
_LEAST_GROWTH, _LEAST_DECIBELS = 0.01, 0.03
_NEIGHBOURS = 4
# Ahead by so many qualities, a file need not be compared with neighbours.
_CLEARLY = 6.0
_PER_QUALITY = 0.035  # what a quality is worth, to start with, in the logarithm of bytes
_APART = 10  # qualities: where it is enough to know the crossing roughly
# Of a larger irregular picture, so many of the files that fit are compared, by PSNR the best.
_SMALL, _COMPARED = 2**16, 12


def not_worse(
    file: File,
    plain: Way,
    rule: Rule,
    guess: int,
    ceiling: int | None = None,
    sample: Files | None = None,
) -> File:
    """Returns a file, or the best plain one if that is better by the rule and has no more bytes.

    Args:
      file: the one to be compared with plain files.
      plain: the way of the plain ones.
      rule: says what is better.
      guess: a quality whose file has about as many bytes.
      ceiling: bytes that a plain file may have instead of no more than the given one.
      sample: files of a part of the photograph, to see on whether it is a regular picture.
    """
    most = len(file) if ceiling is None else ceiling
    if plain.codec == "jpeg" and not _is_regular(sample or file.files, plain):
        return _best(file, _closest_by_psnr(any_plain(file.files, plain, _fits(most))), rule)
    below, above = _bracket(file.files, plain, most, guess, _APART)
    # The next larger one has everything that the smaller ones have.
    if above is not None and rule.is_clearly_closer(file, above, _CLEARLY):
        return file
    below, _ = _bracket(file.files, plain, most, (below or above or file).step, 1)
    if below is None or rule.is_clearly_closer(file, below, _CLEARLY):
        return file
    near = range(below.step - _NEIGHBOURS, below.step + _NEIGHBOURS + 1)
    neighbours = (file.files.get(plain, step) for step in near if 1 <= step <= 100)
    return _best(file, filter(_fits(most), neighbours), rule)


def any_plain(files: Files, plain: Way, fits: Callable[[File], bool]) -> list[File]:
    """Of all plain files those that fit: for when none was found where it was to be expected."""
    every = (files.get(plain, quality) for quality in range(1, 101))
    return [file for file in every if fits(file)]


def _fits(most: int) -> Callable[[File], bool]:
    return lambda file: len(file) <= most


def _is_regular(files: Files, plain: Way) -> bool:
    """Whether plain files grow with their quality, in bytes and in closeness."""
    probes = [_near(files, plain, quality) for quality in _PROBES]
    for low, high in itertools.pairwise(probes):
        steps = high.step - low.step
        growth, gain = math.log(len(high) / len(low)), high.score(PSNR) - low.score(PSNR)
        if not (growth >= _LEAST_GROWTH * steps and gain >= _LEAST_DECIBELS * steps):
            return False
    return True


def _near(files: Files, plain: Way, quality: int) -> File:
    """The plain file of a quality, or one that was used already of a quality not far away."""
    used = min(files.used_steps(plain), key=lambda step: abs(step - quality), default=quality)
    return files.get(plain, used if abs(used - quality) <= _APART else quality)


def _bracket(
    files: Files, plain: Way, most: int, guess: int, apart: int
) -> tuple[File | None, File | None]:
    """Plain files of at most and of more than so many bytes, at most so many qualities apart."""

    def is_enough(below: Point | None, above: Point | None) -> bool:
        return below is not None and above is not None and above[0] - below[0] <= apart

    points = cross(
        lambda quality: math.log(len(files.get(plain, quality))),
        math.log(max(most, 1)),
        plain.limits,
        guess,
        _PER_QUALITY,
        is_enough,
        known=files.used_steps(plain),
    )
    below, above = (point and files.get(plain, point[0]) for point in points[:2])
    return below, above


def _closest_by_psnr(files: list[File]) -> list[File]:
    if not files or files[0].files.x[:, :, 0].size <= _SMALL:
        return files
    return sorted(files, key=lambda file: file.score(PSNR))[-_COMPARED:]


def _best(file: File, plain: Iterable[File], rule: Rule) -> File:
    """The file, or what is better than it; of those, one than which none is better."""
    best = file
    for other in plain:
        if rule.is_better(other, best):
            best = other
    return best
