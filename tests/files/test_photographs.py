"""Files of many kinds: what becomes of their pixels and of what else they say."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from jaxshrink.errors import DataError
from jaxshrink.files import markers, photographs
from jaxshrink.files.photographs import Metadata, add_metadata, encode_photograph, read_photograph

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r tiff:Orientation="6"/></x:xmpmeta>'


def saved(image, file_format="PNG", **options):
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def exif_of(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "A camera"
    return exif.tobytes()


@pytest.fixture
def picture(photograph):
    return Image.fromarray(photograph[100:140, 200:261])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_orientation_is_applied_and_reset(orientation, file_format, picture):
    options = {"PNG": {}, "JPEG": {"quality": 100}, "WEBP": {"lossless": True}}[file_format]
    exif = exif_of(orientation)
    data = saved(picture, file_format, exif=exif, **options)
    read = read_photograph(data)
    with Image.open(io.BytesIO(data)) as image:
        np.testing.assert_array_equal(read.pixels, ImageOps.exif_transpose(image))
    told = Image.Exif()
    told.load(b"Exif\0\0" + read.metadata.exif)
    assert dict(told) == {0x0112: 1, 0x010F: "A camera"}
    # Every other byte is as it was.
    pairs = zip(read.metadata.exif, exif.removeprefix(b"Exif\0\0"), strict=True)
    assert sum(a != b for a, b in pairs) == (orientation != 1)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_metadata_comes_through(file_format, picture):
    metadata = Metadata(read_photograph(saved(picture, exif=exif_of(1))).metadata.exif, ICC, XMP)
    pixels = np.asarray(picture)
    read = read_photograph(encode_photograph(pixels, file_format, metadata)).metadata
    assert (read.exif, read.icc) == (metadata.exif, metadata.icc)
    assert read.xmp == XMP.replace(b'"6"', b'"1"')


@pytest.mark.parametrize("file_format", ["JPEG", "WEBP"])
def test_metadata_is_put_into_a_file_that_has_none(file_format, picture):
    plain = saved(picture, file_format)
    metadata = Metadata(exif_of(1).removeprefix(b"Exif\0\0"), ICC * 30, XMP.replace(b"6", b"1"))
    data = add_metadata(plain, metadata, (40, 61))
    assert read_photograph(data).metadata == metadata
    np.testing.assert_array_equal(read_photograph(data).pixels, read_photograph(plain).pixels)


def test_what_is_too_large_for_a_jpeg_is_left_out_and_told():
    kept, notes = photographs.fitting(Metadata(b"x" * 70000, ICC, b"y" * 65000), "JPEG")
    assert (kept.exif, kept.icc, len(kept.xmp)) == (b"", ICC, 65000)
    assert len(notes) == 1 and "EXIF" in notes[0]


@pytest.mark.parametrize(
    ("convert", "file_format", "channels", "note"),
    [
        (lambda i: i, "PNG", 3, None),
        (lambda i: i, "TIFF", 3, None),
        (lambda i: i, "BMP", 3, None),
        (lambda i: i.convert("L"), "JPEG", 1, None),
        (lambda i: i.convert("1"), "PNG", 1, None),
        (lambda i: i.convert("LA"), "PNG", 1, None),
        (lambda i: i.convert("P"), "PNG", 3, None),
        (lambda i: i.convert("RGBA"), "PNG", 3, None),
        (lambda i: i.convert("CMYK"), "JPEG", 3, "CMYK converted to sRGB"),
        (lambda i: i.convert("CMYK"), "TIFF", 3, "CMYK converted to sRGB"),
        (lambda i: i.convert("L").convert("I;16"), "PNG", 1, "16 bits rounded to 8"),
        (lambda i: i.convert("YCbCr"), "JPEG", 3, None),
    ],
)
def test_modes(convert, file_format, channels, note, picture):
    read = read_photograph(saved(convert(picture), file_format))
    assert read.pixels.shape == (40, 61, channels)
    assert read.pixels.dtype == np.uint8
    assert read.notes == (() if note is None else (note,))


def test_sixteen_bits_are_rounded():
    levels = np.array([[0, 128, 129, 65535, 32896]], np.uint16)
    read = read_photograph(saved(Image.fromarray(levels)))
    np.testing.assert_array_equal(read.pixels[0, :, 0], [0, 0, 1, 255, 128])


def test_transparent_pixels_lie_over_the_background_or_are_refused(picture):
    picture.putalpha(0)
    data = saved(picture)
    assert (read_photograph(data).pixels == 255).all()
    read = read_photograph(data, background="#102030")
    assert (read.pixels == [16, 32, 48]).all()
    assert read.notes == ("transparent pixels laid over #102030",)
    with pytest.raises(DataError, match="has transparent pixels; choose a --background"):
        read_photograph(data, background=photographs.REFUSE)


def test_a_profile_of_other_channels_is_dropped(picture):
    read = read_photograph(saved(picture.convert("L"), "JPEG", icc_profile=ICC))
    assert read.metadata.icc == b""
    assert read_photograph(saved(picture, "JPEG", icc_profile=ICC)).metadata.icc == ICC


def test_animations_are_refused(picture):
    frames = [picture, ImageOps.mirror(picture)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    with pytest.raises(DataError, match="has 2 frames; animations are not supported"):
        read_photograph(data)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (3, 2)])
@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_odd_sizes(size, file_format):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    data = encode_photograph(pixels, file_format, Metadata())
    read = read_photograph(data).pixels
    assert read.shape == pixels.shape
    assert file_format == "JPEG" or (read == pixels).all()


@pytest.mark.parametrize("length", [0, 1, 10, 100, 2000, -100])
@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "TIFF", "GIF"])
def test_truncated_files_are_one_line(length, file_format, photograph):
    data = saved(Image.fromarray(photograph[:200, :200]), file_format)
    with pytest.raises(DataError) as error:
        read_photograph(data[:length])
    assert "\n" not in str(error.value)


def test_floating_point_is_refused(picture):
    with pytest.raises(DataError, match="mode F"):
        read_photograph(saved(picture.convert("F"), "TIFF"))


def test_too_many_pixels_are_refused_before_decoding():
    header = saved(Image.new("L", (1, 1)))
    # A PNG that claims 60000 x 60000 pixels.
    large = header[:16] + (60000).to_bytes(4, "big") * 2 + header[24:]
    with pytest.raises(DataError):
        read_photograph(large)
    with pytest.raises(DataError, match="300x200 is more than the limit of 50000 pixels"):
        read_photograph(saved(Image.new("L", (300, 200))), max_pixels=50000)


@pytest.mark.filterwarnings("ignore")  # Pillow warns; the command line does not show it
def test_broken_exif_does_not_lose_the_photograph(picture):
    for exif in (b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0II*\0\xff\xff\xff\xff", b"nonsense"):
        data = markers.add_segments(saved(picture, "JPEG"), [(0xE1, exif)])
        assert read_photograph(data).pixels.shape == (40, 61, 3)
