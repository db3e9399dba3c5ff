"""What is told of files whose metadata cannot all be kept, and the table in the documentation."""

import io
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from benchmarks import metadata as table
from jaxshrink import Model
from jaxshrink.errors import DataError
from jaxshrink.files.exif import Exif
from jaxshrink.files.metadata import Metadata, Resolution
from jaxshrink.files.photographs import (
    compact_file,
    encode_photograph,
    fitting,
    read_metadata,
    read_photograph,
    restored,
)
from tests.files import making

DOCS = Path(__file__).parents[2] / "docs" / "tool.md"


@pytest.mark.skipif(not features.check("avif"), reason="a Pillow without AVIF")
def test_the_table_in_the_documentation_is_what_the_command_prints():
    assert table.table() in DOCS.read_text()


def there_and_back(data, file_format="JPEG"):
    """(metadata of the photograph, of a half-size file, of the PNG that becomes of it)."""
    read = read_photograph(data)
    size = read.pixels.shape[:2]
    half = making.saved(making.picture(size[1], size[0]).reduce(2), file_format)
    compact = compact_file(half, fitting(read.metadata, file_format)[0], size, 2)
    big = restored(read.pixels, compact, 2, "PNG")
    return read.metadata, compact, encode_photograph(big.pixels, "PNG", big.metadata)


@pytest.mark.parametrize("dpi", [300, 72, 75, 1, 299, 65535])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF"])
def test_resolutions_come_back(dpi, file_format):
    data = making.saved(making.picture(), file_format, dpi=(dpi, dpi))
    before, compact, big = there_and_back(data)
    assert before.resolution == Resolution(Fraction(dpi), Fraction(dpi))
    assert Image.open(io.BytesIO(compact)).info["dpi"][0] == pytest.approx(dpi / 2, abs=0.51)
    assert read_metadata(compact).resolution == before.resolution.times(Fraction(1, 2))
    assert Image.open(io.BytesIO(big)).info["dpi"] == pytest.approx((dpi, dpi), rel=1e-2)


def test_pixels_per_centimetre_and_ratios_come_back():
    jpeg = bytearray(making.saved(making.picture(), "JPEG"))
    jpeg[13:18] = b"\2\0\x76\0\x3b"  # 118 x 59 per centimetre
    before, _, big = there_and_back(bytes(jpeg))
    assert before.resolution == Resolution(Fraction(118), Fraction(59), 3)
    assert read_metadata(big).resolution.in_metres() == (11800, 5900)
    jpeg[13:18] = b"\0\0\2\0\1"
    before, compact, big = there_and_back(bytes(jpeg))
    assert before.resolution == Resolution(Fraction(2), Fraction(1), 0)
    assert compact[13:18] == b"\0\0\2\0\1"
    assert read_metadata(big).resolution == before.resolution


def test_a_turned_picture_has_its_resolutions_exchanged():
    data = bytearray(making.full("JPEG", orientation=6))
    data[13:18] = b"\1\1\0\0\x80"
    assert read_photograph(bytes(data)).metadata.resolution == Resolution(
        Fraction(128), Fraction(256)
    )


@pytest.mark.parametrize(
    ("tail", "note"),
    [
        (b"", None),
        (bytes(100), None),
        (making.FILM, "the film behind it (a motion photo) left out"),
        (b"MotionPhoto_Data" + making.FILM, "the film behind it (a motion photo) left out"),
        (making.small_jpeg(), "other pictures behind it (previews) left out"),
        (b"abc", "3 bytes behind the picture left out"),
    ],
)
def test_what_lies_behind_the_picture_is_told(tail, note):
    read = read_photograph(making.saved(making.picture(), "JPEG", progressive=True) + tail)
    assert read.notes == ((note,) if note else ())


def test_a_gain_map_in_iso_terms_is_told():
    jpeg = making.with_segments(
        making.saved(making.picture(), "JPEG"), (0xE2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0")
    )
    assert "HDR gain map" in read_photograph(jpeg + making.small_jpeg()).notes[0]


def test_segments_that_are_not_known_are_named():
    jpeg = making.with_segments(
        making.saved(making.picture(), "JPEG"), (0xEB, b"JP"), (0xE1, b"FLIR\0"), (0xEC, b"Ducky")
    )
    assert read_photograph(jpeg).notes == ("its segments APP11, APP1 left out",)


@pytest.mark.parametrize("codec", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_long_xmp_is_whole_in_every_format(codec):
    packet = making.xmp(b"<dc:format>" + b"long " * 30000 + b"</dc:format>")
    webp = making.saved(making.picture(), "WEBP", xmp=packet)
    metadata, notes = fitting(read_photograph(webp).metadata, codec)
    assert notes == ()
    whole = fitting(metadata, "PNG")[0].xmp
    assert b"long long </dc:format>" in whole and making.CAPTION in whole


def test_exif_that_is_too_large_for_a_jpeg_loses_its_thumbnail_first():
    exif = making.exif(thumbnail=making.saved(making.picture(900, 900), "JPEG") + bytes(60000))
    kept, notes = fitting(Metadata(exif=exif), "JPEG")
    assert notes == ("the thumbnail in its EXIF, which is too large for a JPEG, left out",)
    assert making.MAKER_NOTE in kept.exif and len(kept.exif) < 1000
    assert fitting(Metadata(exif=exif), "WEBP") == (Metadata(exif=exif), ())


def test_iptc_over_64_kb_goes_into_several_segments():
    block = making.photoshop() + making.resource(0x0BB7, bytes(range(256)) * 600)
    compact = compact_file(
        making.saved(making.picture(32, 24), "JPEG"), Metadata(photoshop=block), (48, 64), 2
    )
    assert compact.count(b"Photoshop 3.0\0") == 3
    assert read_metadata(compact).photoshop == block


def test_texts_of_a_png_keep_their_names_both_ways():
    data = making.with_chunks(
        making.saved(making.picture(), "PNG"),
        (b"tEXt", b"Title\0Caf\xe9"),
        (b"tEXt", b"parameters\0steps: 20"),
        (b"zTXt", b"damaged\0\0no zlib"),
    )
    before, compact, big = there_and_back(data)
    assert before.comments == ("Title: Café".encode(), b"parameters: steps: 20")
    assert read_metadata(compact).comments == before.comments
    with Image.open(io.BytesIO(big)) as image:
        assert image.text == {"Title": "Café", "Comment": "parameters: steps: 20"}


def test_a_tiff_with_smaller_pages_is_its_first_and_one_with_others_is_refused():
    large, small = making.picture(), making.picture(32, 24)
    data = making.saved(large, "TIFF", save_all=True, append_images=[small])
    read = read_photograph(data)
    np.testing.assert_array_equal(read.pixels, np.asarray(large))
    assert read.notes == ("smaller copies of it in further pages left out",)
    for other in (large, making.picture(30, 40)):
        data = making.saved(large, "TIFF", save_all=True, append_images=[other])
        with pytest.raises(DataError, match="has 2 pages"):
            read_photograph(data)


def test_the_metadata_of_a_tiff_are_those_of_its_picture_wherever_it_lies():
    small, large = making.picture(32, 24), making.picture()
    profile = making.icc()
    first = {0x010F: "Acme", 0x0132: "2020:01:02 03:04:05", 0x0112: 6, 0x011A: 72.0, 0x011B: 72.0}
    second = {0x010F: "Other", 0x0112: 3, 0x011A: 300.0, 0x011B: 300.0, 0x8773: profile}
    small.encoderinfo, large.encoderinfo = {"tiffinfo": first}, {"tiffinfo": second}
    read = read_photograph(
        making.saved(small, "TIFF", save_all=True, append_images=[large], tiffinfo=first)
    )
    turned = large.transpose(Image.Transpose.ROTATE_180)
    np.testing.assert_array_equal(read.pixels, np.asarray(turned))
    exif = Exif(read.metadata.exif)
    assert exif.value(0x010F) == b"Other\0"
    assert exif.value(0x0132) == b"2020:01:02 03:04:05\0"
    assert exif.whole(exif.first, 0x0112) == 1
    assert read.metadata.icc == profile
    assert read.metadata.resolution.x == 300


def test_metadata_count_against_a_size_in_every_format(model_file, photograph):
    model = Model.load(str(model_file))
    data = making.full("PNG", image=Image.fromarray(photograph[:64, :80]), comment=b"")
    for codec in ("jpeg", "webp", "avif"):
        small = model.compress(data, target_size=6000, codec=codec, scale="plain")
        assert len(small.data) <= 6000
        before, after = read_metadata(data).sizes(), read_metadata(small.data).sizes()
        # A directory is added to EXIF for IPTC where there is no other place for it.
        assert 0 <= after.pop("exif") - before.pop("exif") < 200
        assert after == before
        bare = model.compress(data, target_size=6000, codec=codec, scale="plain", strip=True)
        assert read_metadata(bare.data) == Metadata()


def test_big_tiffs_keep_their_exif():
    file = io.BytesIO()
    making.picture().save(file, "TIFF", big_tiff=True, dpi=(300, 300), description="A lake")
    read = read_photograph(file.getvalue())
    told = Image.Exif()
    told.load(b"Exif\0\0" + read.metadata.exif)
    assert told[0x010E] == "A lake" and read.metadata.resolution.x == 300
