"""JPEG 2000, GIF and BMP: what they say in boxes, extensions and headers of their own."""

import struct

import numpy as np
import pytest
from PIL import features

from jaxshrink.files import reading_others
from jaxshrink.files.metadata import Metadata
from jaxshrink.files.photographs import read_photograph, stripped
from tests.files import making

EXIF = b"JpgTiffExif->JP2"
XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
IPTC = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")
GEOTIFF = bytes.fromhex("b14bf8bd083d4b43a5ae8cd7d5a6ce03")

needs_jpeg2000 = pytest.mark.skipif(
    not features.check("jpg_2000"), reason="a Pillow without JPEG 2000"
)


def box(kind, payload):
    return (8 + len(payload)).to_bytes(4, "big") + kind + payload


def jpeg2000(*uuids, more=b"", icc=b""):
    """A JPEG 2000 with boxes behind its picture, and a profile in place of a number of a space."""
    data = making.saved(making.picture(), "JPEG2000")
    if icc:
        at = data.index(b"colr") - 4
        end = at + int.from_bytes(data[at : at + 4], "big")
        colors = box(b"colr", b"\2\0\0" + icc)
        header = data.index(b"jp2h") - 4
        length = int.from_bytes(data[header : header + 4], "big") + len(colors) - (end - at)
        data = (
            data[:header] + length.to_bytes(4, "big") + data[header + 4 : at] + colors + data[end:]
        )
    start = data.index(b"jp2c") - 4  # whose length may be "to the end"
    return (
        data[:start] + b"".join(box(b"uuid", name + of) for name, of in uuids) + more + data[start:]
    )


@needs_jpeg2000
def test_what_a_jpeg_2000_says_is_kept():
    iptc = making.iptc()
    data = jpeg2000((EXIF, making.exif()), (XMP, making.xmp()), (IPTC, iptc), icc=making.icc())
    read = read_photograph(data)
    assert read.notes == ()
    assert making.DATE in read.metadata.exif and making.CAMERA in read.metadata.exif
    assert making.CAPTION in read.metadata.xmp
    assert iptc in read.metadata.photoshop
    assert read.metadata.icc == making.icc()
    without = stripped(read, "gps").metadata
    told = without.exif + without.xmp + without.photoshop
    assert making.CITY not in told and b"46,30" not in told and making.CAPTION in told


@needs_jpeg2000
def test_a_turned_jpeg_2000_is_turned_as_its_exif_says():
    upright = read_photograph(jpeg2000()).pixels
    read = read_photograph(jpeg2000((EXIF, making.exif(orientation=6))))
    np.testing.assert_array_equal(read.pixels, np.rot90(upright, -1))
    assert read_photograph(
        making.saved(making.picture(), "JPEG", exif=read.metadata.exif)
    ).pixels.shape == (48, 64, 3)


@needs_jpeg2000
def test_what_a_jpeg_2000_loses_is_told():
    data = jpeg2000((GEOTIFF, b"II*\0"), more=box(b"xml ", b"<a/>"))
    assert read_photograph(data).notes == (
        "its XML box left out",
        "its place on a map (GeoTIFF) left out",
    )


@needs_jpeg2000
@pytest.mark.parametrize("payload", [b"", b"II", b"II*\0\xff\xff\xff\x7f"])
def test_a_jpeg_2000_with_damaged_boxes_is_read(payload):
    assert read_photograph(jpeg2000((EXIF, payload))).pixels.shape == (48, 64, 3)


def extension(name, payload):
    return b"!\xff\x0b" + name + payload


def in_blocks(payload):
    pieces = [payload[i : i + 255] for i in range(0, len(payload), 255)]
    return b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"


def gif(*extensions):
    data = making.saved(making.picture().quantize(16), "GIF")
    at = 13 + (3 << (data[10] & 7) + 1)
    return data[:at] + b"".join(extensions) + data[at:]


def test_what_a_gif_says_is_kept():
    trailer = bytes([1, *range(255, -1, -1), 0])
    data = gif(
        extension(b"NETSCAPE2.0", in_blocks(b"\1\0\0")),
        extension(b"ICCRGBG1012", in_blocks(making.icc())),
        extension(b"XMP DataXMP", making.xmp() + trailer),
    )
    read = read_photograph(data)
    assert read.metadata.xmp == making.xmp()
    assert read.metadata.icc == making.icc()


@pytest.mark.parametrize("length", [14, 100, 400, 1100, 1300])
def test_a_gif_that_ends_in_an_extension_is_no_unexpected_error(length):
    data = gif(extension(b"ICCRGBG1012", in_blocks(making.icc())))
    assert reading_others.gif(data[:length], Metadata())[0].xmp == b""


def test_the_profile_in_a_bmp_is_kept():
    pixels = making.saved(making.picture(), "BMP")[54:]
    icc = making.icc()
    header = struct.pack("<IiiHHIIiiII", 124, 64, 48, 1, 24, 0, len(pixels), 0, 0, 0, 0)
    header += bytes(16) + b"DEBM" + bytes(48)
    header += struct.pack("<IIII", 4, 124 + len(pixels), len(icc), 0)
    start = 14 + len(header)
    data = b"BM" + struct.pack("<IHHI", start + len(pixels) + len(icc), 0, 0, start)
    read = read_photograph(data + header + pixels + icc)
    assert read.metadata.icc == icc
    np.testing.assert_array_equal(read.pixels, np.asarray(making.picture()))
