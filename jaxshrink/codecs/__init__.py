"""Real codecs, on the host: uint8 images of shape (H, W, C), C = 1 or 3, to bytes and back."""

from jaxshrink.codecs.batches import encode_batch, round_trip_batch
from jaxshrink.codecs.codec import Codec
from jaxshrink.codecs.extras import EXTRA_CODECS
from jaxshrink.codecs.pillow import CODECS, codec_by_name
from jaxshrink.codecs.search import largest_quality_within

__all__ = [
    "CODECS",
    "EXTRA_CODECS",
    "Codec",
    "codec_by_name",
    "encode_batch",
    "largest_quality_within",
    "round_trip_batch",
]
