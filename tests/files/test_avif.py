"""AVIF's boxes, against what Pillow reads of them."""

import contextlib
import io

import numpy as np
import pytest
from PIL import Image, features

from jaxshrink.codecs import CODECS
from jaxshrink.errors import DataError
from jaxshrink.files import avif
from tests.files import making

pytestmark = pytest.mark.skipif(not features.check("avif"), reason="a Pillow without AVIF")


def opened(data):
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB")), image.info


@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("what", [(), ("exif",), ("xmp",), ("icc",), ("exif", "xmp", "icc")])
def test_metadata_go_into_what_our_codec_wrote(what, gray):
    pixels = np.asarray(making.picture())[:, :, : 1 if gray else 3]
    plain = CODECS["avif"].encode(pixels, 60) + b"\0\0\0\x0cfreefour"
    items = [avif.Item(b"Exif", b"", bytes(4) + making.exif())] if "exif" in what else []
    if "xmp" in what:
        items.append(avif.Item(b"mime", b"application/rdf+xml", making.xmp()))
    icc = making.icc() if "icc" in what else b""
    data = avif.with_metadata(plain, items, icc)
    assert data.endswith(b"freefour")
    found, info = opened(data)
    np.testing.assert_array_equal(found, opened(plain)[0])
    exif = (info.get("exif") or b"").removeprefix(b"Exif\0\0")
    assert exif == (making.exif() if "exif" in what else b"")
    assert info.get("xmp", b"") == (making.xmp() if "xmp" in what else b"")
    assert (info.get("icc_profile") or b"") == icc
    assert [place.kind for place in avif.described(data)] == [item.kind for item in items]
    for place, item in zip(avif.described(data), items, strict=True):
        assert data[place.start : place.end] == item.payload


def test_colours_and_bits_are_told():
    data = making.saved(making.picture(), "AVIF")
    assert avif.color_codes(data) == (1, 13)
    assert avif.bits_per_channel(data) == 8
    assert avif.color_codes(b"no AVIF") is None


def test_damaged_files_raise_nothing_but_our_errors():
    data = making.full("AVIF")
    for end in range(0, len(data), 7):
        broken = data[:end] + b"\xff" + data[end + 1 :]
        for file in (data[:end], broken):
            avif.color_codes(file)
            avif.bits_per_channel(file)
            with contextlib.suppress(DataError):
                avif.described(file)
