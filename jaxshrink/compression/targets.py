"""What is wanted of a file, and what is found."""

import dataclasses
from collections.abc import Sequence

from jaxshrink.compression.closeness import METRICS, Metric
from jaxshrink.compression.ways import Way
from jaxshrink.inference.tiled_metrics import Similarity

EFFORTS = (1, 2, 3)


@dataclasses.dataclass(frozen=True)
class Target:
    """What is wanted: exactly one attribute is set.

    Attributes:
      jpeg_quality: 1..100, as close as optimized JPEG at this quality, in few bytes.
      size: bytes of the file, a ceiling.
      bpp: bits per pixel of the photograph, a ceiling.
      ms_ssim, psnr, ssimulacra2: floors.
    """

    jpeg_quality: int | None = None
    size: int | None = None
    bpp: float | None = None
    ms_ssim: float | None = None
    psnr: float | None = None
    ssimulacra2: float | None = None

    def ceiling(self, shape: Sequence[int]) -> int | None:
        """In bytes, for a photograph of this shape."""
        if self.bpp is not None:
            return int(self.bpp * shape[0] * shape[1] / 8)
        return self.size

    def floors(self) -> dict[Metric, float]:
        """What is wanted of a metric."""
        wanted = {metric: getattr(self, metric.name) for metric in METRICS}
        return {metric: floor for metric, floor in wanted.items() if floor is not None}


@dataclasses.dataclass(frozen=True)
class Found:
    """The file that meets a target.

    Attributes:
      data: the file, without metadata.
      way: the way it is stored.
      quality: the setting of its codec, or of the learned tables.
      similarity: between the photograph and what `expand` makes of the file.
      num_encodes: the number of files that were made to find it.
      seconds: what it took to make and to measure those, had none been known.
      missed: words for the target that it does not reach, the closest of all; "" if it does.
    """

    data: bytes
    way: Way
    quality: float
    similarity: Similarity
    num_encodes: int
    seconds: float
    missed: str = ""


@dataclasses.dataclass(frozen=True)
class Options:
    """How to search.

    Attributes:
      ways: what to try, of `Compressor.ways`, all in one codec.
      effort: 1 to 3: how near to the target; the highest refines the compact image as well.
      extra_bytes: that will be added to the file and count against a ceiling.
      never_worse: whether a plain file of no more bytes is taken where it is better.
      take_closest: whether the closest file is taken where none reaches the target.
    """

    ways: tuple[Way, ...]
    effort: int = 2
    extra_bytes: int = 0
    never_worse: bool = True
    take_closest: bool = False

    @property
    def codec(self) -> str:
        return self.ways[0].codec

    @property
    def learned(self) -> tuple[Way, ...]:
        """The ways with a compact image."""
        return tuple(way for way in self.ways if not way.is_plain)
