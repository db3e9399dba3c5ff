"""Prints what becomes of all that files say beside their pixels: the table of docs/tool.md.

    python -m benchmarks.metadata

Every line is made anew, from files that `tests.files.making` writes: each is read, its metadata put
into a compact image of half the size, by format, and from the compact JPEG into a PNG. What is told
of it is in the last column. Needs no model: pixels are halved by Pillow, and doubled again.
"""

import dataclasses
import io
import re
import struct
from collections.abc import Callable

import numpy as np
from PIL import Image

from jaxshrink.codecs import CODECS
from jaxshrink.files.photographs import (
    compact_file,
    encode_photograph,
    fitting,
    read_photograph,
    restored,
)
from tests.files import making

CODEC_NAMES = ("jpeg", "webp", "avif")
_LINEAR, _PQ_OF_2020 = b"\0\1\x86\xa0", b"\x09\x10\0\1"
_P3 = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
_LONG = b"<dc:format>" + b"a long text " * 6000 + b"its end</dc:format>"
_MOVED = re.compile(r"\d+ bytes")


@dataclasses.dataclass(frozen=True)
class Case:
    """One line of the table.

    Attributes:
      what: the first cell.
      files: by format.
      state: a word for what became of it, from a file and the result's share of its size.
    """

    what: str
    files: dict[str, bytes]
    state: Callable[[bytes, float], str]


def main() -> None:
    print(table())


def table() -> str:
    """The table, in Markdown."""
    lines = ["| in the file | format | " + " | ".join(
        ["compact JPEG", "compact WebP", "compact AVIF", "expanded PNG", "told"]
    ) + " |"]  # fmt: skip
    lines.append("|---" * 7 + "|")
    for case in cases():
        formats_of: dict[tuple[str, ...], list[str]] = {}
        for file_format, data in case.files.items():
            formats_of.setdefault(cells(case, data), []).append(file_format)
        for row, formats in formats_of.items():
            lines.append(f"| {case.what} | {', '.join(formats)} | {' | '.join(row)} |")
    return "\n".join(lines)


def cells(case: Case, data: bytes) -> tuple[str, ...]:
    """What became of a file in every output, and what is told."""
    photograph = read_photograph(data)
    size = photograph.pixels.shape[:2]
    halved = np.asarray(_picture(photograph.pixels).reduce(2)).reshape(
        -(-size[0] // 2), -(-size[1] // 2), -1
    )
    states, notes, files = [], list(photograph.notes), {}
    for name in CODEC_NAMES:
        metadata, lost = fitting(photograph.metadata, name.upper())
        files[name] = compact_file(CODECS[name].encode(halved, 90), metadata, size, 2)
        states.append(case.state(files[name], 0.5))
        notes += [note for note in lost if note not in notes]
    pixels = np.asarray(_picture(halved).resize((size[1], size[0])))
    big = restored(pixels.reshape(*size, -1), files["jpeg"], 2, "PNG")
    states.append(case.state(encode_photograph(big.pixels, "PNG", big.metadata), 1.0))
    return (*states, "; ".join(_MOVED.sub("N bytes", note) for note in notes) or "-")


def _picture(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def has(*texts: bytes) -> Callable[[bytes, float], str]:
    """Whether all texts lie in a file."""
    return lambda data, share: "kept" if all(text in data for text in texts) else "left out"


def has_not(*texts: bytes) -> Callable[[bytes, float], str]:
    """Whether none lies in it: what is not there is not declared."""
    return lambda data, share: "declared" if any(text in data for text in texts) else "undeclared"


def opened(look: Callable[[Image.Image, float], str]) -> Callable[[bytes, float], str]:
    """What Pillow tells."""

    def state(data: bytes, share: float) -> str:
        with Image.open(io.BytesIO(data)) as image:
            return look(image, share)

    return state


def _profile(image: Image.Image, share: float) -> str:
    icc = image.info.get("icc_profile")
    return "kept" if icc == making.icc() else "as a profile" if icc else "sRGB"


def _resolution(image: Image.Image, share: float) -> str:
    exif = image.getexif()
    told = image.info.get("dpi", (0,)) if 0x011A not in exif else (exif[0x011A],)
    words = {300: "kept", 150: "halved", 0: "left out"}
    return words.get(round(float(told[0])), f"{told[0]}") if share else ""


def _size(image: Image.Image, share: float) -> str:
    details = image.getexif().get_ifd(0x8769)
    return "corrected" if (details.get(0xA002), details.get(0xA003)) == image.size else "untrue"


def _upright(image: Image.Image, share: float) -> str:
    size = (round(48 * share), round(64 * share))
    return "applied" if image.getexif().get(0x0112) == 1 and image.size == size else "untrue"


def _thumbnail(image: Image.Image, share: float) -> str:
    exif = image.info.get("exif") or b""
    start = exif.find(b"\xff\xd8\xff")
    if start < 0:
        return "left out"
    with Image.open(io.BytesIO(exif[start:])) as small:
        same = exif[start:].startswith(making.small_jpeg())
        return "kept" if same else "turned" if small.size == (24, 32) else "untrue"


def _iptc(image: Image.Image, share: float) -> str:
    if image.format == "PNG":
        digits = "".join(image.text.get("Raw profile type iptc", "").split()[2:])  # type: ignore[attr-defined]
        return "kept" if making.iptc().hex() in digits else "left out"
    if image.format == "JPEG":
        held = image.info.get("photoshop", {}).get(0x0404)
        return "kept" if held == making.iptc() else "left out"
    return "in EXIF" if image.getexif().get(0x83BB) == making.iptc() else "left out"


def _pixels(image: Image.Image, share: float) -> str:
    return "converted"


def cases() -> list[Case]:
    """All lines."""
    whole = {name: _full(name) for name in making.SUFFIXES}
    with_comment = {name: making.full(name) for name in ("JPEG", "PNG")}
    with_comment["GIF"] = making.saved(making.picture(), "GIF", comment=making.COMMENT)
    small = making.small_jpeg()
    some = ("JPEG", "PNG", "WEBP")
    upright = {name: _full(name, thumbnail=small) for name in some}
    turned = {name: _full(name, thumbnail=small, orientation=6) for name in some}
    with_iptc = {name: whole[name] for name in ("JPEG", "TIFF", "PNG")}
    place = (7919).to_bytes(4, "big")
    exif = has(making.DATE, making.CAMERA, making.RIGHTS, making.MAKER_NOTE)
    return [
        Case("EXIF: date, camera, copyright, maker note", whole, exif),
        Case("EXIF: place", whole, has(place)),
        Case("EXIF: size of the picture", whole, opened(_size)),
        Case("EXIF: orientation", turned, opened(_upright)),
        Case("EXIF: thumbnail", upright, opened(_thumbnail)),
        Case("EXIF: thumbnail of a turned picture", turned, opened(_thumbnail)),
        Case("EXIF: thumbnail", {"TIFF": _full("TIFF", thumbnail=small)},
             opened(_thumbnail)),
        Case("IPTC, Photoshop's resources", with_iptc, opened(_iptc)),
        Case("XMP", whole, has(making.CAPTION, b"46,30.7919N")),
        Case("XMP over 64 kB", _long_xmp(), has(making.CAPTION, b"its end")),
        Case("comment", with_comment, has(making.COMMENT)),
        Case("title and other texts", {"PNG": _with_title()}, has(b"A title")),
        Case("resolution", whole, opened(_resolution)),
        Case("ICC profile, RGB", whole, opened(_profile)),
        *_of_colors(),
        *_of_pixels(),
        *_behind(),
    ]  # fmt: skip


def _full(name: str, **told: object) -> bytes:
    return making.full(name, comment=b"", **told)


def _long_xmp() -> dict[str, bytes]:
    packet = making.xmp(_LONG)
    jpeg = making.with_segments(making.saved(making.picture(), "JPEG"), *making.extended_xmp(
        b"<my:note>its end</my:note>"))  # fmt: skip
    png = making.with_chunks(
        making.saved(making.picture(), "PNG"), (b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + packet)
    )
    webp = making.saved(making.picture(), "WEBP", xmp=packet)
    return {"JPEG": jpeg, "PNG": png, "WEBP": webp}


def _with_title() -> bytes:
    return making.with_chunks(making.saved(making.picture(), "PNG"), (b"tEXt", b"Title\0A title"))


def _of_colors() -> list[Case]:
    picture, jpeg = making.picture(), making.saved(making.picture(), "JPEG")
    png = making.saved(picture, "PNG")
    cmyk = making.saved(picture.convert("CMYK"), "JPEG")
    avif = bytearray(making.saved(picture, "AVIF"))
    at = avif.index(b"nclx")
    avif[at + 4 : at + 8] = b"\0\x0c\0\x0d"
    gray = making.saved(picture.convert("L"), "JPEG", icc_profile=making.icc())
    exif = making.exif(index=b"R03\0", space=0xFFFF)
    adobe = making.saved(picture, "JPEG", exif=b"Exif\0\0" + exif)
    look = opened(_profile)
    return [
        Case("profile for colour of a gray picture", {"JPEG": gray}, look),
        Case("CMYK, with a profile or without", {"JPEG": cmyk}, look),
        Case("EXIF: Adobe RGB", {"JPEG": adobe}, has(b"R03\0")),
        Case("`gAMA`", {"PNG": making.with_chunks(png, (b"gAMA", _LINEAR))}, look),
        Case("`cHRM`", {"PNG": making.with_chunks(png, (b"cHRM", _P3))}, look),
        Case("`cICP`: Display P3", {"PNG": making.with_chunks(png, (b"cICP", b"\x0c\x0d\0\1"))},
             look),
        Case("`cICP`: HDR", {"PNG": making.with_chunks(png, (b"cICP", _PQ_OF_2020))}, look),
        Case("`sRGB`", {"PNG": making.with_chunks(png, (b"sRGB", b"\0"))}, look),
        Case("primaries (`nclx`)", {"AVIF": bytes(avif)}, look),
        Case("other application segments", {"JPEG": making.with_segments(jpeg, (0xEB, b"JP\0\0x"))},
             has(b"JP\0\0x")),
    ]  # fmt: skip


def _of_pixels() -> list[Case]:
    deep = (40000).to_bytes(2, "big")
    gray = making.png(2, 2, 16, 0, [deep * 2] * 2)
    colored = making.png(2, 2, 16, 2, [deep * 6] * 2)
    palette = making.png(
        2, 2, 8, 3, [b"\0\1"] * 2, (b"PLTE", b"\xff\0\0\0\xff\0"), (b"tRNS", b"\0")
    )
    look = opened(_pixels)
    return [
        Case("16 bits, gray", {"PNG": gray}, look),
        Case("16 bits, colour", {"PNG": colored}, look),
        Case("transparency, of a palette, too", {"PNG": palette}, look),
    ]


def _behind() -> list[Case]:
    picture = making.picture()
    other = [picture.reduce(2)]
    film = making.saved(picture, "JPEG", xmp=making.film_xmp()) + making.FILM
    hdr = making.saved(
        picture, "MPO", save_all=True, append_images=other, xmp=making.gain_map_xmp()
    )
    previews = making.saved(picture, "MPO", save_all=True, append_images=other)
    odd = making.saved(picture, "JPEG") + b"something else"
    return [
        Case("HDR gain map", {"JPEG": hdr}, has_not(b"hdrgm:Version", b"GainMap", b"MPF\0")),
        Case("film (motion photo)", {"JPEG": film}, has_not(b"MotionPhoto=", b"ftypmp42")),
        Case("previews", {"JPEG": previews}, has(b"MPF\0")),
        Case("bytes behind the picture", {"JPEG": odd}, has(b"something else")),
    ]


if __name__ == "__main__":
    main()
