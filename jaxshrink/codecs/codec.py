"""What every codec offers."""

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
