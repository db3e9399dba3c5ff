"""What a benchmark compares: a method, and what one image went through."""

import dataclasses
from collections.abc import Sequence
from typing import Protocol

import numpy as np


@dataclasses.dataclass(frozen=True)
class TimedTrip:
    """What one image went through, not measured yet.

    Attributes:
      data: the whole file.
      x_hat: what came out of it, uint8 (H, W, C).
      encode_seconds, decode_seconds: from pixels to bytes, and back.
      y_hat: for a model, the decoded compact image, uint8 (ceil(H / 2), ceil(W / 2), C).
    """

    data: bytes
    x_hat: np.ndarray
    encode_seconds: float
    decode_seconds: float
    y_hat: np.ndarray | None = None


class Method(Protocol):
    """One curve: a way to store an image, with one setting.

    Attributes:
      name: what its files and its rows are called; unique.
      description: one line.
      identity: all that its results depend on, beside the image, the quality and the versions
        of this project and its libraries.
      qualities: to sweep where the user names none.
      parallel: whether it can run in processes without an accelerator; it is pickled there.
    """

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def identity(self) -> str: ...
    @property
    def qualities(self) -> tuple[float, ...]: ...
    @property
    def parallel(self) -> bool: ...

    def check(self, channels: int, qualities: Sequence[float]) -> None:
        """Raises ConfigError or MissingExtraError if it cannot do this at all."""
        ...

    def trip(self, x: np.ndarray, quality: float) -> TimedTrip:
        """Stores one image, uint8 (H, W, C), and gets it back.

        Raises:
          MethodError: if that fails for this image.
        """
        ...
