"""What is opened as a picture, and what is not."""

import io
import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from jaxshrink.errors import DataError, MissingExtraError
from jaxshrink.files import formats, opening
from jaxshrink.files.photographs import read_photograph


@pytest.fixture
def picture(photograph):
    return Image.fromarray(photograph[100:164, 100:196])


def saved(image, file_format, **options):
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


READ = {
    "JPEG": "JPEG",
    "MPO": "JPEG",
    "PNG": "PNG",
    "WEBP": "WebP",
    "AVIF": "AVIF",
    "TIFF": "TIFF",
    "JPEG2000": "JPEG 2000",
    "BMP": None,
    "GIF": "GIF",
    "PPM": None,
    "TGA": None,
}


@pytest.mark.parametrize("file_format", READ)
def test_every_format_that_is_meant_is_read(file_format, picture):
    data = saved(picture, file_format)
    assert formats.kind_of_content(data[: formats.HEAD_BYTES]) == READ[file_format]
    assert read_photograph(data).pixels.shape == (64, 96, 3)


@pytest.mark.parametrize("file_format", ["EPS", "PDF", "ICO", "ICNS", "PCX", "SGI", "DDS"])
def test_other_formats_are_not_whatever_pillow_knows(file_format, picture):
    with pytest.raises(DataError, match="cannot be read as an image"):
        opening.open_image(saved(picture.convert("RGB"), file_format))


def test_an_icon_is_not_decoded_before_any_limit(monkeypatch):
    monkeypatch.setattr(Image, "open", None)  # nothing gets so far
    icon = struct.pack("<HHHBBBBHHII", 0, 1, 1, 32, 32, 0, 0, 1, 32, 8, 22) + b"\x89PNG\r\n\x1a\n"
    with pytest.raises(DataError, match="it is an icon"):
        opening.open_image(icon)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "AVIF"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "raw"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "film"),
        (b"\0\0\0\x10ftypqt  \0\0\0\0heic", "film"),  # a brand that lies outside of the box
        (b"\xff\x0a\xf0\x3f", "JPEG XL"),
        (b"RIFF\0\0\0\0AVI LIST", "film"),
        (b"%PDF-1.4", "PDF"),
        (b"", None),
        (b"P", None),
    ],
)
def test_kinds_are_told_by_content(head, kind):
    assert formats.kind_of_content(head) == kind


@pytest.mark.parametrize(
    ("data", "extra"),
    [(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "heic"), (b"\xff\x0a\xf0\x3f", "jxl")],
)
def test_a_kind_with_an_extra_says_which(data, extra, monkeypatch):
    for module in ("pillow_heif", "pillow_jxl"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(formats.importlib.util, "find_spec", lambda name: None)
    kind = formats.kind_of_content(data)
    assert not formats.is_read(kind) and formats.is_picture(kind)
    assert f"jaxshrink[{extra}]" in formats.advice(kind)
    with pytest.raises(MissingExtraError, match=rf"jaxshrink\[{extra}\]"):
        opening.open_image(data)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_heic_is_read_where_its_extra_is(mode, picture):
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    data = saved(picture.convert(mode), "HEIF", quality=90)
    pixels = read_photograph(data).pixels
    assert pixels.shape[:2] == (64, 96)
    difference = (
        pixels.astype(int)
        - np.asarray(picture.convert("RGB" if mode == "RGB" else "L"))[
            ..., None if mode == "L" else slice(None)
        ]
    )
    assert np.abs(difference).mean() < 5
    with pytest.raises(DataError, match="96x64 is more than the limit of 100"):
        opening.open_image(data, 100)


@pytest.mark.parametrize("size", [(96, 64), (64, 64), (300, 7), (1, 5000)])
def test_the_size_of_a_jpeg_xl_is_known_before_it_is_decoded(size, picture):
    pytest.importorskip("pillow_jxl")
    image = picture.resize(size)
    exif = b"II*\0" + (8).to_bytes(4, "little") + bytes(6)  # of no entries
    for data in (saved(image, "JXL"), saved(image, "JXL", use_container=True, exif=exif)):
        assert opening._size_of_jxl(data) == size
        with pytest.raises(DataError, match=f"{size[0]}x{size[1]} is more than the limit"):
            opening.open_image(data, 10)
        assert read_photograph(data).pixels.shape[:2] == size[::-1]


@pytest.mark.parametrize(
    ("data", "size"),
    [
        # By hand: small, 8 x (11 + 1) high, ratio 3: 4 to 3.
        (b"\xff\x0a" + (1 | 11 << 1 | 3 << 6).to_bytes(8, "little"), (128, 96)),
        # 9 bits of height 300 - 1, no ratio, 13 bits of width 5000 - 1.
        (
            b"\xff\x0a"
            + (0 | 0 << 1 | 299 << 3 | 0 << 12 | 1 << 15 | 4999 << 17).to_bytes(8, "little"),
            (5000, 300),
        ),
    ],
)
def test_the_header_of_a_jpeg_xl(data, size):
    assert opening._size_of_jxl(data) == size
    box = struct.pack(">I4s", len(data) + 12, b"jxlp") + b"\0\0\0\0" + data
    container = b"\0\0\0\x0cJXL \r\n\x87\n" + b"\0\0\0\x0aExif\xff\x0a" + box
    assert opening._size_of_jxl(container) == size
    with pytest.raises(DataError, match="no codestream"):
        opening._size_of_jxl(container[:20])


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("ending", [b"", b"\xff", b"\0\0\0"])
def test_a_jpeg_that_lacks_only_its_end_is_whole(progressive, ending, picture):
    data = saved(picture, "JPEG", quality=90, progressive=progressive)
    photograph = read_photograph(data[:-2] + ending)
    np.testing.assert_array_equal(photograph.pixels, read_photograph(data).pixels)
    assert photograph.notes in ((), ("the end of its file is missing, its pixels are whole",))
    assert opening.with_end(data) is data


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("left", [0.3, 0.9, 0.98])
def test_a_jpeg_that_lacks_pixels_is_broken(progressive, left, picture):
    data = saved(picture, "JPEG", quality=90, progressive=progressive)
    cut = data[: int(left * len(data))]
    assert opening.with_end(cut) == cut
    with pytest.raises(DataError, match=r"broken or truncated image|Truncated File"):
        read_photograph(cut)


def tiff(*pages, reduced=()):
    """A TIFF whose pages with the numbers in `reduced` say that they are smaller copies."""
    frames = [page.copy() for page in pages]
    for number, frame in enumerate(frames):
        frame.encoderinfo = {"tiffinfo": {254: 1}} if number in reduced else {}
    buffer = io.BytesIO()
    frames[0].save(buffer, "TIFF", save_all=True, append_images=frames[1:], **frames[0].encoderinfo)
    return buffer.getvalue()


def test_pages_that_are_thumbnails_are_left_out(picture):
    small = picture.resize((48, 32))
    pixels = np.asarray(picture)
    for data in (tiff(picture, small), tiff(picture, small, reduced=(1,)), tiff(small, picture)):
        photograph = read_photograph(data)
        np.testing.assert_array_equal(photograph.pixels, pixels)
        assert photograph.notes == ("smaller copies of it in further pages left out",)
    two = tiff(picture, picture.resize((90, 60)), reduced=(1,))
    np.testing.assert_array_equal(read_photograph(two).pixels, pixels)


def with_page(data, *entries):
    """A TIFF of one page, little-endian, with a directory of these short numbers behind it."""
    (first,) = struct.unpack_from("<I", data, 4)
    (number,) = struct.unpack_from("<H", data, first)
    place = first + 2 + 12 * number
    data += bytes(len(data) % 2)
    table = b"".join(struct.pack("<HHII", tag, 3, 1, value) for tag, value in entries)
    link = struct.pack("<I", len(data))
    page = struct.pack("<H", len(entries)) + table + bytes(4)
    return data[:place] + link + data[place + 4 :] + page


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param(((254, 4), (256, 96), (257, 64), (262, 4)), id="a mask"),
        pytest.param(((255, 2), (256, 90), (257, 60)), id="a copy, as it was said formerly"),
        pytest.param(((259, 6), (513, 8), (514, 100)), id="EXIF's thumbnail"),
        pytest.param(((256, 30), (257, 20), (262, 60000)), id="a thumbnail of an unknown kind"),
        pytest.param(((259, 1),), id="nothing"),
    ],
)
def test_pages_that_say_they_are_no_pictures_are_left_out(entries, picture):
    photograph = read_photograph(with_page(tiff(picture), *entries))
    np.testing.assert_array_equal(photograph.pixels, np.asarray(picture))
    assert photograph.notes == ("smaller copies of it in further pages left out",)


def test_a_page_that_pillow_does_not_know_is_not_dropped(picture):
    with pytest.raises(DataError, match="has 2 pages; store each as a file"):
        read_photograph(with_page(tiff(picture), (256, 96), (257, 64), (262, 60000)))


def test_a_later_page_is_within_the_limit_too(picture):
    data = tiff(picture.resize((48, 32)), picture)
    with pytest.raises(DataError, match="96x64 is more than the limit of 2000 pixels"):
        read_photograph(data, max_pixels=2000)


def test_pages_that_are_pictures_of_their_own_are_refused(picture):
    for other in (picture, picture.resize((48, 48)), picture.resize((90, 60))):
        with pytest.raises(DataError, match="has 2 pages; store each as a file"):
            read_photograph(tiff(picture, other))
    with pytest.raises(DataError, match="more than 16 pages"):
        read_photograph(tiff(*[picture.resize((20, 20))] * 40))


def test_too_little_memory_is_no_broken_picture(picture, monkeypatch):
    def fail(*_, **__):
        raise MemoryError

    data = saved(picture, "PNG")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    with pytest.raises(DataError, match="not enough memory to decode it"):
        read_photograph(data)
    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(DataError, match="not enough memory to open it"):
        read_photograph(data)


def test_a_bomb_is_refused_before_it_is_decoded():
    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"")
    with pytest.raises(DataError, match="50000x50000 is more than the limit"):
        read_photograph(data)


def test_a_jpeg_of_thousands_of_scans_is_refused_before_it_is_decoded(picture):
    data = saved(picture, "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    scan, end = data[last:-2], data[-2:]
    assert read_photograph(data[:-2] + 100 * scan + end).pixels.shape[2] == 3
    with pytest.raises(DataError, match="more than 200 scans"):
        read_photograph(data[:-2] + 5000 * scan + end)
