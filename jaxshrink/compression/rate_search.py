"""From what somebody wants, a number of bytes or a likeness, to the file that gives it.

A plain JPEG is found first that just meets the target: it is quick to make, and tells by
`forecast` where a learned file of either scale will meet it, and which scale needs fewer bytes.
There learned files are made and measured until one just meets the target. At last the best of all
is compared with the optimized JPEGs of no more bytes: if one of them is better, it is that one that
is returned, see `never_worse`.

How close a file is, and which of two is better, is for `closeness` to say.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from jaxshrink.compression.bracketing import Point, cross
from jaxshrink.compression.candidates import File, Files
from jaxshrink.compression.closeness import Metric, Rule, margin, rule_for
from jaxshrink.compression.compressor import Compressor
from jaxshrink.compression.forecast import AS_CLOSE, AS_LARGE, Landing, forecast
from jaxshrink.compression.never_worse import any_plain, not_worse
from jaxshrink.compression.sample import mosaic
from jaxshrink.compression.targets import EFFORTS, Found, Options, Target
from jaxshrink.compression.ways import PLAIN_JPEG, Way
from jaxshrink.errors import TargetError
from jaxshrink.ops.metrics import MS_SSIM_MIN_SIDE


@dataclasses.dataclass(frozen=True)
class _Effort:
    """How near a search comes.

    Attributes:
      bytes_below: a ceiling, in the logarithm of bytes, that is near enough.
      levels_above: a floor, in levels, that is near enough.
      aim: where between a floor and what is near enough a file is aimed, in levels.
      num_files: after so many learned files, one that meets the target will do.
      doubt: by how much, in the logarithm of bytes, a forecast must be worse than a file that was
        made for its scale not to be tried.
    """

    bytes_below: float
    levels_above: float
    aim: float
    num_files: int
    doubt: float


_EFFORTS = {
    1: _Effort(bytes_below=0.04, levels_above=4.0, aim=1.2, num_files=2, doubt=0.01),
    2: _Effort(bytes_below=0.015, levels_above=0.5, aim=0.2, num_files=3, doubt=0.05),
    3: _Effort(bytes_below=0.005, levels_above=0.15, aim=0.05, num_files=100, doubt=0.25),
}
_LEVELS_OF_DOUBT = 30  # what a doubt of 1 is in levels
_NUM_REFINEMENTS = 20
_HARDLY_WORSE = 4.0  # levels
# What a quality is worth where nothing tells, in levels and in the logarithm of bytes.
_UNKNOWN = Landing(40, math.inf, levels_per_quality=0.7, bytes_per_quality=0.035)
# Larger photographs are searched on a sample first, and not refined.
_LARGE = 2_000_000


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
      target: the size or the likeness to meet.
      options: the ways to try, and how hard.
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
    return x.shape[0] * x.shape[1] > _LARGE and bool(options.learned)


def _on_sample(
    sample: Files, x: np.ndarray, target: Target, options: Options, rule: Rule
) -> tuple[Options, dict[Way, int]]:
    """The learned way that is best on a part of the photograph, and where to start there."""
    share = sample.x.shape[0] * sample.x.shape[1] / (x.shape[0] * x.shape[1])
    scaled = target
    if target.size is not None:
        scaled = Target(size=max(1, int((target.size - options.extra_bytes) * share)))
    effort = min(options.effort, 2)
    rough = dataclasses.replace(
        options, ways=options.learned, effort=effort, extra_bytes=0, never_worse=False
    )
    finder = _Search(sample, rough, rule, {})
    try:
        found = finder.run(scaled)
    except TargetError:
        return options, {}
    ways = tuple(way for way in options.ways if way.is_plain or way.scale == found.way.scale)
    return dataclasses.replace(options, ways=ways), finder.steps_found


class _Search:
    """One search among the files of a photograph.

    Attributes:
      steps_found: way -> the step that just meets the target, for the ways that were tried.
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
        self._effort = _EFFORTS[options.effort]
        self._sample = sample
        self._missed = ""
        self.steps_found = dict(guesses)
        self._ways = options.ways
        self._plain = Way(None, options.codec)

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
            guess = self.steps_found.get(self._plain, round(best.quality))
            best = not_worse(best, self._plain, self._rule, guess, ceiling, self._sample)
        return Found(
            best.data,
            best.way,
            best.quality,
            best.similarity(),
            self._files.num_used,
            self._files.seconds,
            self._missed,
        )

    def _given(self, target: Target) -> File | None:
        """A file that is known to meet the target."""
        if target.jpeg_quality is None:
            return None
        self.steps_found.setdefault(PLAIN_JPEG, target.jpeg_quality)
        given = PLAIN_JPEG in self._ways
        return self._files.get(PLAIN_JPEG, target.jpeg_quality) if given else None

    def _guide(self, target: float, value: Callable[[File], float], slope: float) -> None:
        """Finds the optimized JPEG that about meets a target, for forecasts alone."""
        below, above, _ = cross(
            lambda quality: value(self._files.get(PLAIN_JPEG, quality)),
            target,
            PLAIN_JPEG.limits,
            round(_UNKNOWN.quality),
            slope,
            lambda below, above: (
                below is not None and above is not None and above[0] - below[0] < 4
            ),
        )
        if below is not None and above is not None:
            self.steps_found[PLAIN_JPEG] = below[0]

    def _landings(self, ways: Sequence[Way], what: str) -> dict[Way, Landing]:
        """Where the learned files of these ways are expected, the best first."""
        plain = self.steps_found.get(PLAIN_JPEG)
        learned = [way for way in ways if not way.is_plain]
        if plain is None or self._options.codec != "jpeg":
            return dict.fromkeys(learned, _UNKNOWN)
        file = self._files.get(PLAIN_JPEG, plain)
        landings = {way: forecast(file, way, self._rule, what) for way in learned}
        return dict(sorted(landings.items(), key=lambda item: -item[1].gain))

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

        def look(way: Way, landing: Landing) -> None:
            nonlocal smallest
            below, lowest = self._largest_within(limit, way, landing)
            smallest = min(smallest, lowest)
            if below is not None:
                self.steps_found[way] = below[0]
                found.append(self._files.get(way, below[0]))

        if self._plain in ways:
            look(self._plain, _UNKNOWN)
        elif best is None:
            self._guide(math.log(max(ceiling, 1)), lambda file: math.log(len(file)), 0.035)
        for way, landing in self._landings(ways, AS_LARGE).items():
            if not self._is_beaten(landing, found):
                look(way, landing)
        if not found and self._plain in ways:
            found = any_plain(self._files, self._plain, lambda file: len(file) <= ceiling)
        if not found:
            extra = self._options.extra_bytes
            raise TargetError(
                f"no file of at most {ceiling + extra} bytes; the smallest has "
                f"{round(math.exp(smallest)) + extra}"
            )
        return self._best_of(found)

    def _is_beaten(self, landing: Landing, found: Sequence[File]) -> bool:
        """Whether a learned file was found that is closer than another is expected to be."""
        plain = next((file for file in found if file.way == PLAIN_JPEG), None)
        learned = [file for file in found if not file.way.is_plain]
        if plain is None or not learned:
            return False
        ahead = max(margin(file, self._rule.floors(plain)) for file in learned)
        return landing.gain + _LEVELS_OF_DOUBT * self._effort.doubt < ahead

    def _best_of(self, found: Sequence[File]) -> File:
        """The closest; a plain file among them has to be reached by all metrics."""
        plain = next((file for file in found if file.way == self._plain), None)
        least = {} if plain is None else self._rule.floors(plain)

        def order(file: File) -> tuple[bool, tuple[float, ...], int]:
            as_plain = not least or margin(file, least) >= 0
            return as_plain, self._rule.leading(file), -len(file)

        return max(found, key=order)

    def _largest_within(
        self, limit: float, way: Way, landing: Landing
    ) -> tuple[Point | None, float]:
        """The step of a file nearly as large as that, and the least size seen; in logarithms."""
        close = self._effort.bytes_below
        below, _, lowest = cross(
            lambda step: math.log(len(self._files.get(way, step))),
            limit,
            way.limits,
            self._guess(way, landing),
            landing.bytes_per_quality / way.steps_per_quality,
            lambda below, above: below is not None and limit - below[1] <= close,
            -close / 2,
        )
        return below, lowest

    def _floors(self, target: Target) -> Mapping[Metric, float]:
        """What is to be reached."""
        if target.jpeg_quality is not None:
            return self._rule.floors(self._files.get(PLAIN_JPEG, target.jpeg_quality))
        return target.floors()

    def _reaching(
        self, floors: Mapping[Metric, float], ways: Sequence[Way], best: File | None
    ) -> File:
        """The smallest file that is so close, of these ways and a known one."""
        if self._plain in ways and best is None:
            above, _ = self._least_reaching(floors, self._plain, _UNKNOWN, math.inf)
            best = None if above is None else self._found(self._plain, above)
        elif PLAIN_JPEG not in self.steps_found:
            self._guide(0.0, lambda file: margin(file, floors), 0.7)
        best = self._best_learned(floors, self._landings(ways, AS_CLOSE), best)
        if best is None and self._plain in ways:
            reaching = any_plain(self._files, self._plain, lambda file: margin(file, floors) >= 0)
            best = min(reaching, key=len, default=None)
        if best is None:
            closest, missed = self._closest(floors)
            if not self._options.take_closest:
                raise TargetError(f"no file reaches {missed}")
            best, self._missed = self._about_as_close(closest), missed
        return best

    def _best_learned(
        self, floors: Mapping[Metric, float], landings: Mapping[Way, Landing], best: File | None
    ) -> File | None:
        """The best so far, or a smaller file that is so close, of these ways.

        The way that is expected to need the fewest bytes is searched until it does not look like
        that any more.
        """
        expected = {way: self._expected(landing) for way, landing in landings.items()}
        doubt = self._effort.doubt
        while expected:
            way = min(expected, key=lambda way: expected[way])
            most = math.inf if best is None else math.log(len(best))
            is_known = way in self.steps_found
            if not is_known and expected[way] - doubt > most:
                break
            if best is not None and not best.way.is_plain and self._is_spent():
                break
            rival = min((expected[other] for other in expected if other != way), default=math.inf)
            above, needs = self._least_reaching(
                floors, way, landings[way], min(most, max(rival, expected[way]) + doubt)
            )
            if above is None and needs < most:
                expected[way] = needs
                continue
            del expected[way]
            if above is not None:
                file = self._found(way, above)
                best = file if best is None or len(file) < len(best) else best
        return best

    def _found(self, way: Way, point: Point) -> File:
        self.steps_found[way] = point[0]
        return self._files.get(way, point[0])

    def _is_spent(self) -> bool:
        """Whether so many learned files were made that any that meets the target will do."""
        return self._files.num_learned >= self._effort.num_files

    def _expected(self, landing: Landing) -> float:
        """The logarithm of bytes that a learned file will need; minus infinity where none tells."""
        plain = self.steps_found.get(PLAIN_JPEG)
        if plain is None:
            return -math.inf
        return math.log(len(self._files.get(PLAIN_JPEG, plain))) - landing.gain

    def _closest(self, floors: Mapping[Metric, float]) -> tuple[File, str]:
        """The file that comes closest to floors that none reaches, and words for both."""
        highest = [self._files.get(way, way.limits[1]) for way in self._ways]
        closest = max(highest, key=lambda file: margin(file, floors))
        wanted, had = (
            " and ".join(f"{metric.words} of {scores[metric]:.6g}" for metric in floors)
            for scores in (floors, closest.scores(floors))
        )
        return closest, f"{wanted}; the closest has {had}"

    def _about_as_close(self, closest: File) -> File:
        """A file of the same way, much smaller where more bytes hardly help any more."""
        way, floors = closest.way, self._rule.floors(closest)
        _, above, _ = cross(
            lambda step: margin(self._files.get(way, step), floors),
            -_HARDLY_WORSE,
            way.limits,
            closest.step // 2,
            _UNKNOWN.levels_per_quality / way.steps_per_quality,
            lambda below, above: above is not None and above[1] <= -_HARDLY_WORSE / 2,
        )
        return closest if above is None else self._files.get(way, above[0])

    def _least_reaching(
        self, floors: Mapping[Metric, float], way: Way, landing: Landing, most: float
    ) -> tuple[Point | None, float]:
        """The step of a file barely so close, and by how much.

        None if there is none, or if it seems to need more bytes than `most`, their logarithm; and
        how many it seems to need then, infinity if there is none.
        """
        effort = self._effort
        bytes_per_level = landing.bytes_per_quality / landing.levels_per_quality
        needs = math.inf

        def is_enough(below: Point | None, above: Point | None) -> bool:
            nonlocal needs
            if below is not None:
                num_bytes = math.log(len(self._files.get(way, below[0])))
                needs = num_bytes - min(below[1], 0.0) * bytes_per_level
                if needs >= most:
                    return True
            if above is None:
                return False
            return above[1] <= effort.levels_above or self._is_spent()

        below, above, _ = cross(
            lambda step: margin(self._files.get(way, step), floors),
            math.nextafter(0.0, -math.inf),
            way.limits,
            self._guess(way, landing, effort.aim),
            landing.levels_per_quality / way.steps_per_quality,
            is_enough,
            effort.aim,
        )
        at_the_end = below is not None and below[0] == way.limits[1]
        return above, math.inf if at_the_end else needs

    def _guess(self, way: Way, landing: Landing, levels_above: float = 0.0) -> int:
        """The step to begin with."""
        if way in self.steps_found:
            return self.steps_found[way]
        quality = landing.quality + levels_above / landing.levels_per_quality
        low, high = way.limits
        return min(max(round(quality * way.steps_per_quality), low), high)
