"""What exiftool, a reader that is none of ours, finds before, in the compact file, and after."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image, features

from jaxshrink.cli.main import main
from tests.files import making

pytestmark = pytest.mark.skipif(not shutil.which("exiftool"), reason="needs exiftool")

# What people look for, under whatever name a format has it.
WANTED = {
    "date": ("ExifIFD:DateTimeOriginal",),
    "camera": ("IFD0:Make",),
    "latitude": ("GPS:GPSLatitude",),
    "longitude": ("GPS:GPSLongitude",),
    "place in XMP": ("XMP-exif:GPSLatitude",),
    "caption in XMP": ("XMP-dc:Description",),
    "caption": ("IPTC:Caption-Abstract",),
    "keywords": ("IPTC:Keywords",),
    "by-line": ("IPTC:By-line",),
    "city": ("IPTC:City",),
    "copyright": ("IFD0:Copyright",),
    "copyright in IPTC": ("IPTC:CopyrightNotice",),
    "profile": ("ICC_Profile:RedMatrixColumn",),
    "comment": ("File:Comment", "PNG:Comment"),
}
# Only these formats hold them; AVIF and WebP have IPTC in EXIF.
WITH_COMMENTS = ("JPEG", "PNG")
IPTC_INPUTS = ("JPEG", "PNG", "TIFF")
SIZES = ("ExifIFD:ExifImageWidth", "ExifIFD:ExifImageHeight")


def tags(path):
    options = ["-j", "-G1", "-n", "-a", "-U", "-b"]
    done = subprocess.run(["exiftool", *options, path], capture_output=True, check=True)
    return json.loads(done.stdout)[0]


def found(told, wanted=tuple(WANTED)):
    """{what: value}, of what is there."""
    values = {}
    for name in wanted:
        for tag in WANTED[name]:
            if tag in told:
                values[name] = told[tag]
    return values


@pytest.mark.parametrize(
    ("file_format", "codec"),
    [*((name, "jpeg") for name in making.SUFFIXES), ("JPEG", "webp"), ("PNG", "avif")],
)
def test_the_same_is_found_before_and_after(file_format, codec, model_file, photograph, tmp_path):
    if "AVIF" in (file_format, codec.upper()) and not features.check("avif"):
        pytest.skip("a Pillow without AVIF")
    source = tmp_path / f"in.{making.SUFFIXES[file_format]}"
    image = Image.fromarray(photograph[100:196, 150:278])
    thumbnail = making.small_jpeg()
    source.write_bytes(making.full(file_format, image=image, size=image.size, thumbnail=thumbnail))
    small, big = tmp_path / f"small.{codec}", tmp_path / "big"
    model = ["--model", str(model_file)]
    told = ["--scale", "half", "--codec", codec, "-e", "1", "--target-size", "7000", *model]
    assert main(["compress", str(source), "-o", str(small), *told]) == 0
    before = found(tags(source))
    expected = set(WANTED) - (set() if file_format in WITH_COMMENTS else {"comment"})
    if file_format not in IPTC_INPUTS:
        expected -= {"caption", "keywords", "by-line", "city", "copyright in IPTC"}
    assert set(before) == expected
    compact = tags(small)
    lost = {"comment"} if codec != "jpeg" else set()
    assert found(compact) == {k: v for k, v in before.items() if k not in lost}
    # Of 128x96 pixels at 300 per inch.
    assert [compact[name] for name in SIZES] == [64, 48]
    assert making.MAKER_NOTE in small.read_bytes()
    # A TIFF's thumbnail is a second page, which is left out, and told; Pillow's AVIFs have none.
    assert (thumbnail in small.read_bytes()) == (file_format not in ("TIFF", "AVIF"))
    assert compact["IFD0:XResolution"] == 150 and compact["IFD0:YResolution"] == 150
    if codec == "jpeg" and file_format in ("JPEG", "PNG", "TIFF"):
        assert compact["JFIF:XResolution"] == 150
    assert compact["XMP-exif:ExifImageWidth"] == 64
    assert compact.get("ExifTool:Warning") in (None, "[minor] Unrecognized MakerNotes")
    for suffix in ("png", "jpg", "webp"):
        assert main(["expand", str(small), "-o", f"{big}.{suffix}", *model]) == 0
        after = tags(f"{big}.{suffix}")
        lost_here = lost | ({"comment"} if suffix == "webp" else set())
        assert found(after) == {k: v for k, v in before.items() if k not in lost_here}
        assert [after[name] for name in SIZES] == [128, 96]
        assert after["IFD0:XResolution"] == 300
        assert making.MAKER_NOTE in Path(f"{big}.{suffix}").read_bytes()
        if suffix == "png":
            assert after["PNG-pHYs:PixelsPerUnitX"] == 11811
        assert after.get("ExifTool:Warning") in (None, "[minor] Unrecognized MakerNotes")


@pytest.mark.parametrize("file_format", making.SUFFIXES)
def test_the_place_is_not_found(file_format, model_file, photograph, tmp_path):
    if file_format == "AVIF" and not features.check("avif"):
        pytest.skip("a Pillow without AVIF")
    source, small = tmp_path / f"in.{making.SUFFIXES[file_format]}", tmp_path / "small.jpg"
    image = Image.fromarray(photograph[100:196, 150:278])
    source.write_bytes(making.full(file_format, image=image))
    told = ["--strip=gps", "-e", "1", "--target-size", "7000", "--model", str(model_file)]
    assert main(["compress", str(source), "-o", str(small), *told]) == 0
    before, after = found(tags(source)), found(tags(small))
    place = {"latitude", "longitude", "place in XMP", "city"}
    assert after == {k: v for k, v in before.items() if k not in place}
    assert not any("GPS" in tag or "City" in tag for tag in tags(small))
