"""A batch through a codec, image by image on a pool of threads: Pillow releases the GIL."""

from collections.abc import Iterable
from concurrent.futures import Executor

import numpy as np

from jaxshrink.codecs.codec import Codec


def encode_batch(
    images: Iterable[np.ndarray], codec: Codec, quality: int, pool: Executor
) -> list[bytes]:
    """Encodes uint8 (H, W, C) images in parallel, in order."""
    return list(pool.map(lambda image: codec.encode(image, quality), images))


def round_trip_batch(images: np.ndarray, codec: Codec, quality: int, pool: Executor) -> np.ndarray:
    """What the codec makes of a batch: uint8 (N, H, W, C) -> uint8 (N, H, W, C).

    The paper's Cod(.) of images that were clipped and rounded to 8 bits.
    """

    def round_trip(image: np.ndarray) -> np.ndarray:
        return codec.decode(codec.encode(image, quality), image.shape[2])

    return np.stack(list(pool.map(round_trip, images)))
