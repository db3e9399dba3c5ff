"""What the numbers mean: descriptions of colour, 16 bits, transparency."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms, features

from jaxshrink.errors import DataError
from jaxshrink.files import color
from jaxshrink.files.photographs import ALL, read_photograph, stripped
from tests.files import making

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RAMP = np.arange(256, dtype=np.uint8).reshape(1, 256, 1).repeat(3, 2)
# x, y of white, red, green, blue, as cHRM has them.
P3 = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
BT709 = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)


def linear(values):
    values = values / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def described(pixels, *chunks):
    return making.with_chunks(making.saved(Image.fromarray(pixels), "PNG"), *chunks)


def test_our_profiles_are_what_lcms_takes_them_for():
    assert color.is_srgb(color.profile_of(color._SRGB_PRIMARIES)) and color.is_srgb(SRGB)
    assert not color.is_srgb(making.icc()) and not color.is_srgb(b"damaged" * 40)
    ours = color.profile_of(color._PRIMARIES[12])
    image = making.picture()
    # Of Display P3, an independent profile of the same primaries.
    differences = np.subtract(
        color.to_srgb(image, ours), color.to_srgb(image, making.icc()), dtype=int
    )
    assert np.abs(differences).max() <= 2


@pytest.mark.parametrize("chunk", [(b"gAMA", 45455), (b"gAMA", 45454), (b"gAMA", 0), (b"sRGB", 0)])
def test_what_says_srgb_changes_nothing(chunk):
    name, value = chunk
    payload = b"\0" if name == b"sRGB" else struct.pack(">I", value)
    data = described(RAMP, (name, payload), (b"cHRM", struct.pack(">8I", *BT709)))
    read = read_photograph(data)
    np.testing.assert_array_equal(read.pixels, RAMP)
    assert read.notes == () and read.metadata.icc == b""


def test_linear_light_is_converted_to_srgb():
    data = described(np.round(255 * linear(RAMP)).astype(np.uint8), (b"gAMA", b"\0\1\x86\xa0"))
    read = read_photograph(data)
    assert read.notes == ("gamma 1 converted to sRGB's",)
    assert np.abs(read.pixels.astype(int) - RAMP)[:, 60:].max() <= 4


def test_linear_gray_of_16_bits_is_converted_before_it_is_rounded():
    levels = np.round(65535 * linear(RAMP[:, :, 0].astype(float))).astype(">u2")
    data = making.png(256, 1, 16, 0, [levels.tobytes()], (b"gAMA", b"\0\1\x86\xa0"))
    read = read_photograph(data)
    np.testing.assert_array_equal(read.pixels[:, :, 0], RAMP[:, :, 0])
    assert read.notes == ("16 bits rounded to 8", "gamma 1 converted to sRGB's")


@pytest.mark.parametrize("chunk", [(b"cHRM", struct.pack(">8I", *P3)), (b"cICP", b"\x0c\x0d\0\1")])
def test_wide_colours_become_a_profile_and_srgb_without_it(chunk):
    pixels = np.asarray(making.picture())
    read = read_photograph(described(pixels, chunk, (b"gAMA", struct.pack(">I", 45455))))
    np.testing.assert_array_equal(read.pixels, pixels)
    assert not color.is_srgb(read.metadata.icc)
    right = np.asarray(color.to_srgb(Image.fromarray(pixels), making.icc()))
    without = stripped(read, ALL)
    assert np.abs(without.pixels.astype(int) - right).max() <= 2
    assert np.abs(right.astype(int) - pixels).max() > 10
    assert without.metadata.icc == b"" and "converted to sRGB" in without.notes[-1]


def test_cicp_goes_before_a_profile():
    data = making.saved(making.picture(), "PNG", icc_profile=making.icc())
    read = read_photograph(making.with_chunks(data, (b"cICP", b"\x01\x0d\0\1")))
    assert read.metadata.icc == b""
    read = read_photograph(making.with_chunks(data, (b"cICP", b"\x02\x02\0\1")))
    assert read.metadata.icc == making.icc()


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_converted_and_told(transfer, name):
    data = described(RAMP, (b"cICP", bytes([9, transfer, 0, 1])))
    read = read_photograph(data)
    assert read.notes == (f"HDR ({name}) converted to sRGB",)
    gray = read.pixels[0, :, 0].astype(int)
    assert (np.diff(gray) >= 0).all() and gray[0] == 0 and gray[-1] == 255
    # An ordinary white: 58 % of PQ, 75 % of HLG, by BT.2408.
    white = round(255 * (0.58 if name == "PQ" else 0.75))
    assert gray[white] >= 250 and gray[white - 40] < 225


@pytest.mark.skipif(not features.check("avif"), reason="a Pillow without AVIF")
def test_avif_tells_its_primaries():
    data = bytearray(making.saved(making.picture(), "AVIF"))
    at = data.index(b"nclx")
    data[at + 4 : at + 8] = b"\0\x0c\0\x0d"
    assert not color.is_srgb(read_photograph(bytes(data)).metadata.icc)


def test_a_camera_that_only_names_adobe_rgb_is_understood():
    exif = making.exif(index=b"R03\0", space=0xFFFF)
    data = making.saved(making.picture(), "JPEG", exif=b"Exif\0\0" + exif)
    read = read_photograph(data)
    without = stripped(read, ALL)
    right = color.to_srgb(Image.fromarray(read.pixels), color.adobe_rgb())
    np.testing.assert_array_equal(without.pixels, np.asarray(right))
    assert np.abs(without.pixels.astype(int) - read.pixels).max() > 5
    plain = making.saved(making.picture(), "JPEG", exif=b"Exif\0\0" + making.exif(index=b"R98\0"))
    read = read_photograph(plain)
    np.testing.assert_array_equal(stripped(read, ALL).pixels, read.pixels)


def test_a_gray_picture_with_a_profile_for_colour_is_converted_by_it():
    gray = Image.fromarray(RAMP[:, :, 0])
    profile = color.profile_of(color._SRGB_PRIMARIES, 1.0)
    read = read_photograph(making.saved(gray, "PNG", icc_profile=profile))
    assert read.pixels.shape == (1, 256, 1) and read.metadata.icc == b""
    assert read.pixels[0, 55, 0] == pytest.approx(128, abs=2)
    assert "gray of a profile for colour" in read.notes[0]


def test_lab_is_converted():
    lab = Image.new("LAB", (4, 3), (128, 128, 128))
    read = read_photograph(making.saved(lab, "TIFF"))
    assert read.notes == ("LAB converted to sRGB",)
    assert np.abs(read.pixels.astype(int) - 119).max() <= 2


def test_cmyk_loses_what_was_said_of_its_colours():
    exif = making.exif(space=0xFFFF)
    cmyk = making.picture().convert("CMYK")
    read = read_photograph(making.saved(cmyk, "JPEG", exif=b"Exif\0\0" + exif))
    told = Image.Exif()
    told.load(b"Exif\0\0" + read.metadata.exif)
    assert told.get_ifd(0x8769)[0xA001] == 1


def sixteen(*values):
    return struct.pack(f">{len(values)}H", *values)


@pytest.mark.parametrize(
    ("data", "expected", "note"),
    [
        (  # gray, 16 bits, the first level transparent
            making.png(2, 1, 16, 0, [sixteen(1000, 65535)], (b"tRNS", sixteen(1000))),
            [[255], [255]],
            "16 bits rounded to 8",
        ),
        (
            making.png(
                2, 1, 16, 2, [sixteen(999, 2, 3, 65535, 0, 0)], (b"tRNS", sixteen(999, 2, 3))
            ),
            [[255, 255, 255], [255, 0, 0]],
            "16 bits per channel reduced to 8",
        ),
        (  # gray and opacity, 16 bits
            making.png(2, 1, 16, 4, [sixteen(0, 0, 0x8080, 65535)]),
            [[255], [128]],
            "16 bits per channel reduced to 8",
        ),
        (  # gray, 2 bits, level 1 of 3 transparent
            making.png(4, 1, 2, 0, [b"\x1b"], (b"tRNS", sixteen(1))),
            [[0], [255], [170], [255]],
            None,
        ),
        (making.png(8, 1, 1, 0, [b"\x55"], (b"tRNS", sixteen(0))), [[255]] * 8, None),
        (  # a palette
            making.png(2, 1, 8, 3, [b"\0\1"], (b"PLTE", bytes(6)), (b"tRNS", b"\0")),
            [[255, 255, 255], [0, 0, 0]],
            None,
        ),
    ],
)  # fmt: skip
def test_sixteen_bits_and_transparent_levels(data, expected, note):
    read = read_photograph(data)
    assert read.pixels[0].tolist() == expected
    assert "transparent pixels laid over white" in read.notes
    assert note is None or note in read.notes
    with pytest.raises(DataError, match="transparent"):
        read_photograph(data, background="refuse")


def test_deep_tiffs_and_ppms_are_told():
    levels = np.full((3, 4, 3), 65535, ">u2")
    ppm = b"P6\n4 3\n65535\n" + levels.tobytes()
    assert read_photograph(ppm).notes == ("16 bits per channel reduced to 8",)
    file = io.BytesIO()
    Image.fromarray(levels[:, :, 0].astype("<u2")).save(file, "TIFF")
    assert read_photograph(file.getvalue()).notes == ("16 bits rounded to 8",)


def test_gray_without_a_known_white_is_refused():
    levels = np.arange(12, dtype=np.int32).reshape(3, 4)
    with pytest.raises(DataError, match="32 bits"):
        read_photograph(making.saved(Image.fromarray(levels), "TIFF"))


@pytest.mark.parametrize("icc", [b"garbage", making.icc()[:-40], making.icc()[:131], bytes(500)])
@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_a_damaged_profile_is_told_and_not_handed_on(icc, file_format):
    read = read_photograph(making.saved(making.picture(), file_format, icc_profile=icc))
    assert read.metadata.icc == b""
    assert read.notes == ("its profile, which is damaged, left out",)
