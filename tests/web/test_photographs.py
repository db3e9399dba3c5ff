"""Photographs expand in Chromium to what they expand to in Python."""

import base64
import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from jaxshrink.data import read_image
from jaxshrink.data.packaged import packaged_photographs
from jaxshrink.files import color, markers
from jaxshrink.files.metadata import Metadata
from jaxshrink.files.writing import add_metadata
from tests.files import making
from tests.web.conftest import encoded


@dataclasses.dataclass(frozen=True)
class Case:
    """A crop of a photograph, and how it is stored."""

    photograph: str
    size: tuple[int, int]
    scale: int
    quality: int
    orientation: int = 1
    has_profile: bool = False

    def __str__(self) -> str:
        height, width = self.size
        return f"{self.photograph.split('.')[0]}-{width}x{height}-{self.scale}-{self.orientation}"

    @property
    def channels(self) -> int:
        return 1 if self.photograph in ("camera.png", "coins.png") else 3


# Most have sides of 113 to 128 pixels, for which JAX compiles one function per scale.
CASES = [
    Case("astronaut.png", (113, 128), 2, 30),
    Case("astronaut.png", (128, 113), 1, 90, has_profile=True),
    Case("astronaut.png", (119, 121), 2, 60, orientation=6),
    Case("astronaut.png", (121, 117), 1, 40, orientation=3, has_profile=True),
    Case("china.jpg", (127, 115), 2, 20, orientation=8),
    Case("china.jpg", (114, 123), 1, 70, orientation=5),
    Case("china.jpg", (301, 223), 2, 40, has_profile=True),
    Case("flower.jpg", (125, 119), 2, 80, has_profile=True),
    Case("flower.jpg", (117, 126), 1, 50, orientation=2),
    Case("coffee.png", (120, 127), 2, 10),
    Case("coffee.png", (115, 114), 1, 95, orientation=7),
    Case("chelsea.png", (128, 128), 2, 50, orientation=4),
    Case("chelsea.png", (123, 125), 1, 60),
    Case("chelsea.png", (271, 173), 1, 60, orientation=6, has_profile=True),
    Case("rocket.jpg", (116, 118), 2, 70, orientation=7, has_profile=True),
    Case("rocket.jpg", (126, 120), 1, 30),
    Case("camera.png", (113, 119), 2, 40),
    Case("camera.png", (122, 127), 1, 80, orientation=6),
    Case("coins.png", (118, 116), 2, 60, orientation=3),
    Case("coins.png", (124, 122), 1, 20),
]


def compact(case, maker) -> bytes:
    """The file of a case: with EXIF of all kinds, and with a profile that no screen has."""
    pixels = read_image(packaged_photographs(case.photograph)[0], case.channels, 10**6)
    top, left = ((whole - part) // 2 for whole, part in zip(pixels.shape, case.size, strict=False))
    pixels = pixels[top : top + case.size[0], left : left + case.size[1]]
    file = maker.compact(pixels, case.scale, case.quality)
    exif = making.exif(orientation=case.orientation, resolution=72)
    icc = color.adobe_rgb() if case.has_profile else b""
    return add_metadata(file, Metadata(exif=exif, icc=icc), case.size)


def decoded(file: bytes) -> Image.Image:
    return Image.open(io.BytesIO(file))


def difference(one, other) -> np.ndarray:
    return np.abs(np.asarray(one, int) - np.asarray(other, int))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_photograph_has_pythons_pixels_and_keeps_what_its_file_says(case, page, maker, model):
    file = compact(case, maker)
    expected = model.expand(file)
    expanded = page.expand(file)
    picture = decoded(expanded.file)
    assert (expanded.type, picture.format) == ("image/png", "PNG")
    assert picture.mode == ("L" if case.channels == 1 else "RGB")
    found = difference(np.reshape(picture, expected.shape), expected)
    assert (found <= 2).mean() >= 0.999
    assert found.max() <= 4
    assert picture.info.get("icc_profile") == (color.adobe_rgb() if case.has_profile else None)
    exif = picture.getexif()
    details = exif.get_ifd(0x8769)
    assert exif[0x0112] == 1
    assert (details[0xA002], details[0xA003]) == picture.size
    assert exif[0x011A] == 72 * case.scale
    assert expanded.shares == sorted(expanded.shares) and expanded.shares[-1] == 1


_DECODE = """
const { segmentsOf, frameOf } = await import('/src/segments.js');
const { decode } = await import('/src/decode.js');
const jpeg = bytes(given.file);
const parts = segmentsOf(jpeg);
const { rgba } = await decode(jpeg, parts, frameOf(parts));
return text(new Blob([rgba]));
"""


def test_the_browsers_decoder_gives_pillows_pixels(page, maker):
    """The profile and the orientation of the file count for neither."""
    for case in CASES[::3]:
        file = compact(case, maker)
        picture = decoded(file).convert("RGB")
        rgba = np.frombuffer(base64.b64decode(page.call(_DECODE, file=encoded(file))), np.uint8)
        found = rgba.reshape(picture.height, picture.width, 4)
        assert (found[:, :, 3] == 255).all()
        assert difference(found[:, :, :3], picture).max() == 0


def test_a_jpeg_can_be_asked_for(page, maker, model):
    case = CASES[1]
    file = compact(case, maker)
    expanded = page.expand(file, type="image/jpeg")
    picture = decoded(expanded.file)
    assert (expanded.type, picture.format) == ("image/jpeg", "JPEG")
    assert picture.info["icc_profile"] == color.adobe_rgb()
    assert difference(picture, model.expand(file)).mean() < 4


def test_what_was_turned_or_cropped_since_is_restored_as_it_is(page, maker, model):
    file = compact(Case("china.jpg", (116, 124), 2, 80), maker)
    marker = maker.marker((116, 124), 2)
    for change in (
        lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
        lambda picture: picture.crop((0, 0, 61, 57)),
        lambda picture: picture.resize((60, 64)),
    ):
        changed = io.BytesIO()
        change(decoded(file)).save(changed, "JPEG", quality=90)
        again = markers.attach(changed.getvalue(), marker)
        expected = model.expand(again)
        found = np.asarray(decoded(page.expand(again).file).convert("RGB"))
        assert difference(found, expected).max() <= 4
