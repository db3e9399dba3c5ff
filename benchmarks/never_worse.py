"""Whether the tool keeps its word: targets are met, and never by a file worse than optimized JPEG.

    python -m benchmarks.never_worse PHOTOGRAPHS.. [--model NAME] [--bpp 0.15 0.3 0.5 0.8 1.2]
    python -m benchmarks.never_worse PHOTOGRAPHS.. [--model NAME] --sizes 20000 40000 80000
    python -m benchmarks.never_worse PHOTOGRAPHS.. [--model NAME] --qualities 50 75 90
    python -m benchmarks.never_worse --odd [--model NAME]

Every photograph is compressed at every target as `jaxshrink compress` does, expanded, and compared
with the optimized JPEGs of no more bytes, sequential and progressive, by the rule of
`jaxshrink/compression/closeness.py`. Prints how much of a ceiling was used (of a quality: how many
of that JPEG's bytes), which scales won, by how many steps of quality at least, and the count of
violations, which is also the exit code: 0 if there were none. A photograph for which no file is so
small is left out of the means and counted; if an optimized JPEG of that size exists, it is a
violation.

With --odd, the same for pictures that are no photographs, at qualities 30 and 75, and at the size
of their JPEG of quality 50; each with all JPEGs.
"""

import argparse
import collections
import dataclasses
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.odd_pictures import odd_pictures
from jaxshrink.codecs import SMALLEST_JPEG, with_channels
from jaxshrink.compression import closeness
from jaxshrink.compression.closeness import Metric
from jaxshrink.compression.model import Model
from jaxshrink.compression.rate_search import search
from jaxshrink.compression.targets import Found, Options, Target
from jaxshrink.data import list_images, read_image
from jaxshrink.errors import TargetError
from jaxshrink.inference.tiled_metrics import Reference
from jaxshrink.runtime.startup import start_jax
from jaxshrink.shipped.index import DEFAULT_MODEL

# Of all qualities whose files fit, those that are compared: what is below is far behind. (Only on
# photographs; what is drawn is compared with all.)
_NEAREST = 10


@dataclasses.dataclass(frozen=True)
class Row:
    """What came of one photograph; where no file was found, `is_missed` alone counts.

    Attributes:
      share: of the target's bytes.
      lead: over the best JPEG of no more bytes, in steps of quality, by the metric that is worst.
      is_over: whether the target is not met.
      is_worse: whether a JPEG of no more bytes is better.
      is_missed: whether a JPEG is as small as no file that was found.
    """

    found: Found | None = None
    share: float = 0.0
    lead: float = 0.0
    is_over: bool = False
    is_worse: bool = False
    is_missed: bool = False

    @property
    def is_violation(self) -> bool:
        return self.is_over or self.is_worse or self.is_missed


class Picture(NamedTuple):
    """uint8 (H, W, C), and what metrics need of it."""

    x: np.ndarray
    reference: Reference


@dataclasses.dataclass(frozen=True)
class Judged:
    """A file's bytes, and the picture in it, against the original."""

    data: bytes
    reference: Reference
    x_hat: np.ndarray
    known: dict[Metric, float] = dataclasses.field(default_factory=dict)

    def score(self, metric: Metric) -> float:
        if metric not in self.known:
            self.known[metric] = metric.measure(self.reference, self.x_hat)
        return self.known[metric]

    def scores(self, metrics: Iterable[Metric]) -> dict[Metric, float]:
        return {metric: self.score(metric) for metric in metrics}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photographs", nargs="*")
    parser.add_argument("--odd", action="store_true", help="pictures of this program's own")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--bpp", type=float, nargs="+", default=[0.15, 0.3, 0.5, 0.8, 1.2])
    parser.add_argument("--sizes", type=int, nargs="+", help="in bytes, instead of --bpp")
    parser.add_argument("--qualities", type=int, nargs="+", help="of JPEG, instead of --bpp")
    parser.add_argument("--effort", type=int, default=2)
    arguments = parser.parse_args()
    if bool(arguments.photographs) == arguments.odd:
        parser.error("name photographs, or --odd")
    start_jax(None)
    model = Model.load(arguments.model)
    options = Options(model.ways(), arguments.effort)
    if arguments.odd:
        return _check_odd(model, options)
    photographs = [
        read_image(path, 3, 10**8) for place in arguments.photographs for path in list_images(place)
    ]
    violations = 0
    for target in _targets(arguments):
        rows = [_check(model, x, target, options) for x in photographs]
        violations += sum(row.is_violation for row in rows)
        print(f"{_name(target)}: {_summary(rows)}", flush=True)
    print(f"{violations} violations on {len(photographs)} photographs")
    return min(violations, 100)


def _targets(arguments: argparse.Namespace) -> list[Target]:
    if arguments.qualities:
        return [Target(jpeg_quality=quality) for quality in arguments.qualities]
    if arguments.sizes:
        return [Target(size=size) for size in arguments.sizes]
    return [Target(bpp=bpp) for bpp in arguments.bpp]


def _name(target: Target) -> str:
    name, value = next((k, v) for k, v in dataclasses.asdict(target).items() if v is not None)
    return f"{name} {value:g}"


def _check_odd(model: Model, options: Options) -> int:
    pictures = odd_pictures()
    violations: collections.Counter[str] = collections.Counter()
    for name, x in pictures.items():
        size = len(SMALLEST_JPEG.encode(x, 50))
        for target in (Target(jpeg_quality=30), Target(jpeg_quality=75), Target(size=size)):
            row = _check(model, x, target, options, compared=100)
            violations[_name(target).split()[0]] += row.is_violation
            if row.is_violation:
                print(f"{name}, {_name(target)}: {_summary([row])}", flush=True)
    total = violations.total()
    print(f"{total} violations on {len(pictures)} pictures at three targets each")
    return min(total, 100)


def _summary(rows: Sequence[Row]) -> str:
    missed = f"too small a target: {sum(row.found is None for row in rows)}, " + (
        f"for JPEG not: {sum(row.is_missed for row in rows)}"
    )
    found = [row for row in rows if row.found is not None]
    if not found:
        return missed
    shares, leads = [row.share for row in found], [row.lead for row in found]
    scales = dict(collections.Counter(row.found.way.name for row in found if row.found))
    encodes = np.mean([row.found.num_encodes for row in found if row.found])
    return (
        f"used {np.mean(shares):.2%}, from {min(shares):.2%} to {max(shares):.2%};"
        f" ahead by {np.mean(leads):.1f} steps, least {min(leads):.1f};"
        f" scales {scales}; {encodes:.1f} encodes; not met: {sum(row.is_over for row in found)},"
        f" worse than JPEG: {sum(row.is_worse for row in found)}; {missed}"
    )


def _check(model: Model, x: np.ndarray, target: Target, options: Options, compared: int = 0) -> Row:
    """Compresses one picture and compares it with so many JPEGs, or the nearest ones."""
    picture = Picture(x, Reference(x))
    rule = closeness.rule_for(x, by_psnr=target.psnr is not None)
    anchor = _jpeg(picture, target.jpeg_quality) if target.jpeg_quality is not None else None
    ceiling = _ceiling(target, x) if anchor is None else len(anchor.data)
    try:
        found = search(model, x, target, options)
    except TargetError:
        return Row(is_missed=bool(_fitting(picture, ceiling, 1)))
    x_hat = with_channels(model.reconstruct(found.data), x.shape[2])
    ours = Judged(found.data, picture.reference, x_hat)
    jpegs = _fitting(picture, len(ours.data), compared or _NEAREST)
    floors = {} if anchor is None else rule.floors(anchor)
    return Row(
        found,
        share=len(ours.data) / ceiling,
        lead=min((closeness.margin(ours, rule.floors(jpeg)) for jpeg in jpegs), default=0.0),
        is_over=len(ours.data) > ceiling or bool(floors and closeness.margin(ours, floors) < 0),
        is_worse=any(rule.is_better(jpeg, ours) for jpeg in jpegs),
    )


def _ceiling(target: Target, x: np.ndarray) -> int:
    ceiling = target.ceiling(x.shape)
    assert ceiling is not None, target
    return ceiling


def _fitting(picture: Picture, num_bytes: int, compared: int) -> list[Judged]:
    """Optimized JPEGs of at most so many bytes; of more than so many, the best qualities'."""
    found: list[Judged] = []
    for quality in range(100, 0, -1):
        if len(found) == compared:
            break
        jpeg = _jpeg(picture, quality)
        if len(jpeg.data) <= num_bytes:
            found.append(jpeg)
    return found


def _jpeg(picture: Picture, quality: int) -> Judged:
    """The smaller of the sequential and the progressive file, which have the same pixels."""
    data = SMALLEST_JPEG.encode(picture.x, quality)
    x_hat = SMALLEST_JPEG.decode(data, picture.x.shape[2])
    return Judged(data, picture.reference, x_hat)


if __name__ == "__main__":
    sys.exit(main())
