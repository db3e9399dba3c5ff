"""Pictures of a model's work: original | compact image | reconstruction."""

from pathlib import Path

import numpy as np
from PIL import Image

_GAP = 8


def triptych(x: np.ndarray, y_hat: np.ndarray, x_hat: np.ndarray) -> Image.Image:
    """Side by side on white, pixel for pixel: the compact image at its own size.

    Args:
      x, x_hat: uint8, (H, W, C).
      y_hat: uint8, (ceil(H / 2), ceil(W / 2), C).
    """
    height = x.shape[0]
    width = x.shape[1] + y_hat.shape[1] + x_hat.shape[1] + 2 * _GAP
    canvas = np.full((height, width, x.shape[2]), 255, np.uint8)
    left = 0
    for part in (x, y_hat, x_hat):
        top = (height - part.shape[0]) // 2
        canvas[top : top + part.shape[0], left : left + part.shape[1]] = part
        left += part.shape[1] + _GAP
    return Image.fromarray(canvas[:, :, 0] if x.shape[2] == 1 else canvas)


def save_triptych(path: Path, x: np.ndarray, y_hat: np.ndarray, x_hat: np.ndarray) -> None:
    """Writes a PNG; its folder is made where needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    triptych(x, y_hat, x_hat).save(path, "PNG")
