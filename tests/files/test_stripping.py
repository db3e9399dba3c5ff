"""Metadata taken out: of photographs, and of files that stay as they are."""

import io

import numpy as np
import pytest
from PIL import Image, features

from jaxshrink.errors import DataError
from jaxshrink.files import color, markers
from jaxshrink.files.exif import LONG, ORIENTATION, minimal
from jaxshrink.files.markers import Marker
from jaxshrink.files.photographs import (
    ALL,
    PLACE,
    add_metadata,
    fitting,
    read_metadata,
    read_photograph,
    stripped,
    without_metadata,
)
from tests.files import making

FORMATS = [name for name in making.SUFFIXES if name != "AVIF" or features.check("avif")]
KEPT = [name for name in FORMATS if name != "TIFF"]
# The place, wherever it is told.
PLACES = (
    *(number.to_bytes(4, order) for number in (7919, 6151) for order in ("big", "little")),
    *(b"46,30.7919", b"7,45.6151", making.CITY),
)
OTHERS = (making.CAMERA, making.DATE, making.CAPTION, making.RIGHTS, making.MAKER_NOTE)


def pixels_of(data):
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_place_goes_out_of_a_photograph_and_nothing_else(file_format):
    data = making.full(file_format, thumbnail=making.small_jpeg())
    assert any(place in data for place in PLACES)
    photograph = read_photograph(data)
    cleaned = stripped(photograph, PLACE)
    np.testing.assert_array_equal(cleaned.pixels, photograph.pixels)
    before, after = photograph.metadata, cleaned.metadata
    assert (after.icc, after.comments) == (before.icc, before.comments)
    blank = making.saved(making.picture(), "JPEG")
    for metadata, has_place in ((before, True), (after, False)):
        result = add_metadata(blank, fitting(metadata, "JPEG")[0], (48, 64))
        assert any(place in result for place in PLACES) == has_place
        assert all(other in result for other in OTHERS)


@pytest.mark.parametrize("file_format", KEPT)
def test_the_place_goes_out_of_a_file_that_stays(file_format):
    data = making.full(file_format, thumbnail=making.small_jpeg())
    if file_format == "PNG":  # where it is compressed, it goes with what it is in
        data = making.with_chunks(making.saved(making.picture(), "PNG", exif=making.exif()))
    cleaned, notes = without_metadata(data, PLACE)
    assert notes == ()
    np.testing.assert_array_equal(pixels_of(cleaned), pixels_of(data))
    assert any(place in data for place in PLACES)
    assert not any(place in cleaned for place in PLACES)
    assert all(other in cleaned for other in (making.CAMERA, making.DATE, making.MAKER_NOTE))
    before, after = read_metadata(data), read_metadata(cleaned)
    assert (after.icc, after.comments) == (before.icc, before.comments)
    assert after.resolution == before.resolution


@pytest.mark.parametrize("file_format", KEPT)
def test_all_goes_out_of_a_file_that_stays_but_what_it_looks_by(file_format):
    data = making.full(file_format, orientation=6)
    marked = data
    if file_format != "PNG":
        marked = markers.attach(data, Marker((96, 128), 2, "small", b"1234"))
    cleaned, _ = without_metadata(marked, ALL)
    np.testing.assert_array_equal(pixels_of(cleaned), pixels_of(data))
    for text in (*PLACES, *OTHERS, making.COMMENT, b"an address"):
        assert text not in cleaned
    assert read_metadata(cleaned).icc == making.icc()
    assert file_format == "PNG" or markers.find(cleaned) is not None
    if file_format != "AVIF":  # which turns its pixels by other means
        with Image.open(io.BytesIO(cleaned)) as image:
            assert image.getexif()[0x0112] == 6


def test_a_profile_of_srgb_goes_from_a_file_that_stays():
    data = making.saved(
        making.picture(), "JPEG", icc_profile=color.profile_of(color._SRGB_PRIMARIES)
    )
    assert b"ICC_PROFILE" in data and b"ICC_PROFILE" not in without_metadata(data, ALL)[0]


def test_what_lies_behind_a_jpeg_goes_with_its_place():
    film = making.saved(making.picture(), "JPEG", xmp=making.film_xmp()) + making.FILM
    for what in (ALL, PLACE):
        cleaned, notes = without_metadata(film, what)
        assert cleaned.endswith(b"\xff\xd9") and b"MotionPhoto=" not in cleaned
        assert notes == ("the film behind it (a motion photo) left out",)


def test_progressive_and_damaged_jpegs(photograph):
    file = io.BytesIO()
    Image.fromarray(photograph[:64, :64]).save(
        file, "JPEG", progressive=True, exif=b"Exif\0\0" + making.exif(), restart_marker_blocks=3
    )
    data = file.getvalue()
    cleaned, _ = without_metadata(data + b"behind", ALL)
    np.testing.assert_array_equal(pixels_of(cleaned), pixels_of(data))
    assert b"behind" not in cleaned
    for end in range(2, len(data), 97):
        without_metadata(data[:end], PLACE)


def test_other_formats_are_told():
    with pytest.raises(DataError, match="cannot be taken out"):
        without_metadata(making.full("TIFF"), ALL)


@pytest.mark.parametrize("what", [ALL, PLACE])
@pytest.mark.parametrize("file_format", ["GIF", "BMP", "PPM"])
def test_what_says_nothing_stays_as_it_is(file_format, what):
    image = making.picture().convert("1")
    data = making.saved(image, file_format)
    if file_format == "BMP":  # a resolution, which Pillow writes
        data = data[:38] + bytes(8) + data[46:]
    assert without_metadata(data, what) == (data, ())


@pytest.mark.parametrize(
    "data",
    [
        making.saved(making.picture().convert("P"), "GIF", comment=b"at home"),
        making.saved(making.picture().convert("P"), "GIF")[:-1] + b"!\xfe\x02at\0;",
        making.saved(making.picture(), "BMP", dpi=(300, 300)),
        making.saved(making.picture(), "PPM").replace(b"P6\n", b"P6\n# at home\n"),
        making.saved(making.picture(), "TIFF"),
        making.saved(making.picture(), "TGA"),
    ],
)
def test_what_may_say_something_in_a_format_that_we_do_not_take_apart_is_refused(data):
    with pytest.raises(DataError, match="cannot be taken out"):
        without_metadata(data, ALL)


def test_an_empty_header_of_a_webp_is_left_as_it_is():
    chunk = b"VP8X" + bytes(4)
    file = b"RIFF" + (4 + len(chunk)).to_bytes(4, "little") + b"WEBP" + chunk
    assert without_metadata(file, ALL) == (file, ())


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("value", [0, 9, 70_000])
def test_an_orientation_that_is_none_is_taken_for_upright(file_format, value):
    exif = minimal([(ORIENTATION, LONG, 1, value.to_bytes(4, "big"))])
    file = io.BytesIO()
    making.picture().save(file, file_format, exif=exif)
    assert read_metadata(without_metadata(file.getvalue(), ALL)[0]).exif == b""
