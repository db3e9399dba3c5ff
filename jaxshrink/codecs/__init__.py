"""Real codecs, on the host: uint8 images of shape (H, W, C), C = 1 or 3, to bytes and back."""

from jaxshrink.codecs.batches import encode_batch, jpeg_round_trip_batch, round_trip_batch
from jaxshrink.codecs.codec import Codec, bits_per_pixel
from jaxshrink.codecs.extras import EXTRA_CODECS, repack_jpeg
from jaxshrink.codecs.jpeg import (
    JPEG_TABLES,
    SMALLEST_JPEG,
    JpegTables,
    decode_jpeg,
    encode_jpeg,
    read_tables,
)
from jaxshrink.codecs.pillow import CODECS, codec_by_name, is_gray, with_channels
from jaxshrink.codecs.search import largest_quality_within

__all__ = [
    "CODECS",
    "EXTRA_CODECS",
    "JPEG_TABLES",
    "SMALLEST_JPEG",
    "Codec",
    "JpegTables",
    "bits_per_pixel",
    "codec_by_name",
    "decode_jpeg",
    "encode_batch",
    "encode_jpeg",
    "is_gray",
    "jpeg_round_trip_batch",
    "largest_quality_within",
    "read_tables",
    "repack_jpeg",
    "round_trip_batch",
    "with_channels",
]
