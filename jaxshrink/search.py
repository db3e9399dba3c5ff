"""From what somebody wants, a number of bytes or a likeness, to the file that gives it.

For every scale, and for plain JPEG, the quality is searched that just meets the target, by really
encoding; the best of these files is taken. At last it is compared with the optimized JPEGs of no
more bytes: if one of them is better, it is that one that is returned, see `never_worse`.

How close a file is, and which of two is better, is for `closeness` to say.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from jaxshrink.candidates import OPTIMIZED_JPEG, File, Files, Way
from jaxshrink.closeness import Metric, Rule, margin, rule_for
from jaxshrink.compressor import PLAIN_JPEG, Compressor
from jaxshrink.crossing import Point, cross
from jaxshrink.errors import TargetError
from jaxshrink.never_worse import any_plain, not_worse
from jaxshrink.ops.metrics import MS_SSIM_MIN_SIDE
from jaxshrink.sample import mosaic
from jaxshrink.targets import EFFORTS, Found, Options, Target

# How near a search must come, by effort: in the logarithm of bytes, and in steps of quality.
_CLOSE_BYTES = {1: 0.04, 2: 0.015, 3: 0.005}
_CLOSE_LEVELS = {1: 1.25, 2: 0.5, 3: 0.25}
_NUM_REFINEMENTS = 20
# What a quality is worth, to start with, in the logarithm of bytes and in levels.
_BYTES_PER_QUALITY, _LEVELS_PER_QUALITY = 0.035, 0.7
# The learned tables of full size at this share of half size's quality take about as many bytes.
_FULL_SIZE = 0.78
# Where plain JPEG needs this quality, full size is better more often than half size.
_FULL_SIZE_FIRST = 45
# Larger photographs are searched on a sample first, and not refined.
_LARGE = 4_000_000


def search(
    compressor: Compressor,
    x: np.ndarray,
    target: Target,
    options: Options,
    files: Files | None = None,
) -> Found:
    """Returns the best file that meets a target.

    Args:
      compressor: the model.
      x: uint8 (H, W, 1 or 3).
      target: what to meet.
      options: how.
      files: those of this photograph that are known from other searches; what is found does not
        depend on them.

    Raises:
      TargetError: if no file meets it; the message says how near one comes.
    """
    rule = rule_for(x, by_psnr=target.psnr is not None)
    for metric in target.floors():
        if metric not in rule.metrics:
            raise TargetError(
                f"{metric.words.split()[-1]} needs sides of at least {MS_SSIM_MIN_SIDE}; name a"
                " --target-psnr"
            )
    guesses: dict[Way, int] = {}
    sampled = Files(compressor, mosaic(x)) if _is_sampled(x, options) else None
    if sampled is not None:
        options, guesses = _on_sample(sampled, x, target, options, rule)
    files = Files(compressor, x) if files is None else files
    files.forget_use()
    found = _Search(files, options, rule, guesses, sampled).run(target)
    if sampled is not None:
        found = dataclasses.replace(found, seconds=found.seconds + sampled.seconds)
    return found


def _is_sampled(x: np.ndarray, options: Options) -> bool:
    return x.shape[0] * x.shape[1] > _LARGE and options.scales != (PLAIN_JPEG,)


def _on_sample(
    sample: Files, x: np.ndarray, target: Target, options: Options, rule: Rule
) -> tuple[Options, dict[Way, int]]:
    """The learned scale that is best on a part of the photograph, and where to start there."""
    share = sample.x.shape[0] * sample.x.shape[1] / (x.shape[0] * x.shape[1])
    scaled = target
    if target.size is not None:
        scaled = Target(size=max(1, int((target.size - options.extra_bytes) * share)))
    learned = tuple(scale for scale in options.scales if scale != PLAIN_JPEG)
    rough = dataclasses.replace(options, scales=learned, effort=1, extra_bytes=0, never_worse=False)
    finder = _Search(sample, rough, rule, {})
    try:
        found = finder.run(scaled)
    except TargetError:
        return options, {}
    scales = tuple(scale for scale in options.scales if scale in (found.scale, PLAIN_JPEG))
    return dataclasses.replace(options, scales=scales), finder.steps_found


class _Search:
    """One search among the files of a photograph.

    Attributes:
      steps_found: of the ways that were tried, the steps that just meet the target.
    """

    def __init__(
        self,
        files: Files,
        options: Options,
        rule: Rule,
        guesses: Mapping[Way, int],
        sample: Files | None = None,
    ) -> None:
        self._files, self._options, self._rule = files, options, rule
        self._sample = sample
        self.steps_found = dict(guesses)
        self._ways = [Way(scale, options.codec) for scale in options.scales]
        self._plain = Way(PLAIN_JPEG, options.codec)

    def run(self, target: Target) -> Found:
        """See `search`."""
        ceiling = target.ceiling(self._files.x.shape)
        if ceiling is not None:
            ceiling -= self._options.extra_bytes
            best = self._within(ceiling, self._ways, None)
        else:
            floors = self._floors(target)
            best = self._reaching(floors, self._ways, self._given(target))
        if self._is_refinable(best.way):
            refined = dataclasses.replace(best.way, num_refinements=_NUM_REFINEMENTS)
            self.steps_found[refined] = best.step
            if ceiling is not None:
                best = self._within(ceiling, [refined], best)
            else:
                best = self._reaching(floors, [refined], best)
        if self._options.never_worse:
            guess = self._guess(self._plain, _at_equal_bytes)
            best = not_worse(best, self._plain, self._rule, guess, ceiling, self._sample)
        return Found(
            best.data,
            best.way.scale,
            best.quality,
            best.similarity(),
            self._files.num_used,
            self._files.seconds,
        )

    def _given(self, target: Target) -> File | None:
        """A file that is known to meet the target."""
        if target.quality is None or self._plain not in self._ways:
            return None
        self.steps_found.setdefault(self._plain, target.quality)
        same = self._plain == OPTIMIZED_JPEG
        return self._files.get(OPTIMIZED_JPEG, target.quality) if same else None

    def _in_order(self, ways: Sequence[Way]) -> Iterator[Way]:
        """Plain first: it is quick, and says where to look for the others.

        Then the scale that is probably best, so that the other one is soon seen to be worse.
        """
        yield from (way for way in ways if way.is_plain)
        high = self.steps_found.get(self._plain, 0) >= _FULL_SIZE_FIRST
        learned = (way for way in ways if not way.is_plain)
        yield from sorted(learned, key=lambda way: way.scale, reverse=not high)

    def _is_refinable(self, way: Way) -> bool:
        height, width, channels = self._files.x.shape
        return (
            self._options.effort == max(EFFORTS)
            and way.codec == "jpeg"
            and not way.is_plain
            and channels == 3
            and height * width <= _LARGE
        )

    def _within(self, ceiling: int, ways: Sequence[Way], best: File | None) -> File:
        """The best file of at most so many bytes, of these ways and a known one."""
        limit = math.log(ceiling) if ceiling > 0 else -math.inf
        found = [] if best is None else [best]
        smallest = math.inf
        for way in self._in_order(ways):
            below, lowest = self._largest_within(limit, way)
            smallest = min(smallest, lowest)
            if below is not None:
                self.steps_found[way] = below[0]
                found.append(self._files.get(way, below[0]))
        if not found and self._plain in ways:
            found = any_plain(self._files, self._plain, lambda file: len(file) <= ceiling)
        if not found:
            extra = self._options.extra_bytes
            raise TargetError(
                f"no file of at most {ceiling + extra} bytes; the smallest has "
                f"{round(math.exp(smallest)) + extra}"
            )
        return self._best_of(found)

    def _best_of(self, found: Sequence[File]) -> File:
        """The closest; a plain file among them has to be reached by all metrics."""
        plain = next((file for file in found if file.way == self._plain), None)
        least = {} if plain is None else self._rule.floors(plain)

        def order(file: File) -> tuple[bool, tuple[float, ...], int]:
            as_plain = not least or margin(file, least) >= 0
            return as_plain, self._rule.leading(file), -len(file)

        return max(found, key=order)

    def _largest_within(self, limit: float, way: Way) -> tuple[Point | None, float]:
        """The step of a file nearly as large as that, and the least size seen; in logarithms."""
        close = _CLOSE_BYTES[self._options.effort]
        below, _, lowest = cross(
            lambda step: math.log(len(self._files.get(way, step))),
            limit,
            way.limits,
            self._guess(way, _at_equal_bytes),
            _BYTES_PER_QUALITY / way.steps_per_quality,
            lambda below, above: below is not None and limit - below[1] <= close,
            -close / 2,
        )
        return below, lowest

    def _floors(self, target: Target) -> Mapping[Metric, float]:
        """What is to be reached."""
        if target.quality is not None:
            return self._rule.floors(self._files.get(OPTIMIZED_JPEG, target.quality))
        return target.floors()

    def _reaching(
        self, floors: Mapping[Metric, float], ways: Sequence[Way], best: File | None
    ) -> File:
        """The smallest file that is so close, of these ways and a known one."""
        for way in self._in_order(ways):
            if best is not None and best.way == way:
                continue
            most = math.inf if best is None else len(best)
            above = self._least_reaching(floors, way, most)
            if above is None:
                continue
            self.steps_found[way] = above[0]
            file = self._files.get(way, above[0])
            if len(file) < most:
                best = file
        if best is None and self._plain in ways:
            reaching = any_plain(self._files, self._plain, lambda file: margin(file, floors) >= 0)
            best = min(reaching, key=len, default=None)
        if best is None:
            raise TargetError(self._out_of_reach(floors))
        return best

    def _out_of_reach(self, floors: Mapping[Metric, float]) -> str:
        highest = [self._files.get(way, way.limits[1]) for way in self._ways]
        closest = max(highest, key=lambda file: margin(file, floors))
        wanted, had = (
            " and ".join(f"{metric.words} of {scores[metric]:.6g}" for metric in floors)
            for scores in (floors, closest.scores(floors))
        )
        return f"no file reaches {wanted}; the closest has {had}"

    def _least_reaching(
        self, floors: Mapping[Metric, float], way: Way, most: float
    ) -> Point | None:
        """The step of a file barely so close, and by how much, if it can have fewer bytes."""
        close = _CLOSE_LEVELS[self._options.effort]

        def is_enough(below: Point | None, above: Point | None) -> bool:
            hopeless = below is not None and len(self._files.get(way, below[0])) >= most
            return hopeless or (above is not None and above[1] <= close)

        _, above, _ = cross(
            lambda step: margin(self._files.get(way, step), floors),
            math.nextafter(0.0, -math.inf),
            way.limits,
            self._guess(way, _at_equal_likeness),
            _LEVELS_PER_QUALITY / way.steps_per_quality,
            is_enough,
            close / 2,
        )
        return above

    def _guess(self, way: Way, of_plain: Callable[[int], float]) -> int:
        """Where to begin; `of_plain` maps the plain file's quality to that of half size."""
        if way in self.steps_found:
            return self.steps_found[way]
        if way.is_plain or not self.steps_found:
            return 40 * way.steps_per_quality
        other, step = list(self.steps_found.items())[-1]
        if self._options.codec == "jpeg":
            half = of_plain(step) if other.is_plain else step / _share(other)
            step = round(half * _share(way) * way.steps_per_quality / other.steps_per_quality)
        low, high = way.limits
        return min(max(step, low), high)


def _share(way: Way) -> float:
    """Of the quality of half size, at as many bytes."""
    return _FULL_SIZE if way.scale == 1 else 1.0


# Of `photo2`, on Kodak photographs at four qualities and two rates.
def _at_equal_bytes(quality: int) -> float:
    """The quality of half size, about, whose files have as many bytes as the plain ones."""
    return 29 + 0.8 * quality


def _at_equal_likeness(quality: int) -> float:
    """The quality of half size, about, at which it is as close as the plain file."""
    return 12 + 0.9 * quality
