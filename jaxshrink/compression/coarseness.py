"""How coarse a JPEG is already: it cannot become finer by being stored again."""

import functools

import numpy as np

from jaxshrink.codecs import CODECS, read_tables

# In the logarithm of steps: much less than from one quality to the next.
_TOLERANCE = 1e-3


def is_coarser(file: bytes, quality: int) -> bool:
    """Whether a JPEG's luma is quantized more coarsely than libjpeg does at a quality, 1 to 100."""
    return bool(_coarseness(file) > _of_qualities()[quality - 1] + _TOLERANCE)


def estimated_quality(file: bytes) -> int:
    """The quality at which libjpeg is about as coarse as a JPEG, 1 to 100."""
    distances = np.abs(_of_qualities() - _coarseness(file))
    return 100 - int(np.argmin(distances[::-1]))  # of several that are alike, the highest


def _coarseness(file: bytes) -> float:
    """The mean of the logarithms of luma's quantization steps."""
    return float(np.log(np.maximum(read_tables(file)[0], 1)).mean())


@functools.cache
def _of_qualities() -> np.ndarray:
    """Of qualities 1 to 100, as the codec itself has them."""
    pixel = np.zeros((1, 1, 1), np.uint8)
    files = [CODECS["jpeg"].encode(pixel, quality) for quality in range(1, 101)]
    return np.array([_coarseness(file) for file in files])
