"""What is measured, defined once: the quality of 8-bit images; bits per pixel are in `codecs`."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from jaxshrink.inference import tiled_metrics
from jaxshrink.ops import images, metrics, ssimulacra2

_SSIM_MIN_SIDE = 11


def image_scores(
    x: np.ndarray, x_hat: np.ndarray, names: Sequence[str] = ("psnr", "ms-ssim")
) -> dict[str, list[Any]]:
    """Scores images that were decoded to 8 bits.

    Args:
      x: originals, uint8 (N, H, W, C).
      x_hat: what became of them; the same shape.
      names: keys of `METRICS`.

    Returns:
      name -> one score per image: "psnr" in decibels over all channels, infinite if nothing was
      lost; "ms-ssim" and "ssim" linear, at most 1; "ssimulacra2" at most 100. None where a side
      is too short for the metric.
    """
    scores: dict[str, list[Any]] = {}
    for name in names:
        min_side, metric = METRICS[name]
        too_small = min(x.shape[1:3]) < min_side
        pairs = zip(x, x_hat, strict=True)
        scores[name] = [None if too_small else metric(a, b) for a, b in pairs]
    return scores


def _ssim(x: np.ndarray, x_hat: np.ndarray) -> float:
    return float(_whole_ssim(x[None], x_hat[None])[0])


@jax.jit
def _whole_ssim(x: jax.Array, x_hat: jax.Array) -> jax.Array:
    return metrics.ssim(images.to_float(x), images.to_float(x_hat))


# name -> shortest side, and (x, x_hat), uint8 (H, W, C) -> score. The first is the judge.
METRICS: dict[str, tuple[int, Callable[[np.ndarray, np.ndarray], float]]] = {
    "ssimulacra2": (ssimulacra2.MIN_SIDE, tiled_metrics.ssimulacra2),
    "ms-ssim": (metrics.MS_SSIM_MIN_SIDE, tiled_metrics.ms_ssim),
    "psnr": (1, tiled_metrics.psnr),
    "ssim": (_SSIM_MIN_SIDE, _ssim),
}
