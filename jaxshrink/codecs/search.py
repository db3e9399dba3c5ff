"""The quality at which a file has a given size."""

import functools

import numpy as np

from jaxshrink.codecs.codec import Codec

# Sizes grow with quality, except that a neighbouring quality now and then takes fewer bytes
# (found by exhaustive search on photographs: never further than one step away).
_LOOKAHEAD = 4


def largest_quality_within(codec: Codec, image: np.ndarray, num_bytes: int) -> int | None:
    """Returns the largest quality whose file has at most `num_bytes` bytes, if there is one."""

    @functools.cache
    def fits(quality: int) -> bool:
        return len(codec.encode(image, quality)) <= num_bytes

    best, too_large = 0, 101
    while too_large - best > 1:
        middle = (best + too_large) // 2
        best, too_large = (middle, too_large) if fits(middle) else (best, middle)
    ahead = range(min(best + _LOOKAHEAD, 100), best, -1)
    best = next((quality for quality in ahead if fits(quality)), best)
    return best or None
