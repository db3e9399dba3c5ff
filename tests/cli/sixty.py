"""A folder of sixty files of all kinds that people keep among their photographs."""

import dataclasses
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImageOps

NUM_FILES = 60
SIZE = (64, 56)

_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
    b' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description'
    b' xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)
_IPTC = b"\xff\xed\x00\x1ePhotoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x00"
_COMMENT = b"\xff\xfe\x00\x06hey!"


@dataclasses.dataclass(frozen=True)
class Made:
    """What was made.

    Attributes:
      paths: all files.
      left_out: of them, those that no command works on.
      broken: of them, those that are no photograph that can be stored.
    """

    paths: frozenset[Path]
    left_out: frozenset[Path]
    broken: frozenset[Path]


def make_sixty(folder: Path, photograph: Image.Image, compact: bytes) -> Made:
    """Makes the files.

    Args:
      folder: is made where needed.
      photograph: RGB, at least 64x56.
      compact: a file of `jaxshrink compress`.
    """
    picture = photograph.convert("RGB").crop((0, 0, *SIZE))
    good = {**formats(picture), **described(picture), **oddities(picture, compact)}
    broken, left_out = _broken(picture), _others(picture)
    for name, data in {**good, **broken, **left_out}.items():
        path = folder / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    special = folder / "pipe.jpg"
    os.mkfifo(special)
    link, loop = folder / "link.jpg", folder / "loop.jpg"
    link.symlink_to(folder / "plain.jpg")
    loop.symlink_to(loop)

    def paths(names: Any) -> frozenset[Path]:
        return frozenset(folder / os.fsdecode(name) for name in names)

    return Made(
        paths([*good, *broken, *left_out]) | {special, link, loop},
        paths(left_out) | {special},
        paths(broken) | {loop},
    )


def _saved(image: Image.Image, file_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def formats(picture: Image.Image) -> dict[str, bytes]:
    """Every format and mode of a photograph that Pillow writes and we read."""
    clear = picture.copy()
    clear.putalpha(Image.linear_gradient("L").resize(SIZE))
    gray, palette = picture.convert("L"), picture.quantize(32)
    return {
        "plain.jpg": _saved(picture, "JPEG", quality=92),
        "progressive.jpeg": _saved(picture, "JPEG", progressive=True),
        "coarse.jpg": _saved(picture, "JPEG", quality=10),
        "gray.jpg": _saved(gray, "JPEG"),
        "cmyk.jpg": _saved(picture.convert("CMYK"), "JPEG"),
        "phone.mpo": _saved(picture, "MPO", save_all=True, append_images=[picture.reduce(2)]),
        "plain.png": _saved(picture, "PNG"),
        "gray.png": _saved(gray, "PNG"),
        "fax.png": _saved(gray.convert("1"), "PNG"),
        "palette.png": _saved(palette, "PNG"),
        "palette clear.png": _saved(palette, "PNG", transparency=3),
        "clear.png": _saved(clear, "PNG"),
        "clear gray.png": _saved(clear.convert("LA"), "PNG"),
        "deep.png": _saved(gray.convert("I;16"), "PNG"),
        "plain.webp": _saved(picture, "WEBP"),
        "clear.webp": _saved(clear, "WEBP", lossless=True),
        "plain.avif": _saved(picture, "AVIF"),
        "plain.tif": _saved(picture, "TIFF", compression="tiff_lzw"),
        "deep.tiff": _saved(gray.convert("I;16"), "TIFF"),
        "cmyk.tif": _saved(picture.convert("CMYK"), "TIFF"),
        "with thumbnail.tif": _saved(
            picture, "TIFF", save_all=True, append_images=[picture.reduce(2)]
        ),
        "plain.jp2": _saved(picture, "JPEG2000"),
        "plain.bmp": _saved(picture, "BMP"),
        "plain.gif": _saved(palette, "GIF"),
        "plain.ppm": _saved(picture, "PPM"),
        "gray.pgm": _saved(gray, "PPM"),
        "plain.tga": _saved(picture, "TGA"),
    }


def described(picture: Image.Image) -> dict[str, bytes]:
    """Every kind of metadata."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0132] = 6, "A camera", "2026:11:26 12:00:00"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = _saved(picture, "JPEG")
    return {
        "exif.jpg": _saved(picture, "JPEG", exif=exif),
        "exif.png": _saved(picture, "PNG", exif=exif),
        "exif.webp": _saved(picture, "WEBP", exif=exif),
        "exif.tif": _saved(picture, "TIFF", exif=exif),
        "exif.avif": _saved(picture, "AVIF", exif=exif),
        "xmp.jpg": _saved(picture, "JPEG", xmp=_XMP),
        "iptc.jpg": plain[:2] + _IPTC + plain[2:],
        "comment.jpg": plain[:2] + _COMMENT + plain[2:],
        "profile.jpg": _saved(picture, "JPEG", icc_profile=profile, dpi=(300, 300)),
    }


def oddities(picture: Image.Image, compact: bytes) -> dict[str | bytes, bytes]:
    """Names and files that are strange, and photographs all the same."""
    plain = _saved(picture, "JPEG", quality=85)
    return {
        "compact.jpg": compact,
        "no end.jpg": plain[:-2],
        "trailer.jpg": plain + bytes(100),
        "dot.png": _saved(picture.crop((0, 0, 1, 1)), "PNG"),
        "no suffix": plain,
        b"caf\xe9.jpg": plain,
        "two\nlines.jpg": plain,
        "x" * 251 + ".jpg": plain,
        "deeper/plain.jpg": plain,
        "deeper/and deeper/PLAIN.JPG": plain,
    }


def _broken(picture: Image.Image) -> dict[str, bytes]:
    mirrored = ImageOps.mirror(picture)
    return {
        "empty.jpg": b"",
        "text.jpg": b"no photograph",
        "cut.jpg": _saved(picture, "JPEG", quality=92)[:-400],
        "moving.gif": _saved(picture, "GIF", save_all=True, append_images=[mirrored]),
        "pages.tif": _saved(picture, "TIFF", save_all=True, append_images=[mirrored]),
    }


def _others(picture: Image.Image) -> dict[str, bytes]:
    return {
        "IMG_1.NEF": b"MM\0*" + bytes(40),
        "tickets.pdf": b"%PDF-1.4\n%%EOF\n",
        "clip.mpg": bytes.fromhex("000001b31400f013") + bytes(100),
        "notes.txt": b"no picture",
        "icon.ico": _saved(picture, "ICO"),
        ".hidden.jpg": _saved(picture, "JPEG"),
    }


def accounts(records: list[dict[str, Any]]) -> Iterator[tuple[Path, str]]:
    """(input, status) of every record, but for the totals."""
    for record in records:
        if "totals" not in record:
            yield Path(record["input"]), record["status"]
