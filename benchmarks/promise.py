"""What `jaxshrink compress -q N` gives: bytes, violations of its promise, and the plain view.

    python -m benchmarks.promise PHOTOGRAPHS.. [--qualities 50,75,90] [--model NAME] [--others]

Every photograph is compressed as the command does, expanded, and compared with optimized JPEG at
quality N (the smaller of the sequential and the progressive file). Prints per quality

- the mean of bytes relative to that JPEG's; with --others, of AVIF's and WebP's fewest bytes that
  reach its SSIMULACRA2;
- violations: files whose SSIMULACRA2 or MS-SSIM is below that JPEG's (PSNR alone where a side is
  under 161 pixels); and, where the PyPI package `ssimulacra2` is installed, files that are more
  than 0.3 points below by it;
- of the plain view, by size: its mean SSIMULACRA2 and MS-SSIM beside those of the best optimized
  JPEG of that size of no more bytes, and the largest difference of a channel's mean, in levels.

Photographs are worked on in two processes (-j). The exit code is the number of violations.
"""

import argparse
import dataclasses
import functools
import importlib.util
import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from jaxshrink.bench.plain_view import METRICS, PlainView, measure_plain_view
from jaxshrink.bench.workers import Workers
from jaxshrink.codecs import CODECS, Codec
from jaxshrink.codecs.pillow import PillowCodec
from jaxshrink.compression.model import Model
from jaxshrink.compression.rate_search import search
from jaxshrink.compression.targets import Options, Target
from jaxshrink.data import list_images, read_image
from jaxshrink.inference.tiled_metrics import Reference, Similarity
from jaxshrink.shipped.index import DEFAULT_MODEL

_OPTIMIZED = (
    PillowCodec("jpeg-sequential", "JPEG", (("optimize", True),)),
    CODECS["jpeg-optimized"],
)
_OTHERS = ("avif", "webp")
_PACKAGE_MARGIN = 0.3


@dataclasses.dataclass(frozen=True)
class Row:
    """One photograph at one quality.

    Attributes:
      photograph: its file's name.
      quality: of the JPEG that is to be reached.
      scale: of our file.
      num_bytes, jpeg_bytes: of our file and of that JPEG.
      ours, jpeg: what they look like.
      package: SSIMULACRA2 of ours and of the JPEG by the package, None without it.
      other_bytes: codec -> its fewest bytes that reach the JPEG's SSIMULACRA2.
      plain: the plain view of our file.
    """

    photograph: str
    quality: int
    scale: str
    num_bytes: int
    jpeg_bytes: int
    ours: Similarity
    jpeg: Similarity
    package: tuple[float, float] | None
    other_bytes: dict[str, int | None]
    plain: PlainView

    @property
    def is_violation(self) -> bool:
        if self.jpeg.ms_ssim is None or self.jpeg.ssimulacra2 is None:
            return self.ours.psnr < self.jpeg.psnr
        assert self.ours.ms_ssim is not None and self.ours.ssimulacra2 is not None
        return (
            self.ours.ssimulacra2 < self.jpeg.ssimulacra2 or self.ours.ms_ssim < self.jpeg.ms_ssim
        )

    @property
    def is_violation_by_package(self) -> bool:
        return self.package is not None and self.package[0] < self.package[1] - _PACKAGE_MARGIN


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photographs", nargs="+")
    parser.add_argument("--qualities", type=_numbers, default=[50, 75, 90], metavar="50,75,90")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--effort", type=int, default=2)
    parser.add_argument("--others", action="store_true", help="AVIF and WebP as well")
    parser.add_argument("--json", type=Path, help="every row, to this file")
    parser.add_argument("-j", type=int, default=2, help="processes (default: %(default)s)")
    arguments = parser.parse_args()
    paths = [path for place in arguments.photographs for path in list_images(place)]
    work = functools.partial(
        _rows,
        qualities=arguments.qualities,
        model=arguments.model,
        effort=arguments.effort,
        others=_OTHERS if arguments.others else (),
    )
    workers = Workers(arguments.j)
    rows: list[Row] = []
    for path, found in workers.apply(work, paths):
        rows += found
        sizes = ", ".join(f"{row.num_bytes / row.jpeg_bytes:.3f}" for row in found)
        print(f"{path.name}: {sizes}", file=sys.stderr, flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=1))
    for quality in arguments.qualities:
        print("\n".join(_summary(quality, [row for row in rows if row.quality == quality])))
    violations = sum(row.is_violation or row.is_violation_by_package for row in rows)
    print(f"{violations} violations in {len(rows)} files")
    return min(violations, 100)


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


@functools.cache
def _loaded(name_or_path: str) -> Model:
    return Model.load(name_or_path)


def _rows(
    path: Path, qualities: Sequence[int], model: str, effort: int, others: Sequence[str]
) -> list[Row]:
    x = read_image(path, 3, 10**8)
    return [_row(path.name, x, quality, _loaded(model), effort, others) for quality in qualities]


def _row(
    name: str,
    x: np.ndarray,
    quality: int,
    model: Model,
    effort: int,
    others: Sequence[str],
) -> Row:
    reference = Reference(x)
    found = search(model, x, Target(jpeg_quality=quality), Options(model.ways(), effort))
    x_hat = model.reconstruct(found.data)
    file = min((codec.encode(x, quality) for codec in _OPTIMIZED), key=len)
    decoded = CODECS["jpeg"].decode(file, 3)
    jpeg = reference.compare(decoded)
    return Row(
        photograph=name,
        quality=quality,
        scale=found.way.name,
        num_bytes=len(found.data),
        jpeg_bytes=len(file),
        ours=reference.compare(x_hat),
        jpeg=jpeg,
        package=_by_package(x, x_hat, decoded),
        other_bytes={
            other: _fewest_bytes(CODECS[other], x, reference, jpeg.ssimulacra2) for other in others
        },
        plain=measure_plain_view(x, _decoded(found.data), len(found.data)),
    )


def _decoded(data: bytes) -> np.ndarray:
    return CODECS["jpeg"].decode(data, 3)


def _by_package(x: np.ndarray, x_hat: np.ndarray, jpeg: np.ndarray) -> tuple[float, float] | None:
    if importlib.util.find_spec("ssimulacra2") is None:
        return None
    from benchmarks.ssimulacra2 import of_package

    return of_package(x, x_hat), of_package(x, jpeg)


def _fewest_bytes(
    codec: Codec, x: np.ndarray, reference: Reference, floor: float | None
) -> int | None:
    """Of the lowest quality that reaches a SSIMULACRA2, by bisection; None where none does."""
    if floor is None:
        return None

    @functools.cache
    def encoded(quality: int) -> bytes:
        return codec.encode(x, quality)

    def reaches(quality: int) -> bool:
        return reference.ssimulacra2(codec.decode(encoded(quality), 3)) >= floor

    low, high = 0, 100
    if not reaches(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return len(encoded(high))


def _summary(quality: int, rows: Sequence[Row]) -> Iterable[str]:
    yield f"-q {quality}, {len(rows)} photographs"
    relative = [row.num_bytes / row.jpeg_bytes for row in rows]
    mean = f"mean {np.mean(relative):.4f}, most {max(relative):.3f}"
    yield f"  bytes relative to optimized JPEG: {mean}"
    for other in rows[0].other_bytes:
        pairs = [(row.other_bytes[other], row.jpeg_bytes) for row in rows]
        known = [num_bytes / jpeg for num_bytes, jpeg in pairs if num_bytes is not None]
        yield f"  {other}, same SSIMULACRA2: mean {_mean(known):.4f} of {len(known)}"
    worst = min(_difference(row.ours.ssimulacra2, row.jpeg.ssimulacra2) for row in rows)
    least = min(_difference(row.ours.ms_ssim, row.jpeg.ms_ssim) for row in rows)
    violations = sum(row.is_violation for row in rows)
    yield f"  violations: {violations}; least lead: SSIMULACRA2 {worst:+.3f}, MS-SSIM {least:+.6f}"
    packages = [row.package for row in rows if row.package is not None]
    if packages:
        count = sum(row.is_violation_by_package for row in rows)
        lead = min(ours - jpeg for ours, jpeg in packages)
        yield f"  by the package, below by {_PACKAGE_MARGIN}: {count}; least lead {lead:+.3f}"
    for scale, title in ((1, "full size"), (2, "half size")):
        views = [row.plain for row in rows if row.plain.scale == scale]
        if views:
            yield f"  plain view, {title} ({len(views)}): {_plain_summary(views)}"


def _plain_summary(views: Sequence[PlainView]) -> str:
    parts = []
    for metric in METRICS:
        ours = _mean(_known(view.scores[metric] for view in views))
        jpegs = _mean(_known((view.jpeg_scores or {}).get(metric) for view in views))
        digits = 4 if metric == "ms-ssim" else 2
        parts.append(f"{metric} {ours:.{digits}f}, JPEG {jpegs:.{digits}f}")
    offset = max(view.colour_offset for view in views)
    return "; ".join([*parts, f"mean colour off by at most {offset:.2f} levels"])


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else math.nan


def _difference(ours: float | None, jpeg: float | None) -> float:
    return math.inf if ours is None or jpeg is None else ours - jpeg


if __name__ == "__main__":
    sys.exit(main())
