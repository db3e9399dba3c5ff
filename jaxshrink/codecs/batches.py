"""A batch through a codec, image by image on a pool of threads: Pillow releases the GIL."""

from collections.abc import Iterable
from concurrent.futures import Executor

import numpy as np

from jaxshrink.codecs.codec import Codec
from jaxshrink.codecs.jpeg import decode_jpeg, encode_jpeg


def encode_batch(
    images: Iterable[np.ndarray], codec: Codec, quality: float, pool: Executor
) -> list[bytes]:
    """Encodes uint8 (H, W, C) images in parallel, in order."""
    return list(pool.map(lambda image: codec.encode(image, quality), images))


def jpeg_round_trip_batch(
    images: np.ndarray, tables: np.ndarray, subsampling: str, pool: Executor
) -> np.ndarray:
    """What JPEG makes of a batch, uint8 (N, H, W, C), with tables for every image, (N, 2, 8, 8)."""

    def round_trip(image: np.ndarray, table: np.ndarray) -> np.ndarray:
        # The pixels are those of the smallest file, which takes longer to find.
        data = encode_jpeg(image, table, subsampling, smallest=False)
        return decode_jpeg(data, image.shape[2])

    return np.stack(list(pool.map(round_trip, images, tables)))


def round_trip_batch(
    images: np.ndarray, codec: Codec, quality: float, pool: Executor
) -> np.ndarray:
    """What the codec makes of a batch: uint8 (N, H, W, C) -> uint8 (N, H, W, C).

    The paper's Cod(.) of images that were clipped and rounded to 8 bits.
    """

    def round_trip(image: np.ndarray) -> np.ndarray:
        return codec.decode(codec.encode(image, quality), image.shape[2])

    return np.stack(list(pool.map(round_trip, images)))
