"""What every codec offers, and what its files cost: bits per pixel."""

from typing import Protocol

import numpy as np


class Codec(Protocol):
    """A still-image codec whose one setting is a quality from 1 to 100."""

    @property
    def name(self) -> str: ...

    def encode(self, image: np.ndarray, quality: float) -> bytes:
        """Returns the whole file, headers included, of a uint8 (H, W, C) image, C = 1 or 3."""
        ...

    def decode(self, data: bytes, channels: int) -> np.ndarray:
        """Returns uint8 (H, W, channels)."""
        ...


def bits_per_pixel(num_bytes: int, size: tuple[int, int]) -> float:
    """8 x the bytes of the whole file / pixels of the original, whose (H, W) is `size`."""
    return 8.0 * num_bytes / (size[0] * size[1])
