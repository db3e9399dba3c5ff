"""A model's quantization tables at any quality, as `ResidualComCNN.tables` defines them."""

import numpy as np

from jaxshrink.models.settings import lmbda_of_quality


def learned_tables(
    offset: np.ndarray, growth: np.ndarray, scale: int, quality: float
) -> np.ndarray:
    """Whole numbers in 1..255, float32 (2, 8, 8).

    Args:
      offset, growth: ComCNN's, (2, 8, 8).
      scale: of the compact image, 2 or 1.
      quality: 1..100.
    """
    base = 0.5 * np.log2(lmbda_of_quality(quality) * (6 / np.log(2)) / scale**2)
    steps = np.exp2(offset.astype(np.float64) + growth * base)
    return np.clip(np.round(steps), 1, 255).astype(np.float32)
