"""Whether the tool keeps its word: targets are met, and never by a file worse than optimized JPEG.

    python -m benchmarks.never_worse PHOTOGRAPHS.. [--model NAME] [--bpp 0.15 0.3 0.5 0.8 1.2]
    python -m benchmarks.never_worse PHOTOGRAPHS.. [--model NAME] --sizes 20000 40000 80000

Every photograph is compressed at every rate as `jaxshrink compress --target-bpp` (or
`--target-size`) does, expanded, and compared with all optimized JPEGs of no more bytes, by the
MS-SSIM of `ops/metrics.py`, PSNR where a side is too short for it. Prints how much of the target
was used, which scales won, by how many decibels of MS-SSIM, and the count of violations, which is
also the exit code: 0 if there were none. A photograph for which no file is so small is left out of
the means and counted; if an optimized JPEG of that size exists, it is a violation.
"""

import argparse
import collections
import math
import sys

import jax.numpy as jnp
import numpy as np

from jaxshrink.codecs import CODECS
from jaxshrink.commands.device import start_jax
from jaxshrink.commands.shipped import DEFAULT_MODEL
from jaxshrink.compressor import Compressor
from jaxshrink.data import list_images, read_image
from jaxshrink.errors import TargetError
from jaxshrink.ops import metrics
from jaxshrink.search import Options, Target, search

_JPEG = CODECS["jpeg-optimized"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photographs", nargs="+")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--bpp", type=float, nargs="+", default=[0.15, 0.3, 0.5, 0.8, 1.2])
    parser.add_argument("--sizes", type=int, nargs="+", help="in bytes, instead of --bpp")
    parser.add_argument("--effort", type=int, default=2)
    arguments = parser.parse_args()
    start_jax(None)
    compressor = Compressor.load(arguments.model)
    photographs = [
        read_image(path, 3, 10**8) for place in arguments.photographs for path in list_images(place)
    ]
    violations = 0
    for goal in arguments.sizes or arguments.bpp:
        target = Target(size=goal) if arguments.sizes else Target(bpp=goal)
        options = Options(compressor.scales, arguments.effort)
        rows = [_measure(compressor, x, target, options) for x in photographs]
        found = [row for row in rows if isinstance(row, tuple)]
        missed = [row for row in rows if isinstance(row, bool)]
        violations += sum(missed)
        if not found:
            print(f"target {goal:g}: too small for all, for JPEG not: {sum(missed)}", flush=True)
            continue
        used, gains, scales, encodes, over, worse = zip(*found, strict=True)
        violations += sum(over) + sum(worse)
        print(
            f"target {goal:g}: used {np.mean(used):.2%}, least {min(used):.2%};"
            f" gain {np.mean(gains):.3f} dB, least {min(gains):.3f};"
            f" scales {dict(collections.Counter(scales))}; {np.mean(encodes):.1f} encodes;"
            f" over: {sum(over)}, worse than JPEG: {sum(worse)};"
            f" too small a target: {len(missed)}, for JPEG not: {sum(missed)}",
            flush=True,
        )
    print(f"{violations} violations on {len(photographs)} photographs")
    return min(violations, 100)


def _measure(
    compressor: Compressor, x: np.ndarray, target: Target, options: Options
) -> tuple | bool:
    """(share of the target used, gain in dB, scale, number of encodes, over, worse).

    Where no file is found that is so small: whether an optimized JPEG is.
    """
    ceiling = target.ceiling(x.shape)
    try:
        found = search(compressor, x, target, options)
    except TargetError:
        return _best_jpeg(x, ceiling) > 0
    score = _score(x, compressor.expand(found.data))
    best = _best_jpeg(x, len(found.data))
    gain = 0.0 if score == best else _decibels(score) - _decibels(best)
    over = len(found.data) > ceiling
    share = len(found.data) / ceiling
    return share, gain, found.scale, found.num_encodes, over, score < best


def _best_jpeg(x: np.ndarray, num_bytes: int) -> float:
    """The score of the closest optimized JPEG of at most so many bytes; 0 if there is none.

    Of all qualities that fit, the greatest ten: what is below them is far behind.
    """
    fitting = []
    for quality in range(1, 101):
        file = _JPEG.encode(x, quality)
        if len(file) <= num_bytes:
            fitting.append(file)
        elif len(file) > 1.3 * num_bytes:
            break
    return max((_score(x, _JPEG.decode(file, 3)) for file in fitting[-10:]), default=0.0)


def _score(x: np.ndarray, x_hat: np.ndarray) -> float:
    a, b = (jnp.asarray(image[None], jnp.float32) / 255 for image in (x, x_hat))
    short = min(x.shape[:2]) < metrics.MS_SSIM_MIN_SIDE
    return float((metrics.psnr if short else metrics.ms_ssim)(a, b)[0])


def _decibels(score: float) -> float:
    """Of an MS-SSIM; a PSNR is in decibels already."""
    return -10 * math.log10(max(1 - score, 1e-9)) if score < 1 else score


if __name__ == "__main__":
    sys.exit(main())
