"""From what somebody wants, a number of bytes or a likeness, to the file that gives it.

For every scale, and for plain JPEG, the quality is searched that just meets the target, by really
encoding; the best of these files is taken. At last it is compared with the optimized JPEGs of no
more bytes: if one of them is closer to the photograph, it is that one that is returned.

Closeness is MS-SSIM; PSNR where a side is too short for it, or where the target is a PSNR.
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence

import numpy as np

from jaxshrink.codecs import CODECS
from jaxshrink.compressor import PLAIN_JPEG, Compressor
from jaxshrink.crossing import Point, cross
from jaxshrink.errors import TargetError
from jaxshrink.ops.metrics import MS_SSIM_MIN_SIDE
from jaxshrink.similarity import Similarity, similarity

EFFORTS = (1, 2, 3)

# A plain codec's qualities are whole numbers; learned tables have eight steps for each.
_STEPS_PER_QUALITY = 8
# How near a search must come, by effort: in the logarithm of bytes; in that of 1 - MS-SSIM; in dB.
_CLOSE_BYTES = {1: 0.04, 2: 0.015, 3: 0.005}
_CLOSE_MS_SSIM = {1: 0.05, 2: 0.02, 3: 0.01}
_CLOSE_PSNR = {1: 0.2, 2: 0.05, 3: 0.02}
_NUM_REFINEMENTS = 20
# Beside the scales there are two more ways to store a photograph.
_REFINED = 10  # added to a scale whose compact images are refined
_ANCHOR = -1  # optimized JPEG beside another codec
# What a quality is worth, to start with, in the same three units.
_SLOPE_BYTES, _SLOPE_MS_SSIM, _SLOPE_PSNR = 0.035, 0.04, 0.12
# Of qualities at full size and at half size that give the same.
_NEXT_SCALE = 0.94
# Larger photographs are searched on a sample first, and not refined.
_LARGE = 4_000_000
_SAMPLE_BLOCK, _SAMPLE_BLOCKS = 256, 4  # a mosaic of 4 x 4 blocks
_CODEC_GRID = 16  # also 2**4: MS-SSIM halves a side four times
# Sizes and likenesses grow with a plain codec's quality but for neighbours, which do not differ by
# more than a few times what is usual.
_NEIGHBOURS, _CLEAR_MARGIN = 2, 3


@dataclasses.dataclass(frozen=True)
class Target:
    """What is wanted: exactly one attribute is set.

    Attributes:
      quality: 1..100, as close as optimized JPEG at this quality, in few bytes.
      size: bytes of the file, a ceiling.
      bpp: bits per pixel of the photograph, a ceiling.
      ms_ssim, psnr: floors.
    """

    quality: int | None = None
    size: int | None = None
    bpp: float | None = None
    ms_ssim: float | None = None
    psnr: float | None = None

    def ceiling(self, shape: Sequence[int]) -> int | None:
        """In bytes, for a photograph of this shape."""
        if self.bpp is not None:
            return int(self.bpp * shape[0] * shape[1] / 8)
        return self.size


@dataclasses.dataclass(frozen=True)
class Found:
    """The file that meets a target.

    Attributes:
      data: the file, without metadata.
      scale: of the compact image: 2, 1, or `PLAIN_JPEG`.
      quality: of the codec.
      similarity: of what `expand` makes of it.
      num_encodes: how many files were made to find it.
    """

    data: bytes
    scale: int
    quality: float
    similarity: Similarity
    num_encodes: int


@dataclasses.dataclass(frozen=True)
class Options:
    """How to search.

    Attributes:
      scales: what to try, of `Compressor.scales`.
      effort: 1 to 3: how near to the target; the highest refines the compact image as well.
      codec: "jpeg", "webp" or "avif".
      extra_bytes: that will be added to the file and count against a ceiling.
      never_worse: whether a plain file of no more bytes is taken where it is closer.
    """

    scales: tuple[int, ...]
    effort: int = 2
    codec: str = "jpeg"
    extra_bytes: int = 0
    never_worse: bool = True


def search(compressor: Compressor, x: np.ndarray, target: Target, options: Options) -> Found:
    """Returns the best file that meets a target.

    Args:
      compressor: the model.
      x: uint8 (H, W, 1 or 3).
      target: what to meet.
      options: how.

    Raises:
      TargetError: if no file meets it; the message says how near one comes.
    """
    by_psnr = target.psnr is not None or min(x.shape[:2]) < MS_SSIM_MIN_SIDE
    if by_psnr and target.ms_ssim is not None:
        raise TargetError(
            f"MS-SSIM needs sides of at least {MS_SSIM_MIN_SIDE}; name a --target-psnr"
        )
    guesses: dict[int, int] = {}
    if x.shape[0] * x.shape[1] > _LARGE and options.scales != (PLAIN_JPEG,):
        options, guesses = _on_sample(compressor, x, target, options)
    return _Search(compressor, x, options, by_psnr, guesses).run(target)


def _on_sample(
    compressor: Compressor, x: np.ndarray, target: Target, options: Options
) -> tuple[Options, dict[int, int]]:
    """The learned scale that is best on a part of the photograph, and where to start there."""
    part = _sample(x)
    share = part.shape[0] * part.shape[1] / (x.shape[0] * x.shape[1])
    scaled = target
    if target.size is not None:
        scaled = Target(size=max(1, int((target.size - options.extra_bytes) * share)))
    learned = tuple(scale for scale in options.scales if scale != PLAIN_JPEG)
    rough = dataclasses.replace(options, scales=learned, effort=1, extra_bytes=0, never_worse=False)
    try:
        finder = _Search(compressor, part, rough, target.psnr is not None, {})
        found = finder.run(scaled)
    except TargetError:
        return options, {}
    scales = tuple(scale for scale in options.scales if scale in (found.scale, PLAIN_JPEG))
    return dataclasses.replace(options, scales=scales), finder.steps_found


def _sample(x: np.ndarray) -> np.ndarray:
    """A mosaic of blocks from all over a large photograph, on the codec's grid.

    Its sides leave the same remainders: where MS-SSIM halves an odd side, it averages other pairs
    of pixels than at an even one. The networks are less good at those, JPEG is not, so that an even
    sample would promise too much.
    """
    rng = np.random.default_rng(0)
    last = [max(0, side - _SAMPLE_BLOCK) // _CODEC_GRID for side in x.shape[:2]]

    def block() -> np.ndarray:
        row, column = (_CODEC_GRID * int(rng.integers(most + 1)) for most in last)
        return x[row : row + _SAMPLE_BLOCK, column : column + _SAMPLE_BLOCK]

    rows = [
        np.concatenate([block() for _ in range(_SAMPLE_BLOCKS)], 1) for _ in range(_SAMPLE_BLOCKS)
    ]
    mosaic = np.concatenate(rows)
    height, width = (
        side - (side - whole) % _CODEC_GRID
        for side, whole in zip(mosaic.shape[:2], x.shape[:2], strict=True)
    )
    return mosaic[:height, :width]


_Key = tuple[int, int]  # a way to store and a step of its quality


class _Search:
    """The files of one photograph that have been made so far, by scale and step."""

    def __init__(
        self,
        compressor: Compressor,
        x: np.ndarray,
        options: Options,
        by_psnr: bool,
        guesses: dict[int, int],
    ) -> None:
        self._compressor, self._x, self._options = compressor, x, options
        self._by_psnr = by_psnr or min(x.shape[:2]) < MS_SSIM_MIN_SIDE
        self._plain = CODECS["jpeg-optimized" if options.codec == "jpeg" else options.codec]
        self._num_encodes = 0
        self.steps_found = dict(guesses)
        # Not `functools.cache` on the methods: it would keep the photograph alive.
        self._file = functools.cache(self._make)
        self._similarity = functools.cache(self._measure)

    def run(self, target: Target) -> Found:
        """See `search`."""
        ceiling = target.ceiling(self._x.shape)
        meet: Callable[[Sequence[int], _Key | None], _Key]
        if ceiling is not None:
            meet = functools.partial(self._within, ceiling - self._options.extra_bytes)
        else:
            meet = functools.partial(self._reaching, self._floor(target))
        # Plain first: it is quick, and says where to look for the others. Then the one that is
        # best at most rates, so that the next is soon seen to be worse.
        order = sorted(self._options.scales, key=lambda scale: (scale != PLAIN_JPEG, -scale))
        scale, step = meet(order, self._given(target))
        if self._is_refinable(scale):
            self.steps_found[scale + _REFINED] = step
            scale, step = meet([scale + _REFINED], (scale, step))
        if self._options.never_worse:
            scale, step = self._never_worse(scale, step)
        return Found(
            self._file(scale, step),
            scale % _REFINED,
            step / self._per_quality(scale),
            self._similarity(scale, step),
            self._num_encodes,
        )

    def _given(self, target: Target) -> _Key | None:
        """A file that is known to meet the target."""
        if target.quality is None or PLAIN_JPEG not in self._options.scales:
            return None
        self.steps_found.setdefault(PLAIN_JPEG, target.quality)
        return (PLAIN_JPEG, target.quality) if self._options.codec == "jpeg" else None

    def _is_refinable(self, scale: int) -> bool:
        height, width, channels = self._x.shape
        return (
            self._options.effort == max(EFFORTS)
            and self._options.codec == "jpeg"
            and scale != PLAIN_JPEG
            and channels == 3
            and height * width <= _LARGE
        )

    def _within(self, ceiling: int, ways: Sequence[int], best: _Key | None) -> _Key:
        """The closest file of at most so many bytes, of these ways and a known one."""
        limit = math.log(ceiling) if ceiling > 0 else -math.inf
        found = [] if best is None else [best]
        smallest = math.inf
        for scale in ways:
            below, lowest = self._largest_within(limit, scale)
            smallest = min(smallest, lowest)
            if below is not None:
                self.steps_found[scale] = below[0]
                found.append((scale, below[0]))
        if not found:
            raise TargetError(
                f"no file of at most {ceiling + self._options.extra_bytes} bytes; the smallest has "
                f"{round(math.exp(smallest)) + self._options.extra_bytes}"
            )
        return max(found, key=lambda key: (self._score(*key), -len(self._file(*key))))

    def _largest_within(self, limit: float, scale: int) -> tuple[Point | None, float]:
        """The step of a file nearly as large as that, and the least size seen; in logarithms."""
        close = _CLOSE_BYTES[self._options.effort]
        below, _, lowest = cross(
            lambda step: math.log(len(self._file(scale, step))),
            limit,
            self._range(scale),
            self._guess(scale, _at_equal_bytes),
            _SLOPE_BYTES / self._per_quality(scale),
            lambda below, above: below is not None and limit - below[1] <= close,
            -close / 2,
        )
        return below, lowest

    def _floor(self, target: Target) -> float:
        """The likeness to reach."""
        if target.quality is not None:
            return self._score(*self._jpeg(target.quality))
        floor = target.psnr if target.psnr is not None else target.ms_ssim
        assert floor is not None
        return floor

    def _reaching(self, floor: float, ways: Sequence[int], best: _Key | None) -> _Key:
        """The smallest file that is so close, of these ways and a known one."""
        limit = math.nextafter(self._linear(floor), -math.inf)
        for scale in ways:
            if best is not None and best[0] == scale:
                continue
            most = math.inf if best is None else len(self._file(*best))
            above = self._least_reaching(limit, scale, most)
            if above is None:
                continue
            self.steps_found[scale] = above[0]
            if len(self._file(scale, above[0])) < most:
                best = (scale, above[0])
        if best is None:
            name = "a PSNR of" if self._by_psnr else "an MS-SSIM of"
            closest = max(
                self._score(scale, self._range(scale)[1]) for scale in self._options.scales
            )
            raise TargetError(f"no file reaches {name} {floor:.6g}; the closest has {closest:.6g}")
        return best

    def _least_reaching(self, limit: float, scale: int, most: float) -> Point | None:
        """The step of a file barely so close, as `_linear` has it, if it can have fewer bytes."""
        close = (_CLOSE_PSNR if self._by_psnr else _CLOSE_MS_SSIM)[self._options.effort]

        def is_enough(below: Point | None, above: Point | None) -> bool:
            hopeless = below is not None and len(self._file(scale, below[0])) >= most
            return hopeless or (above is not None and above[1] - limit <= close)

        _, above, _ = cross(
            lambda step: self._linear(self._score(scale, step)),
            limit,
            self._range(scale),
            self._guess(scale, _at_equal_likeness),
            (_SLOPE_PSNR if self._by_psnr else _SLOPE_MS_SSIM) / self._per_quality(scale),
            is_enough,
            close / 2,
        )
        return above

    def _never_worse(self, scale: int, step: int) -> _Key:
        """This file, or the plain one of no more bytes that is closer."""
        limit = math.log(len(self._file(scale, step)))
        below, _, _ = cross(
            lambda quality: math.log(len(self._file(PLAIN_JPEG, quality))),
            limit,
            self._range(PLAIN_JPEG),
            step if scale == PLAIN_JPEG else self._guess(PLAIN_JPEG, _at_equal_bytes),
            _SLOPE_BYTES,
            lambda below, above: False,
        )
        best = (scale, step)
        if below is None or self._is_clearly_closer(best, (PLAIN_JPEG, below[0])):
            return best
        low, high = self._range(PLAIN_JPEG)
        for quality in range(
            max(low, below[0] - _NEIGHBOURS), min(high, below[0] + _NEIGHBOURS) + 1
        ):
            fits = math.log(len(self._file(PLAIN_JPEG, quality))) <= limit
            if fits and self._score(PLAIN_JPEG, quality) > self._score(*best):
                best = (PLAIN_JPEG, quality)
        return best

    def _is_clearly_closer(self, key: _Key, plain: _Key) -> bool:
        """Whether so much that the plain file's neighbours need not be tried."""
        margin = _CLEAR_MARGIN * _NEIGHBOURS * (_SLOPE_PSNR if self._by_psnr else _SLOPE_MS_SSIM)
        return self._linear(self._score(*key)) > self._linear(self._score(*plain)) + margin

    def _range(self, scale: int) -> tuple[int, int]:
        per_quality = self._per_quality(scale)
        return per_quality, 100 * per_quality

    def _per_quality(self, scale: int) -> int:
        return _STEPS_PER_QUALITY if scale != PLAIN_JPEG and self._options.codec == "jpeg" else 1

    def _guess(self, scale: int, of_plain: Callable[[int], float]) -> int:
        """Where to begin; `of_plain` maps the plain file's quality to that of learned tables."""
        if scale in self.steps_found:
            return self.steps_found[scale]
        if scale == PLAIN_JPEG or not self.steps_found:
            return 40 * self._per_quality(scale)
        other, step = list(self.steps_found.items())[-1]
        if self._options.codec == "jpeg":
            ours = of_plain(step) if other == PLAIN_JPEG else _NEXT_SCALE * step
            step = round(ours * self._per_quality(scale) / self._per_quality(other))
        low, high = self._range(scale)
        return min(max(step, low), high)

    def _jpeg(self, quality: int) -> tuple[int, int]:
        """The key of optimized JPEG at a quality."""
        return (PLAIN_JPEG if self._options.codec == "jpeg" else _ANCHOR), quality

    def _make(self, scale: int, step: int) -> bytes:
        self._num_encodes += 1
        if scale == _ANCHOR:
            return CODECS["jpeg-optimized"].encode(self._x, step)
        if scale == PLAIN_JPEG:
            return self._plain.encode(self._x, step)
        quality = step / self._per_quality(scale)
        return self._compressor.encode(
            self._x,
            quality,
            scale % _REFINED,
            self._options.codec,
            num_refinements=_NUM_REFINEMENTS if scale >= _REFINED else 0,
        )

    def _measure(self, scale: int, step: int) -> Similarity:
        x_hat = self._compressor.expand(self._file(scale, step), max_pixels=self._x.size)
        return similarity(self._x, x_hat)

    def _score(self, scale: int, step: int) -> float:
        measured = self._similarity(scale, step)
        return measured.psnr if self._by_psnr or measured.ms_ssim is None else measured.ms_ssim

    def _linear(self, score: float) -> float:
        """What grows about evenly with quality: decibels, or the logarithm of 1 / (1 - MS-SSIM)."""
        return score if self._by_psnr else -math.log(max(1.0 - score, 1e-9))


def _at_equal_bytes(quality: int) -> float:
    """The quality of learned tables, about, whose files have as many bytes as the plain ones."""
    return 8 * math.sqrt(quality)


def _at_equal_likeness(quality: int) -> float:
    """The quality of learned tables, about, at which MS-SSIM is that of the plain file."""
    return 5 + 0.72 * quality
