"""The files that were made of one photograph so far."""

import dataclasses
import hashlib
import time
from collections.abc import Iterable, Mapping

import numpy as np
from PIL import Image

from jaxshrink.codecs import CODECS, SMALLEST_JPEG, with_channels
from jaxshrink.compression.closeness import METRICS, PSNR, Metric
from jaxshrink.compression.compressor import Compressor
from jaxshrink.compression.ways import Way
from jaxshrink.inference.tiled_metrics import Reference, Similarity
from jaxshrink.ops.metrics import MS_SSIM_MIN_SIDE

# The sides of a part that tells how much detail there is: half of the photograph's, within these.
_LEAST_MIDDLE, _MOST_MIDDLE = 224, 512


@dataclasses.dataclass(frozen=True)
class File:
    """One of the files of a photograph.

    Attributes:
      files: all files of the same photograph.
      way, step: the way it is stored, and the step of its quality.
    """

    files: "Files" = dataclasses.field(repr=False)
    way: Way
    step: int

    @property
    def data(self) -> bytes:
        return self.files.known(self.way, self.step).data

    def __len__(self) -> int:
        return len(self.data)

    @property
    def quality(self) -> float:
        """Of the codec, or of the learned tables."""
        return self.step / self.way.steps_per_quality

    def score(self, metric: Metric) -> float:
        """How close it comes, expanded."""
        return self.scores([metric])[metric]

    def scores(self, metrics: Iterable[Metric]) -> Mapping[Metric, float]:
        """By these metrics at least; the file is expanded once for those that are missing."""
        return self.files.measured(self.way, self.step, metrics)

    def similarity(self) -> Similarity:
        """All that is reported: of a photograph with a short side, PSNR alone."""
        metrics = (PSNR,) if self.files.is_short else METRICS
        scores = self.scores(metrics)
        return Similarity(
            **{metric.name: scores[metric] if metric in metrics else None for metric in METRICS}  # type: ignore[arg-type]
        )


@dataclasses.dataclass
class _Known:
    """A file, what was measured of it, and the seconds that all this took."""

    data: bytes
    scores: dict[Metric, float]
    seconds: float


class Files:
    """The files of one photograph; each is made and measured once, when somebody asks.

    Args:
      compressor: the model.
      x: uint8 (H, W, 1 or 3).
    """

    def __init__(self, compressor: Compressor, x: np.ndarray) -> None:
        self.x = x
        self._compressor = compressor
        self._reference = Reference(x)
        self._known: dict[tuple[Way, int], _Known] = {}
        self._scores: dict[bytes, dict[Metric, float]] = {}  # by a digest of what is expanded
        self._used: set[tuple[Way, int]] = set()
        self._halved: dict[Metric, float] = {}

    @property
    def is_short(self) -> bool:
        """Whether a side is too short for all metrics but PSNR."""
        return min(self.x.shape[:2]) < MS_SSIM_MIN_SIDE

    def forget_use(self) -> None:
        """Starts to count again, from no file and no second, and keeps what is known."""
        self._used = set()

    @property
    def num_used(self) -> int:
        """How many files were asked for."""
        return len(self._used)

    @property
    def num_learned(self) -> int:
        """How many of those were learned files, which take the time."""
        return sum(not way.is_plain for way, _ in self._used)

    def used_steps(self, way: Way) -> list[int]:
        """The steps of a way that were asked for, in order."""
        return sorted(step for other, step in self._used if other == way)

    @property
    def seconds(self) -> float:
        """What it took to make and to measure those, whenever that was."""
        return sum(self._known[key].seconds for key in self._used)

    def get(self, way: Way, step: int) -> File:
        """The file of a way, at a step of its quality."""
        self.known(way, step)
        return File(self, way, step)

    def known(self, way: Way, step: int) -> _Known:
        """The file, made if it is not known."""
        key = (way, step)
        self._used.add(key)
        if key not in self._known:
            start = time.perf_counter()
            data = self._make(way, step)
            self._known[key] = _Known(data, {}, time.perf_counter() - start)
        return self._known[key]

    def measured(self, way: Way, step: int, metrics: Iterable[Metric]) -> Mapping[Metric, float]:
        """The file's scores, by these metrics at least."""
        known = self.known(way, step)
        wanted = (*metrics, PSNR)
        if any(metric not in known.scores for metric in wanted):
            start = time.perf_counter()
            x_hat = self._compressor.reconstruct(known.data, max_pixels=self.x.size)
            x_hat = with_channels(x_hat, self.x.shape[2])
            # Of a flat picture, JPEGs of many qualities have the same pixels.
            digest = hashlib.blake2b(np.ascontiguousarray(x_hat).data).digest()
            known.scores = self._scores.setdefault(digest, known.scores)
            for metric in wanted:
                if metric not in known.scores:
                    known.scores[metric] = metric.measure(self._reference, x_hat)
            known.seconds += time.perf_counter() - start
        return known.scores

    def halved(self, metrics: Iterable[Metric]) -> Mapping[Metric, float]:
        """How close the photograph's middle comes, halved and enlarged: what detail it has."""
        missing = [metric for metric in metrics if metric not in self._halved]
        if missing:
            middle = _middle(self.x)
            image = Image.fromarray(with_channels(middle, 3))
            enlarged = image.reduce(2).resize(image.size, Image.Resampling.BICUBIC)
            x_hat = with_channels(np.asarray(enlarged), self.x.shape[2])
            reference = Reference(middle)
            self._halved |= {metric: metric.measure(reference, x_hat) for metric in missing}
        return self._halved

    def _make(self, way: Way, step: int) -> bytes:
        if way.scale is None:
            codec = SMALLEST_JPEG if way.codec == "jpeg" else CODECS[way.codec]
            return codec.encode(self.x, step)
        return self._compressor.encode(
            self.x,
            step / way.steps_per_quality,
            way.scale,
            way.codec,
            num_refinements=way.num_refinements,
        )


def _middle(x: np.ndarray) -> np.ndarray:
    """The part of a photograph around its centre."""
    sides = [min(side, max(_LEAST_MIDDLE, min(side // 2, _MOST_MIDDLE))) for side in x.shape[:2]]
    top, left = ((side - kept) // 2 for side, kept in zip(x.shape, sides, strict=False))
    return x[top : top + sides[0], left : left + sides[1]]
