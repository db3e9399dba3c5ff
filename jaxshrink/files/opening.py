"""What files say beside their pixels, read without decoding them: quick, without JAX or NumPy."""

from PIL import PngImagePlugin

from jaxshrink.files.metadata import Metadata, upright
from jaxshrink.files.reading import orientation_of, read_metadata_of
from jaxshrink.opening import open_image

# A PNG's IPTC is a text of twice its size, which must not lose the picture.
PngImagePlugin.MAX_TEXT_CHUNK = 2**24


def read_metadata(data: bytes) -> Metadata:
    """What a picture that can be decoded says beside its pixels, as of its upright pixels."""
    with open_image(data, max_pixels=2**63) as image:
        metadata, _ = read_metadata_of(image, data)
    return upright(metadata, orientation_of(metadata))[0]


def read_orientation(data: bytes) -> int:
    """How the pixels of a picture that can be decoded lie, 1 to 8, as EXIF has it."""
    with open_image(data, max_pixels=2**63) as image:
        metadata, _ = read_metadata_of(image, data)
    return orientation_of(metadata)
